import { assertNever, compareFilePlaces, coversDone, SyncError } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import type { TargetSession } from '@lutra/sql';
import type { RetentionUse } from './alarm-facts.ts';

/** What the pipeline needs of the source's log: everything behind `done`. */
export interface NeededLog {
  readonly done: DonePlace;
  /** Time of the last transaction that is in the target, or when its place was written. */
  readonly doneUntilMs: number;
}

type Reading = Pick<TargetSession, 'query'>;

const DAY_S = 86_400;
const PURGED = 100;
/** Not purged yet, however old it is: servers purge when they begin a new file. */
const OVERDUE = 99;
/** Text that is put into a statement: what GTIDs are made of. */
const GTIDS = /^[\w:,\-\s]*$/;

/** Asks a source how near it is to purging log that a pipeline still needs. Throws what the session throws. */
export async function askRetention(session: Reading, needed: NeededLog, nowMs: number): Promise<RetentionUse> {
  const log = await askLog(session, needed.done);
  if (log === 'done') return { percent: 0, message: 'The pipeline needs nothing that the source has logged' };
  if (log === 'purged') return { percent: PURGED, message: 'The source has purged log that the pipeline still needs' };
  const keptMs = await askExpiry(session);
  if (keptMs === null) return { percent: 0, message: 'The source purges no log by its age' };
  const ageMs = Math.max(0, nowMs - needed.doneUntilMs);
  const percent = Math.min(OVERDUE, Math.round((ageMs / keptMs) * 100));
  const hours = (ms: number): string => `${(ms / 3_600_000).toFixed(1)} h`;
  return {
    percent,
    message: `The pipeline needs log that is ${hours(ageMs)} old, and the source keeps ${hours(keptMs)}`,
  };
}

async function askLog(session: Reading, done: DonePlace): Promise<'done' | 'purged' | 'kept'> {
  switch (done.kind) {
    case 'mysqlGtid': {
      const set = `'${checked(done.gtidSet)}'`;
      const [row] = await session.query(
        `SELECT GTID_SUBTRACT(@@global.gtid_executed, ${set}) AS missing, GTID_SUBTRACT(@@global.gtid_purged, ${set}) AS lost`,
      );
      if (textOf(row?.['lost']) !== '') return 'purged';
      return textOf(row?.['missing']) === '' ? 'done' : 'kept';
    }
    case 'mariadbGtid': {
      const [row] = await session.query('SELECT @@global.gtid_binlog_pos AS position');
      if (coversList(done, textOf(row?.['position']))) return 'done';
      return coversList(done, await askOldestState(session)) ? 'kept' : 'purged';
    }
    case 'file': {
      const files = await askFiles(session);
      if (files.at(-1) === done.file) return 'done';
      const oldest = files[0] ?? done.file;
      return compareFilePlaces({ file: done.file, offset: 0 }, { file: oldest, offset: 0 }) < 0 ? 'purged' : 'kept';
    }
    default:
      return assertNever(done);
  }
}

function checked(gtidSet: string): string {
  if (GTIDS.test(gtidSet)) return gtidSet;
  throw new SyncError('INTERNAL', { problem: 'The cursor holds a GTID set that is none' });
}

const coversList = (done: DonePlace, gtidList: string): boolean => coversDone(done, { kind: 'mariadbGtid', gtidList });

/** What was done before the oldest file began: MariaDB writes it at the head of each. */
async function askOldestState(session: Reading): Promise<string> {
  const [oldest] = await askFiles(session);
  if (oldest === undefined || !/^[\w.-]+$/.test(oldest)) return '';
  const head = await session.query(`SHOW BINLOG EVENTS IN '${oldest}' LIMIT 4`);
  const list = head.find((row) => row['Event_type'] === 'Gtid_list');
  return /\[([\d,\s-]*)\]/.exec(textOf(list?.['Info']))?.[1] ?? '';
}

async function askFiles(session: Reading): Promise<string[]> {
  return (await session.query('SHOW BINARY LOGS')).map((row) => textOf(row['Log_name']));
}

/** How long the server keeps a file, ms; null = for ever, by age at least. */
async function askExpiry(session: Reading): Promise<number | null> {
  const names = "'binlog_expire_logs_seconds', 'binlog_expire_logs_auto_purge', 'expire_logs_days'";
  const rows = await session.query(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`);
  const values = new Map(rows.map((row) => [textOf(row['Variable_name']).toLowerCase(), textOf(row['Value'])]));
  if (values.get('binlog_expire_logs_auto_purge') === 'OFF') return null;
  const seconds = Number(values.get('binlog_expire_logs_seconds') ?? 0);
  // Both are there in MySQL 8.0 and MariaDB 10.6: then the seconds count unless they are 0.
  const kept = seconds > 0 ? seconds : Number(values.get('expire_logs_days') ?? 0) * DAY_S;
  return kept > 0 ? kept * 1000 : null;
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
