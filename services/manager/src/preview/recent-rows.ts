import { classifyEvent, DUMMY_TABLE_ID, readGtidEvent, readTableId, readTableName, scanBinlog } from '@lutra/binlog';
import type { FramedEvent, SourceSession } from '@lutra/binlog';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import type { MappingMatcher } from '@lutra/model';
import { completedMap } from '../skips/read-transaction.ts';
import type { SourceRow } from './source-row.ts';

/** Files that are read, the newest first: a person waits, and a file may have a gigabyte. */
const FILES_MAX = 3;
const BYTES_MAX = 8 * 1024 * 1024;

interface HeldEvent {
  readonly what: 'tableMap' | 'rows';
  readonly bytes: Buffer;
  readonly event: number;
}

interface HeldTransaction {
  readonly gtid: string;
  readonly commitMs: number;
  readonly events: HeldEvent[];
  rowsEvents: number;
  bytes: number;
}

export interface RecentRows {
  /** Oldest first. */
  readonly rows: readonly SourceRow[];
  /** False: time was up before the end of the log. */
  readonly isComplete: boolean;
}

/**
 * The newest rows of mapped tables in the log of a source: its newest file is read from its beginning, and the one before when
 * that has too few. What is older than three files, or too large to be shown, is left out. Throws what `scanBinlog` and the decoder throw.
 */
export async function readRecentRows(
  session: SourceSession,
  { matcher, count }: { readonly matcher: MappingMatcher; readonly count: number },
  signal: AbortSignal,
): Promise<RecentRows> {
  const files = (await session.query('SHOW BINARY LOGS')).map((row) => String(row['Log_name'])).reverse();
  let held = new HeldRows(matcher, count);
  let isComplete = true;
  for (const file of files.slice(0, FILES_MAX)) {
    const next = new HeldRows(matcher, count);
    const from = { kind: 'file', serverUuid: session.server.uuid, file, offset: 4 } as const;
    const end = await scanBinlog({ source: session.options, from, signal, onEvent: next.take });
    // A file that was not read to its end says nothing of the newer ones.
    if (end === 'aborted' && file !== files[0]) break;
    held = next;
    isComplete = end !== 'aborted';
    if (signal.aborted || held.isFull) break;
  }
  return { rows: (await held.decode(session)).slice(-count), isComplete };
}

/** Copies the events of the last transactions. */
class HeldRows {
  private readonly transactions: HeldTransaction[] = [];
  private readonly mapped = new Set<number>();
  private event = 0;
  private rowsEvents = 0;
  private bytes = 0;

  constructor(
    private readonly matcher: MappingMatcher,
    private readonly count: number,
  ) {}

  get isFull(): boolean {
    return this.rowsEvents >= this.count;
  }

  readonly take = (event: FramedEvent): 'go on' => {
    if (event.kind === 'piece' || event.kind === 'end') return 'go on';
    const what = classifyEvent(event);
    if (what === 'gtid') this.begin(event);
    else if (what === 'tableMap' || what === 'rows') this.hold(event, what);
    return 'go on';
  };

  private begin(event: FramedEvent): void {
    const { gtid, commitMs } = readGtidEvent(event);
    if (this.transactions.at(-1)?.rowsEvents === 0) this.transactions.pop();
    this.transactions.push({ gtid: gtid ?? '', commitMs, events: [], rowsEvents: 0, bytes: 0 });
    this.mapped.clear();
    this.event = 0;
  }

  private hold(event: FramedEvent, what: HeldEvent['what']): void {
    const transaction = this.transactions.at(-1);
    const number = what === 'rows' ? this.event++ : this.event;
    const id = readTableId(event);
    if (transaction === undefined || id === DUMMY_TABLE_ID) return;
    if (what === 'tableMap') {
      const { schema, table } = readTableName(event);
      if (this.matcher.targetsOf(schema, table).length > 0) this.mapped.add(id);
      else this.mapped.delete(id);
    }
    if (!this.mapped.has(id) || event.kind !== 'whole' || event.length > BYTES_MAX) return;
    transaction.events.push({ what, bytes: Buffer.from(event.bytes), event: number });
    transaction.bytes += event.length;
    this.bytes += event.length;
    if (what === 'rows') {
      transaction.rowsEvents += 1;
      this.rowsEvents += 1;
    }
    this.forget(transaction);
  }

  /** A rows event has a row at least. */
  private forget(newest: HeldTransaction): void {
    for (let [oldest] = this.transactions; oldest !== undefined; [oldest] = this.transactions) {
      const isSpare = oldest !== newest && this.rowsEvents - oldest.rowsEvents >= this.count;
      if (!isSpare && (this.bytes <= BYTES_MAX || oldest === newest)) break;
      this.transactions.shift();
      this.bytes -= oldest.bytes;
      this.rowsEvents -= oldest.rowsEvents;
    }
    // One transaction alone: its table maps are small and stay.
    while (this.bytes > BYTES_MAX || newest.rowsEvents > this.count) {
      const index = newest.events.findIndex(({ what }) => what === 'rows');
      const [dropped] = index < 0 ? [] : newest.events.splice(index, 1);
      if (dropped === undefined) break;
      const { length } = dropped.bytes;
      newest.bytes -= length;
      this.bytes -= length;
      newest.rowsEvents -= 1;
      this.rowsEvents -= 1;
    }
  }

  async decode(session: SourceSession): Promise<readonly SourceRow[]> {
    const rows: SourceRow[] = [];
    const shapes = new TableShapes();
    for (const { gtid, commitMs, events } of this.transactions) {
      const decoder = createRowsDecoder(shapes);
      for (const { what, bytes, event } of events) {
        if (what === 'tableMap') {
          decoder.tableMap({ type: 'tableMap', event, bytes: await completedMap(session, bytes) });
          continue;
        }
        const { table, kind, rows: decoded } = decoder.rows({ type: 'rows', event, bytes });
        for (const [row, { before = null, after = null }] of decoded.entries())
          rows.push({ table, gtid, commitMs, event, row, kind, before, after });
      }
    }
    return rows;
  }
}
