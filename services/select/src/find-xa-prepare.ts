import {
  EVENT_TYPE,
  isOnePhaseCommit,
  isRowsEvent,
  readPreparedXid,
  readQuery,
  scanBinlog,
  SourceSession,
} from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { compareFilePlaces } from '@lutra/model';
import { PreparedTransaction } from './prepared-transactions.ts';
import type { LogPlace } from './prepared-transactions.ts';
import { Savepoints } from './savepoints.ts';
import { borderOf } from './transaction-statements.ts';
import type { XaSource } from './xa-replay.ts';

/** Every file of the log begins with four bytes that are no event. */
const FIRST_OFFSET = 4;

/**
 * Looks for the newest XA_PREPARE of `xid` that stands before a place in the log: from that file backwards, one file at a
 * time, framing only. Null when the log that is left does not hold it. What it returns holds no rows, only their place.
 * Throws what scanBinlog throws.
 */
export async function findXaPrepare(
  { source, serverUuid }: XaSource,
  wanted: { readonly xid: string; readonly before: LogPlace },
  signal: AbortSignal,
): Promise<PreparedTransaction | null> {
  const { xid, before } = wanted;
  for (const file of await filesUpTo(source, before)) {
    const search = new PrepareSearch(xid);
    const until = compareFilePlaces({ file, offset: 0 }, { ...before, offset: 0 }) === 0 ? before.offset : Infinity;
    await scanBinlog({
      source,
      from: { kind: 'file', serverUuid, file, offset: FIRST_OFFSET },
      signal,
      onEvent: (event, at) => {
        if (at.file !== file || at.start >= until) return 'stop';
        search.take(event, { file: at.file, offset: at.start });
        return 'go on';
      },
    });
    signal.throwIfAborted();
    if (search.found !== null) return search.found;
  }
  return null;
}

const { GTID, ANONYMOUS_GTID, GTID_TAGGED, MARIADB_GTID, QUERY, MARIADB_QUERY_COMPRESSED } = EVENT_TYPE;
const GTIDS = new Set<number>([GTID, ANONYMOUS_GTID, GTID_TAGGED, MARIADB_GTID]);
/** Besides those of isRowsEvent. */
const MORE_ROWS = new Set<number>([
  EVENT_TYPE.PARTIAL_UPDATE_ROWS,
  EVENT_TYPE.MARIADB_WRITE_ROWS_COMPRESSED_V1,
  EVENT_TYPE.MARIADB_UPDATE_ROWS_COMPRESSED_V1,
  EVENT_TYPE.MARIADB_DELETE_ROWS_COMPRESSED_V1,
  EVENT_TYPE.MARIADB_WRITE_ROWS_COMPRESSED,
  EVENT_TYPE.MARIADB_UPDATE_ROWS_COMPRESSED,
  EVENT_TYPE.MARIADB_DELETE_ROWS_COMPRESSED,
]);
const QUERIES = new Set<number>([QUERY, MARIADB_QUERY_COMPRESSED]);

/** Newest first. */
async function filesUpTo(source: XaSource['source'], before: LogPlace): Promise<string[]> {
  const session = await SourceSession.open(source);
  try {
    const rows = await session.query('SHOW BINARY LOGS');
    const files = rows.map((row) => row['Log_name']).filter((name) => typeof name === 'string');
    const isEarlier = (file: string): boolean =>
      compareFilePlaces({ file, offset: 0 }, { file: before.file, offset: 0 }) <= 0;
    return files
      .filter(isEarlier)
      .sort((one, other) => compareFilePlaces({ file: other, offset: 0 }, { file: one, offset: 0 }));
  } finally {
    session.close();
  }
}

/** Follows transactions far enough to know where one begins, how many rows events it has and which of them were undone. */
export class PrepareSearch {
  found: PreparedTransaction | null = null;
  private transaction: PreparedTransaction | null = null;
  private savepoints = new Savepoints();

  constructor(private readonly xid: string) {}

  take(event: FramedEvent, at: LogPlace): void {
    if (event.kind === 'piece' || event.kind === 'end') return;
    // By type: what a reader cannot read may stand in old parts of the log, and does not matter here.
    const { type } = event;
    const isXaStart = QUERIES.has(type) && this.query(event);
    if (GTIDS.has(type) || (isXaStart && this.transaction === null)) {
      // Revision 0 is no revision: every table is judged when the rows come.
      this.transaction = new PreparedTransaction({ ...at }, 0);
      this.transaction.kept = null;
      this.transaction.hasMappedRows = true;
      this.savepoints = new Savepoints();
    } else if (isRowsEvent(type) || MORE_ROWS.has(type)) this.transaction?.skip();
    else if (type === EVENT_TYPE.XA_PREPARE) {
      if (readPreparedXid(event) === this.xid && !isOnePhaseCommit(event)) this.found = this.transaction;
      this.transaction = null;
    }
  }

  /** True for XA START. */
  private query(event: FramedEvent): boolean {
    const { statement } = readQuery(event);
    const border = borderOf(statement);
    const events = this.transaction?.eventsRead ?? 0;
    if (border === 'savepoint') this.savepoints.note(statement, { event: events, mapped: 0 });
    else if (border === 'rollbackTo') this.transaction?.drops.push(this.savepoints.rollBackTo(statement, events));
    return border === 'xaStart';
  }
}
