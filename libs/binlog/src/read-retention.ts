import { readVariable } from './ask-server.ts';
import type { AskableSource } from './ask-server.ts';
import { readLogFiles } from './log-files.ts';
import type { LogFile } from './log-files.ts';

/** What the server does with its old log files. */
export interface LogRetention {
  /** Age at which a file may be purged, counted from its last event; null = never by age. */
  readonly expireMs: number | null;
  /** Size of all files above which the oldest go (MariaDB 11.4 and later); null = never by size. */
  readonly totalBytesMax: number | null;
  /** Oldest first; the last one grows. */
  readonly files: readonly LogFile[];
}

const DAY_S = 86_400;

/** Asks for the variables of all generations; those that a server does not know say nothing. */
export async function readRetention(session: AskableSource): Promise<LogRetention> {
  const read = (name: string): Promise<string | null> => readVariable((sql) => session.query(sql), `global.${name}`);
  const autoPurge = await read('binlog_expire_logs_auto_purge');
  const seconds = Number((await read('binlog_expire_logs_seconds')) ?? 0);
  // Both are there in MySQL 8.0 and MariaDB 10.6: then the seconds count unless they are 0.
  const expireS = seconds > 0 ? seconds : Number((await read('expire_logs_days')) ?? 0) * DAY_S;
  const totalBytes = Number((await read('max_binlog_total_size')) ?? 0);
  const isPurging = autoPurge === null || autoPurge === '1' || autoPurge === 'ON';
  return {
    expireMs: isPurging && expireS > 0 ? expireS * 1000 : null,
    totalBytesMax: totalBytes > 0 ? totalBytes : null,
    files: await readLogFiles(session),
  };
}
