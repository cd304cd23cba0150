import type {
  GroupReader,
  LookupReader,
  MappedChange,
  MappedRow,
  RowFacts,
  SourceRow,
  TableMapping,
} from '@lutra/mapping';
import type { ProcessWriter, RowProcessEncoder, RowProcessReader, RowRecordKind } from '@lutra/messaging';
import type { RowChange, TransactionHeader } from '@lutra/model';
import { assertNever, must } from '@lutra/model';
import type { CompiledPipeline } from './compiled-pipeline.ts';

interface Output {
  readonly mapping: TableMapping;
  /** Of each of its targets the index of the table in the outgoing process, once it has been defined there. */
  readonly indexes: (number | undefined)[];
}

/** A row that waits until enough of its kind are there, and what became of it under those mappings that take many at once. */
interface WaitingRow extends SourceRow {
  readonly kind: 'row';
  readonly outputs: readonly Output[];
}

/** Records behind a waiting row that are copied as they are. */
interface WaitingBytes {
  readonly kind: 'bytes';
  readonly start: number;
  end: number;
}

/** Rows and bytes of records that wait at most: enough for mappings that take many at once, and little beside a process. */
const WAITING_ROWS_MAX = 2_048;
const WAITING_BYTES_MAX = 1024 * 1024;
/** Rows that look up wait fewer: what they find is held beside them. */
const LOOKING_ROWS_MAX = 512;

export interface RowMapperParts {
  readonly onConsole?: ConsoleListener | undefined;
  /** Where mappings with look-ups look. */
  readonly lookups?: LookupReader | undefined;
  /** Where groups are read whose extremes only the source can tell. */
  readonly groups?: GroupReader | undefined;
}

/** Told what scripts say on their consoles: the mapping's place is in `facts`. */
export type ConsoleListener = (lines: readonly string[], facts: RowFacts) => void;

/**
 * Takes the records of a source-shaped process one by one and writes the target-shaped ones. The rows that one source row
 * becomes differ in `part`, numbered over all of its mappings; a row through none is left out (a later revision may have
 * dropped its mapping); one that cannot be mapped goes on as refused, and load knows what to do with it. Rows of which only the
 * table's name changes are copied and never decoded. Rows of a mapping that takes many at once wait, and what follows them
 * waits behind them.
 */
export class RowMapper {
  private readonly outputs: Output[][] = [];
  private begun: TransactionHeader | null = null;
  private waiting: (WaitingRow | WaitingBytes)[] = [];
  private waitingBytes = 0;
  private waitingRows = 0;
  rowCount = 0;

  constructor(
    private readonly pipeline: CompiledPipeline,
    private readonly to: RowProcessEncoder,
    private readonly parts: RowMapperParts = {},
  ) {}

  /** Whether {@link settle} is to be called before the next record. */
  get isFull(): boolean {
    const rowsMax = this.parts.lookups === undefined ? WAITING_ROWS_MAX : LOOKING_ROWS_MAX;
    return this.waitingRows >= rowsMax || this.waitingBytes >= WAITING_BYTES_MAX;
  }

  /** Takes the record that the reader stands at. */
  take(kind: RowRecordKind, reader: RowProcessReader): void {
    switch (kind) {
      case 'table':
        this.outputs[reader.table] = this.pipeline
          .mappingsOf(reader.definition())
          .map((mapping) => ({ mapping, indexes: [] }));
        return;
      case 'begin':
        if (this.pipeline.needsFacts) this.begun = reader.begin();
        this.copy(reader);
        return;
      case 'end':
        this.copy(reader);
        return;
      case 'change':
        this.change(reader);
        return;
      default:
        assertNever(kind);
    }
  }

  /** Maps and writes what waits; call it at the end as well. `output`: what the encoder writes to. */
  async settle(body: Uint8Array, output: Pick<ProcessWriter, 'isFull' | 'drain'>, signal: AbortSignal): Promise<void> {
    const { waiting } = this;
    if (waiting.length === 0) return;
    this.waiting = [];
    this.waitingBytes = 0;
    this.waitingRows = 0;
    const mapped = await mapTogether(waiting, this.parts, signal);
    for (const each of waiting) {
      if (each.kind === 'bytes') this.to.copy({ body, start: each.start, end: each.end });
      else this.write(each, mapped);
      if (!output.isFull) continue;
      await output.drain();
      signal.throwIfAborted();
    }
  }

  /** Behind the last record. */
  end(): void {
    this.to.end();
  }

