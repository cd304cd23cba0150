import { createRowsDecoder, tableIdOf, tableNameOf, TableShapes } from '@lutra/binlog/decoder';
import type { RowsDecoder, TableShapesOptions } from '@lutra/binlog/decoder';
import { Processors } from '@lutra/mapping';
import { iterateRawProcess, RowProcessEncoder, transactionEnds } from '@lutra/messaging';
import { assertNever, controlTableOf } from '@lutra/model';
import type {
  ControlTable,
  PipelineDefinition,
  RawEvent,
  ResyncWish,
  SourceNames,
  TableDefinition,
  TransactionHeader,
} from '@lutra/model';
import type { StageTask } from '@lutra/service-kit';
import { isSequence } from './is-sequence.ts';
import { ExtractProcessors } from './processors/extract-processors.ts';
import { ProcessedRows } from './processors/processed-rows.ts';
import type { CurrentRows } from './reread/current-rows.ts';
import type { RereadCounts } from './reread/reread-meter.ts';
import { RereadRules } from './reread/reread-rule.ts';
import type { RereadRule } from './reread/reread-rule.ts';
import { RowQueue } from './reread/row-queue.ts';
import type { SourceRows } from './reread/source-rows.ts';
import { bufferWishes } from './resync/buffer-wishes.ts';
import { copiedChanges } from './resync/copied-changes.ts';
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

/** What became of rows that were to be read again, of one process. */
export interface Reread {
  readonly pipelineId: string;
  readonly counts: RereadCounts;
  /** Tables (schema.name) of which some could not be read again: without a key, or of another shape by now. */
  readonly unread: readonly string[];
}

export interface ExtractTask extends Pick<StageTask, 'definition' | 'body' | 'output'> {
  /** Server that sent the events; null or absent = any will do. */
  readonly serverUuid?: string | null;
  /** Of that server; absent = as they are written. */
  readonly names?: SourceNames;
}

export interface ExtractParts {
  readonly onDropped: (dropped: DroppedEvents) => void;
  readonly onReread?: (reread: Reread) => void;
  /** Where rows are read again; without it they stay as the log has them. */
  readonly source?: Pick<SourceRows, 'of'>;
  /** Takes the wishes of retl_buffer, for somebody else to fulfil; without it they are lost. */
  readonly handOn?: (pipelineId: string, wishes: readonly ResyncWish[]) => Promise<void>;
  /** Those that mappings may use; without it none. */
  readonly processors?: Processors;
  /** Limits that the decoder keeps to. */
  readonly limits?: TableShapesOptions;
}

/**
 * Turns raw rows events into row changes: event by event, so that of a large body only the event in hand is decoded. Rows that
 * are to be read again at the source, or that a processor changes, wait for some more of them; all others go straight from the
 * log's bytes to the wire's.
 */
export class ExtractStage {
  /** Shared by the processes of all pipelines. */
  private readonly shapes: TableShapes;
  private readonly compiled = new Map<string, CompiledRules>();
  private readonly processors: Processors;

  constructor(private readonly parts: ExtractParts) {
    this.processors = parts.processors ?? Processors.none();
    this.shapes = new TableShapes(parts.limits ?? {});
  }

  async work(task: ExtractTask, signal: AbortSignal): Promise<{ readonly rowCount: number }> {
    const { definition, body, output, serverUuid = null, names = {} } = task;
    await this.processors.load();
    const { rules, processors } = this.rulesOf(definition, names);
    const encoder = new RowProcessEncoder(output);
    const writer = new RowWriter(encoder, definition.parameters.syncMode);
    const source = this.parts.source?.of(definition, serverUuid);
    const rows = new ProcessedRows(encoder, writer, (table) => processors.of(table));
    const queue = new RowQueue(rows, writer, source ?? NOTHING_READ);
    const events = new EventExtractor(createRowsDecoder(this.shapes), {
      ...{ pipelineId: definition.id, rules, processors, writer, queue },
    });
    const drained = async (): Promise<void> => {
      if (!output.isFull) return;
      await output.drain();
      signal.throwIfAborted();
    };
    // The stream tells only at its end whether a transaction goes on in the next process; rows need it at their beginning.
    const isLast = transactionEnds(body);
    let transaction = 0;
    for (const record of iterateRawProcess(body)) {
      switch (record.kind) {
        case 'begin':
          queue.begin(withEnd(record.begin, isLast[transaction++] ?? true));
          break;
        case 'end':
          queue.end();
          break;
        case 'event':
          events.take(record.event);
          break;
        default:
          assertNever(record);
      }
      if (queue.isDue) await queue.flush(signal, drained);
      if (output.isFull) await drained();
    }
    if (!queue.isEmpty) await queue.flush(signal, drained);
    encoder.end();
    this.tell(definition.id, events, queue);
    const { wishes } = events;
    if (wishes.length > 0) await this.parts.handOn?.(definition.id, wishes);
    return { rowCount: writer.rowCount };
  }

  private tell(pipelineId: string, { droppedCount, sequences }: EventExtractor, { counts, unread }: RowQueue): void {
    const { onDropped, onReread } = this.parts;
    if (droppedCount > 0 || sequences.size > 0)
      onDropped({ pipelineId, events: droppedCount, sequences: [...sequences] });
    if (counts.read + counts.vanished + counts.leftOut + counts.unread > 0)
      onReread?.({ pipelineId, counts, unread: [...unread] });
  }

  /** No process comes any more: what processors have opened is closed. */
  async close(): Promise<void> {
    for (const { processors } of this.compiled.values()) await processors.close();
  }

