import type { DonePlace } from '@lutra/model';
import type { TargetSession } from '@lutra/sql';
import { askLog } from '../data-sources/ask-log.ts';
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