  private change(reader: RowProcessReader): void {
    const outputs = must(this.outputs[reader.table], 'a row comes after its table');
    const [only] = outputs;
    if (only === undefined) return;
    if (outputs.length === 1 && this.isCopied(only, reader)) {
      this.rowCount += 1;
      this.copy(reader);
      return;
    }
    const change = outputs.every(leavesTexts) ? reader.changeWithTextsLeft() : reader.change();
    const row: WaitingRow = { kind: 'row', change, facts: this.factsOf(change), outputs };
    if (this.waitingRows === 0 && !outputs.some(({ mapping }) => mapping.isBatched)) {
      this.write(row, null);
      return;
    }
    this.waiting.push(row);
    this.waitingRows += 1;
    this.waitingBytes += reader.end - reader.start;
  }

  /** Copies the record that the reader stands at, behind what waits. */
  private copy(reader: RowProcessReader): void {
    if (this.waitingRows === 0) {
      this.to.copy(reader);
      return;
    }
    const last = this.waiting.at(-1);
    if (last?.kind === 'bytes' && last.end === reader.start) last.end = reader.end;
    else this.waiting.push({ kind: 'bytes', start: reader.start, end: reader.end });
  }

  /** True when the row is the same row at the target, number of its table included. */
  private isCopied(output: Output, { table, part }: RowProcessReader): boolean {
    return output.mapping.isCopied && this.indexOf(output, 0) === table && part === 0;
  }

  /** `mapped`: what mappings that take many at once have made, in the order of the rows. */
  private write({ change, facts, outputs }: WaitingRow, mapped: TogetherMapped | null): void {
    const { event, row, flags } = change;
    let part = 0;
    for (const output of outputs)
      for (const one of this.changesOf(output.mapping, { change, facts }, mapped)) {
        const table = this.indexOf(output, one.target);
        this.to.change(placed(one, { table, event, row, part, flags }));
        part += 1;
      }
    this.rowCount += part;
  }

  private changesOf(mapping: TableMapping, row: SourceRow, mapped: TogetherMapped | null): readonly MappedChange[] {
    if (!mapping.isBatched) return mapping.mapOrRefuse(row.change, row.facts);
    const answers = must(mapped?.get(mapping), 'rows of such mappings wait');
    const { changes, lines } = must(answers.next().value as MappedRow | undefined, 'each row has its answer');
    if (lines.length > 0) this.parts.onConsole?.(lines, row.facts);
    return changes;
  }

  private indexOf({ mapping, indexes }: Output, target: number): number {
    return (indexes[target] ??= this.to.defineTable(must(mapping.targets[target], 'a row goes to one of the targets')));
  }

  private factsOf({ event, row, kind }: RowChange): RowFacts {
    const { gtid = '', commitMs = 0 } = this.begun ?? {};
    return { pipelineId: this.pipeline.id, gtid, commitMs, event, row, kind };
  }
}

const leavesTexts = ({ mapping }: Output): boolean => mapping.leavesTexts;

/** What mappings that take many at once make of the rows that wait, of each in their order. */
type TogetherMapped = ReadonlyMap<TableMapping, Iterator<MappedRow>>;

async function mapTogether(
  waiting: readonly (WaitingRow | WaitingBytes)[],
  { lookups, groups }: RowMapperParts,
  signal: AbortSignal,
): Promise<TogetherMapped> {
  const rows = new Map<TableMapping, SourceRow[]>();
  for (const each of waiting) {
    if (each.kind === 'bytes') continue;
    for (const { mapping } of each.outputs) {
      if (!mapping.isBatched) continue;
      const known = rows.get(mapping);
      if (known === undefined) rows.set(mapping, [each]);
      else known.push(each);
    }
  }
  const mapped = new Map<TableMapping, Iterator<MappedRow>>();
  for (const [mapping, all] of rows) {
    const made = await mapping.mapAll(all, lookups, signal);
    const told = mapping.asksSource ? await mapping.withExtremes(all, made, must(groups, 'a stage reads them')) : made;
    mapped.set(mapping, told.values());
  }
  return mapped;
}

/** Field by field: spreading costs as much as all the rest. */
function placed(
  mapped: MappedChange,
  { table, event, row, part, flags }: Pick<RowChange, 'table' | 'event' | 'row' | 'part' | 'flags'>,
): RowChange {
  const { refusal } = mapped;
  switch (mapped.kind) {
    case 'insert':
      return { kind: 'insert', table, event, row, part, flags, refusal, after: mapped.after };
    case 'update':
      return { kind: 'update', table, event, row, part, flags, refusal, before: mapped.before, after: mapped.after };
    case 'delete':
      return { kind: 'delete', table, event, row, part, flags, refusal, before: mapped.before };
    default:
      return assertNever(mapped);
  }
}