  private rulesOf(definition: PipelineDefinition, names: SourceNames): CompiledRules {
    const isCaseFolded = names.isCaseFolded === true;
    const known = this.compiled.get(definition.id);
    if (known?.revision === definition.revision && known.rules.isCaseFolded === isCaseFolded) return known;
    const rules = new RereadRules(definition, isCaseFolded);
    const processors = new ExtractProcessors(rules.matcher, this.processors);
    const made = { revision: definition.revision, rules, processors };
    const isFull = this.compiled.size >= COMPILED_MAX;
    // Never rejects, and waits for rows that are under way.
    for (const forgotten of isFull ? [...this.compiled.values()] : [known]) void forgotten?.processors.close();
    if (isFull) this.compiled.clear();
    this.compiled.set(definition.id, made);
    return made;
  }
}

interface CompiledRules {
  readonly revision: number;
  readonly rules: RereadRules;
  readonly processors: ExtractProcessors;
}

const NOTHING_READ: CurrentRows = {
  read: (asked) => Promise.resolve({ rows: asked.map(() => null), release: () => undefined }),
};

interface ExtractorParts {
  readonly pipelineId: string;
  readonly rules: RereadRules;
  readonly processors: ExtractProcessors;
  readonly writer: RowWriter;
  readonly queue: RowQueue;
}

/** Takes the events of one process. Tables that no mapping covers are neither described nor decoded: they may be of any kind. */
class EventExtractor {
  private readonly unmapped = new Set<number>();
  /** Names by table id. */
  private readonly sequenceIds = new Map<number, string>();
  /** By table id, of tables whose rows may be read again. */
  private readonly reread = new Map<number, RereadRule>();
  private readonly copiedTables = new Map<string, TableDefinition>();
  /** By table id, of tables of schema retl. */
  private readonly control = new Map<number, ControlTable>();
  /** Table ids whose rows go through a processor. */
  private readonly processed = new Set<number>();
  /** Those of which rows were left out. */
  readonly sequences = new Set<string>();
  readonly wishes: ResyncWish[] = [];
  droppedCount = 0;

  constructor(
    private readonly decoder: RowsDecoder,
    private readonly parts: ExtractorParts,
  ) {}

  take(event: RawEvent): void {
    if (event.type === 'tableMap') this.tableMap(event);
    else if (this.control.has(tableIdOf(event.bytes))) this.copied(event);
    else if (!this.leaveOut(tableIdOf(event.bytes))) this.pass(event);
  }

  /** Rows that the source was asked for stand in the log where they are true: they take their place among its changes. */
  private copied(event: RawEvent): void {
    const { pipelineId, rules, processors, queue, writer } = this.parts;
    const decoded = this.decoder.rows(event);
    if (this.control.get(tableIdOf(event.bytes)) === 'buffer') {
      this.wishes.push(...bufferWishes(decoded));
      return;
    }
    for (const { table, changes } of copiedChanges(decoded, { pipelineId, event: event.event })) {
      if (rules.matcher.targetsOf(table.schema, table.table).length === 0) continue;
      const known = this.tableOf(table);
      if (queue.isEmpty && processors.of(known) === null) for (const change of changes) writer.change(known, change);
      else queue.addChanges(known, changes, event.bytes.length);
    }
  }

  /** One object for one definition: a process describes each table once. */
  private tableOf(table: TableDefinition): TableDefinition {
    const shape = JSON.stringify(table);
    const known = this.copiedTables.get(shape) ?? table;
    this.copiedTables.set(shape, known);
    return known;
  }

  private pass(event: RawEvent): void {
    const { queue, writer } = this.parts;
    const rule = this.ruleFor(event);
    const isProcessed = this.processed.size > 0 && this.processed.has(tableIdOf(event.bytes));
    if (rule === null && queue.isEmpty && !isProcessed) {
      writer.eventNumber = event.event;
      this.decoder.pass(event, writer);
    } else queue.add({ ...this.decoder.rows(event), event: event.event, bytes: event.bytes.length, rule });
  }

  /** Null: no row of the event is read again. */
  private ruleFor(event: RawEvent): RereadRule | null {
    const rule = this.reread.get(tableIdOf(event.bytes));
    if (rule === undefined) return null;
    const images = this.decoder.afterImages(event);
    // A row that was left out may be one whose key this event changes.
    const isWanted = images === 'partial' || (images === 'whole' && (rule.isMedia || rule.skipNoRow));
    return isWanted ? rule : null;
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
    const control = controlTableOf(schema, table);
    if (control !== null) {
      this.control.set(tableId, control);
      this.unmapped.delete(tableId);
      this.decoder.tableMap(event);
      return;
    }
    this.control.delete(tableId);
    const { rules, processors } = this.parts;
    if (rules.matcher.targetsOf(schema, table).length === 0) {
      this.unmapped.add(tableId);
      return;
    }
    this.unmapped.delete(tableId);
    const definition = this.decoder.tableMap(event);
    const isOfSequence = isSequence(definition);
    if (isOfSequence) this.sequenceIds.set(tableId, `${schema}.${table}`);
    else this.sequenceIds.delete(tableId);
    if (!isOfSequence && processors.of(definition) !== null) this.processed.add(tableId);
    else this.processed.delete(tableId);
    const rule = isOfSequence ? null : rules.of(definition);
    if (rule === null) this.reread.delete(tableId);
    else this.reread.set(tableId, rule);
  }
}

/** Field by field: spreading costs as much as a small transaction's row. */
function withEnd(begin: Omit<TransactionHeader, 'isLast'>, isLast: boolean): TransactionHeader {
  const { seq, gtid, firstEvent, commitMs } = begin;
  return { seq, gtid, firstEvent, commitMs, isLast };
}
