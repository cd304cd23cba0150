import type { DecodedEvent, DecodedRow } from '@lutra/binlog/decoder';
import type { RowChange, TableDefinition, TransactionHeader } from '@lutra/model';
import type { ProcessedRows } from '../processors/processed-rows.ts';
import type { RowWriter } from '../row-writer.ts';
import { completed, keyImage, wantedColumns } from './complete-change.ts';
import type { AskedRow, CurrentRows, FoundRows } from './current-rows.ts';
import { keyText } from '@lutra/source-access';
import type { RereadCounts } from './reread-meter.ts';
import type { RereadRule } from './reread-rule.ts';

/** Rows that are asked for together: a round trip or two for so many. */
const ASKED_MAX = 500;
/** Events whose rows wait; one more may be of any size. */
const WAITING_BYTES_MAX = 1024 * 1024;

type Step =
  | { readonly kind: 'begin'; readonly header: TransactionHeader }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'row';
      readonly table: TableDefinition;
      readonly change: RowChange;
      readonly asked: AskedRow | null;
    };

/** An event's rows as values, with what the event says of them. */
export interface QueuedEvent extends Omit<DecodedEvent, 'rows'> {
  readonly rows: readonly DecodedRow[];
  /** Which of the rows events of the transaction. */
  readonly event: number;
  readonly bytes: number;
  readonly rule: RereadRule | null;
}

/** Holds back what comes behind a row that is to be read again, so that everything leaves in the order of the log. */
export class RowQueue {
  readonly counts: { -readonly [Outcome in keyof RereadCounts]: number } = {
    ...{ read: 0, vanished: 0, leftOut: 0, unread: 0 },
  };
  /** Tables (schema.name) of which rows could not be read again. */
  readonly unread = new Set<string>();
  private steps: Step[] = [];
  private asked: AskedRow[] = [];
  private transactions = new Set<string>();
  private bytes = 0;
  private gtid = '';

  constructor(
    private readonly to: ProcessedRows,
    private readonly writer: Pick<RowWriter, 'flagsOf'>,
    private readonly rows: CurrentRows,
  ) {}

  get isEmpty(): boolean {
    return this.steps.length === 0;
  }

  get isDue(): boolean {
    return this.asked.length >= ASKED_MAX || this.bytes >= WAITING_BYTES_MAX;
  }

  begin(header: TransactionHeader): void {
    this.gtid = header.gtid;
    if (this.isEmpty) this.to.begin(header);
    else this.steps.push({ kind: 'begin', header });
  }

  end(): void {
    if (this.isEmpty) this.to.end();
    else this.steps.push({ kind: 'end' });
  }

  add({ table, kind, flags, rows, event, bytes, rule }: QueuedEvent): void {
    this.bytes += bytes;
    const base = { table: 0, event, part: 0, flags: this.writer.flagsOf(kind, flags) };
    for (const [row, { before = [], after = [] }] of rows.entries()) {
      const place = { ...base, row };
      const change: RowChange =
        kind === 'insert'
          ? { kind, ...place, after }
          : kind === 'update'
            ? { kind, ...place, before, after }
            : { kind, ...place, before };
      this.steps.push({ kind: 'row', table, change, asked: this.ask(table, change, rule) });
    }
  }

  /** Changes that are sent as they are, behind what waits. */
  addChanges(table: TableDefinition, changes: readonly RowChange[], bytes: number): void {
    this.bytes += bytes;
    for (const change of changes) this.steps.push({ kind: 'row', table, change, asked: null });
  }

  /** Passes everything on. `drained` is awaited between rows. Throws what reading throws. */
  async flush(signal: AbortSignal, drained: () => Promise<void>): Promise<void> {
    const { steps, asked, transactions } = this;
    this.steps = [];
    this.asked = [];
    this.transactions = new Set();
    this.bytes = 0;
    let found: FoundRows | null = null;
    let [first, next] = [0, 0];
    try {
      for (const step of steps) {
        if (step.kind === 'row' && step.asked !== null) {
          if (found === null || next - first === found.rows.length) {
            // What was read is held until it is written.
            await this.to.settle(signal, drained);
            found?.release();
            found = null;
            found = await this.rows.read(asked.slice(next), { transactions: [...transactions], signal });
            first = next;
          }
          this.pass(step, step.asked, found, next - first);
          next += 1;
        } else this.emit(step);
        if (this.to.isFull) await this.to.settle(signal, drained);
        await drained();
      }
      await this.to.settle(signal, drained);
    } finally {
      found?.release();
    }
  }

  private ask(table: TableDefinition, change: RowChange, rule: RereadRule | null): AskedRow | null {
    const columns = rule === null ? null : wantedColumns(rule, change, table.primaryKey);
    if (rule === null || columns === null) return null;
    const image = keyImage(change);
    const key = keyText(table, image);
    if (key === null) {
      this.noteUnread(table);
      return null;
    }
    const asked = { table, rule, columns, key, image };
    this.asked.push(asked);
    this.transactions.add(this.gtid);
    return asked;
  }

  private pass(step: Extract<Step, { kind: 'row' }>, { rule, table }: AskedRow, found: FoundRows, at: number): void {
    const current = found.rows[at] ?? null;
    if (current === null) {
      this.noteUnread(table);
      this.emit(step);
      return;
    }
    const change = completed(rule, step.change, { current, key: table.primaryKey });
    this.counts[change === null ? 'leftOut' : current.image === null ? 'vanished' : 'read'] += 1;
    if (change !== null) this.to.change(table, change);
  }

  private emit(step: Step): void {
    if (step.kind === 'begin') this.to.begin(step.header);
    else if (step.kind === 'end') this.to.end();
    else this.to.change(step.table, step.change);
  }

  private noteUnread({ schema, table }: TableDefinition): void {
    this.counts.unread += 1;
    this.unread.add(`${schema}.${table}`);
  }
}
