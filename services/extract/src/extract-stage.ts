import { createRowsDecoder, tableIdOf, tableNameOf, TableShapes } from '@lutra/binlog/decoder';
import type { RowsDecoder, TableShapesOptions } from '@lutra/binlog/decoder';
import { iterateRawProcess, RowProcessEncoder, transactionEnds } from '@lutra/messaging';
import { assertNever, compileMappings } from '@lutra/model';
import type { MappingMatcher, PipelineDefinition, RawEvent, TransactionHeader } from '@lutra/model';
import type { StageTask } from '@lutra/service-kit';
import { isSequence } from './is-sequence.ts';
import { RowWriter } from './row-writer.ts';

/** Rules compiled for this many pipelines are kept; a revision replaces the one before. */
const COMPILED_MAX = 1_000;

/** What was left out of one process. */
export interface DroppedEvents {
  readonly pipelineId: string;
  /** Rows events of tables that no mapping of the revision covers (select may have used an older one). */
  readonly events: number;
  /** Sequences (schema.name) whose values were left out: they are no rows of a table. */
  readonly sequences: readonly string[];
}

/** Turns raw rows events into row changes: event by event, so that of a large body only the event in hand is decoded. */
export class ExtractStage {
  /** Shared by the processes of all pipelines. */
  private readonly shapes: TableShapes;
  private readonly compiled = new Map<string, { readonly revision: number; readonly matcher: MappingMatcher }>();

  constructor(
    private readonly onDropped: (dropped: DroppedEvents) => void,
    /** Limits that the decoder keeps to. */
    limits: TableShapesOptions = {},
  ) {
    this.shapes = new TableShapes(limits);
  }

  async work(
    { definition, body, output }: Pick<StageTask, 'definition' | 'body' | 'output'>,
    signal: AbortSignal,
  ): Promise<{ readonly rowCount: number }> {
    const encoder = new RowProcessEncoder(output);
    const events = new EventExtractor(
      createRowsDecoder(this.shapes),
      this.matcherOf(definition),
      new RowWriter(encoder),
    );
    // The stream tells only at its end whether a transaction goes on in the next process; rows need it at their beginning.
    const isLast = transactionEnds(body);
    let transaction = 0;
    for (const record of iterateRawProcess(body)) {
      switch (record.kind) {
        case 'begin':
          encoder.beginTransaction(withEnd(record.begin, isLast[transaction++] ?? true));
          break;
        case 'end':
          encoder.endTransaction();
          break;
        case 'event':
          events.take(record.event);
          break;
        default:
          assertNever(record);
      }
      if (output.isFull) {
        await output.drain();
        signal.throwIfAborted();
      }
    }
    encoder.end();
    const { droppedCount, sequences } = events;
    if (droppedCount > 0 || sequences.size > 0)
      this.onDropped({ pipelineId: definition.id, events: droppedCount, sequences: [...sequences] });
    return { rowCount: events.rowCount };
  }

  private matcherOf(definition: PipelineDefinition): MappingMatcher {
    const known = this.compiled.get(definition.id);
    if (known?.revision === definition.revision) return known.matcher;
    const matcher = compileMappings(definition.mappings);
    if (this.compiled.size >= COMPILED_MAX) this.compiled.clear();
    this.compiled.set(definition.id, { revision: definition.revision, matcher });
    return matcher;
  }
}

/** Takes the events of one process. Tables that no mapping covers are neither described nor decoded: they may be of any kind. */
class EventExtractor {
  private readonly unmapped = new Set<number>();
  /** Names by table id. */
  private readonly sequenceIds = new Map<number, string>();
  /** Those of which rows were left out. */
  readonly sequences = new Set<string>();
  droppedCount = 0;

  constructor(
    private readonly decoder: RowsDecoder,
    private readonly matcher: MappingMatcher,
    private readonly writer: RowWriter,
  ) {}

  get rowCount(): number {
    return this.writer.rowCount;
  }

  take(event: RawEvent): void {
    if (event.type === 'tableMap') this.tableMap(event);
    else if (!this.leaveOut(tableIdOf(event.bytes))) this.pass(event);
  }

  private pass(event: RawEvent): void {
    this.writer.eventNumber = event.event;
    this.decoder.pass(event, this.writer);
  }

  private leaveOut(tableId: number): boolean {
    if (this.unmapped.has(tableId)) this.droppedCount += 1;
    else {
      const sequence = this.sequenceIds.get(tableId);
      if (sequence === undefined) return false;
      this.sequences.add(sequence);
    }
    return true;
  }

  private tableMap(event: RawEvent): void {
    // Nearly all stand before each statement and say nothing new. The id of a table that is left out may have been another's.
    if (this.decoder.isKnown(event) && !this.unmapped.has(tableIdOf(event.bytes))) return;
    const { tableId, schema, table } = tableNameOf(event.bytes);
    if (this.matcher.targetsOf(schema, table).length === 0) {
      this.unmapped.add(tableId);
      return;
    }
    this.unmapped.delete(tableId);
    if (isSequence(this.decoder.tableMap(event))) this.sequenceIds.set(tableId, `${schema}.${table}`);
    else this.sequenceIds.delete(tableId);
  }
}

/** Field by field: spreading costs as much as a small transaction's row. */
function withEnd(begin: Omit<TransactionHeader, 'isLast'>, isLast: boolean): TransactionHeader {
  const { seq, gtid, firstEvent, commitMs } = begin;
  return { seq, gtid, firstEvent, commitMs, isLast };
}
