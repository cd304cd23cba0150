import { must, MysqlGtidSet, parseDone, SyncError } from '@lutra/model';
import type { DonePlace, DoneSet } from '@lutra/model';
import { FIRST_OFFSET } from './encode-dump.ts';
import { EVENT_TYPE } from './event-types.ts';
import type { FramedEvent } from './framed-event.ts';
import { readGtidEvent } from './gtid-event.ts';
import { readLogFiles } from './log-files.ts';
import { isLogHead, readLogHead } from './log-head.ts';
import { scanBinlog } from './scan-binlog.ts';
import type { ScanPosition } from './scan-binlog.ts';
import type { SourceSession } from './source-session.ts';

const SECOND_MS = 1000;

/**
 * The place right before the first transaction in the log that committed at `time` (ISO 8601, clock of the source) or
 * later; the end of the log when there is none yet. The log file is found by a binary search over the seconds in which
 * files were begun, the transaction by a scan of that file, framing only. Where the log knows the commit in whole seconds
 * only (MariaDB; MySQL 5.7) the second of `time` is read whole: rather a transaction too many than one lost.
 * SOURCE_POSITION_PURGED when the log does not reach back, SOURCE_POSITION_UNKNOWN for a time to come. It holds as far as
 * the source's clock ran on: a transaction whose session set its own `timestamp` stands where the log has it.
 */
export async function resolveTime(session: SourceSession, time: string, signal: AbortSignal): Promise<DonePlace> {
  const wantedMs = Date.parse(time);
  const nowMs = session.options.clock.now().getTime() + session.server.clockOffsetMs;
  if (!(wantedMs <= nowMs))
    throw new SyncError('SOURCE_POSITION_UNKNOWN', {
      problem: `The start ${time} is in the future: at the source ${session.address} it is ${isoOf(nowMs)}`,
    });
  const file = await findFile(session, wantedMs, signal);
  const search = new TransactionSearch(wantedMs, await startOfSearch(session, file));
  const from: DonePlace = { kind: 'file', serverUuid: session.server.uuid, file, offset: FIRST_OFFSET };
  const end = await scanBinlog({ source: session.options, from, signal, onEvent: search.take });
  if (end === 'aborted') throw new SyncError('SOURCE_CONNECTION_LOST', { problem: 'The search for a time was ended' });
  return search.place;
}

/** The newest file that surely holds everything from `wantedMs` on, with the files behind it. */
async function findFile(session: SourceSession, wantedMs: number, signal: AbortSignal): Promise<string> {
  const files = await readLogFiles(session);
  // A file that was begun in second s may follow transactions of the same second: it serves for times from s + 1 on.
  const reachesBackMs = async (index: number): Promise<number> =>
    ((await readBeginS(session, must(files[index], 'index is in the list').name, signal)) + 1) * SECOND_MS;
  const oldestMs = files.length === 0 ? Infinity : await reachesBackMs(0);
  if (wantedMs < oldestMs)
    throw new SyncError('SOURCE_POSITION_PURGED', {
      problem:
        `The log of the source ${session.address} does not reach back to ${isoOf(wantedMs)}: ` +
        `its oldest file ${files[0]?.name ?? ''} serves for times from ${isoOf(oldestMs)} on`,
      place: isoOf(wantedMs),
      oldest: isoOf(oldestMs),
    });
  let [low, high] = [0, files.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((await reachesBackMs(middle)) <= wantedMs) low = middle;
    else high = middle - 1;
  }
  return must(files[low], 'the list is not empty').name;
}

/** The second in which the server began the file: its format description says so. */
async function readBeginS(session: SourceSession, file: string, signal: AbortSignal): Promise<number> {
  let beginS: number | null = null;
  await scanBinlog({
    source: session.options,
    from: { kind: 'file', serverUuid: session.server.uuid, file, offset: FIRST_OFFSET },
    signal,
    onEvent: (event) => {
      if (event.type !== EVENT_TYPE.FORMAT_DESCRIPTION) return 'go on';
      beginS = event.timestamp;
      return 'stop';
    },
  });
  if (beginS === null)
    throw new SyncError('SOURCE_EVENT_CORRUPT', { problem: `The log file ${file} does not begin with its format` });
  return beginS;
}

async function startOfSearch(session: SourceSession, file: string): Promise<SearchStart> {
  switch (session.server.placeKind) {
    case 'mysqlGtid': {
      // What was purged, or said to be, is in no file: nobody can read it any more.
      const purged = MysqlGtidSet.parse(await session.queryText('SELECT @@global.gtid_purged')).toString();
      return { done: { kind: 'mysqlGtid', gtidSet: purged }, alwaysDone: purged };
    }
    case 'mariadbGtid':
      return { done: { kind: 'mariadbGtid', gtidList: '' }, alwaysDone: '' };
    case 'file':
      return { done: { kind: 'file', serverUuid: session.server.uuid, file, offset: FIRST_OFFSET }, alwaysDone: '' };
  }
}

interface SearchStart {
  readonly done: DonePlace;
  /** MySQL GTIDs that count as done wherever the search ends. */
  readonly alwaysDone: string;
}

/** Collects what is done until the transaction is met. The head of each file says anew what stands before it. */
export class TransactionSearch {
  private done: DoneSet;
  private file: string;
  private offset: number;

  constructor(
    private readonly wantedMs: number,
    private readonly start: SearchStart,
  ) {
    this.done = parseDone(start.done);
    ({ file: this.file, offset: this.offset } = start.done.kind === 'file' ? start.done : { file: '', offset: 0 });
  }

  get place(): DonePlace {
    const { done } = this.start;
    return done.kind === 'file' ? { ...done, file: this.file, offset: this.offset } : this.done.toDone();
  }

  readonly take = (event: FramedEvent, at: ScanPosition): 'go on' | 'stop' => {
    if (event.kind === 'piece' || event.kind === 'end') return 'go on';
    if (isLogHead(event.type)) this.begin(event);
    if (!isGtid(event.type)) {
      ({ file: this.file, end: this.offset } = at);
      return 'go on';
    }
    const { gtid, commitMs } = readGtidEvent(event);
    if (this.isWanted(event, commitMs)) return 'stop';
    if (this.start.done.kind !== 'file' && gtid !== null) this.done.add(gtid);
    return 'go on';
  };

  private begin(event: FramedEvent): void {
    const head = readLogHead(event);
    if (head.kind !== this.start.done.kind) return;
    const gtidSet = head.kind === 'mysqlGtid' ? [head.gtidSet, this.start.alwaysDone].filter(Boolean).join(',') : '';
    this.done = parseDone(head.kind === 'mysqlGtid' ? { kind: 'mysqlGtid', gtidSet } : head);
  }

  private isWanted(event: FramedEvent, commitMs: number): boolean {
    const isWholeSecond = commitMs === event.timestamp * SECOND_MS;
    return commitMs >= (isWholeSecond ? Math.floor(this.wantedMs / SECOND_MS) * SECOND_MS : this.wantedMs);
  }
}

const GTID_TYPES: ReadonlySet<number> = new Set([
  EVENT_TYPE.GTID,
  EVENT_TYPE.ANONYMOUS_GTID,
  EVENT_TYPE.GTID_TAGGED,
  EVENT_TYPE.MARIADB_GTID,
]);
const isGtid = (type: number): boolean => GTID_TYPES.has(type);

const isoOf = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString() : 'no time');
