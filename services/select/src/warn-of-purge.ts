import type { LogRetention } from '@lutra/binlog';
import { compareFilePlaces } from '@lutra/model';
import type { DatabaseKind } from '@lutra/model';

/** The oldest part of the log that the pipeline still needs. */
export interface NeededLog {
  readonly file: string;
  /** Time of the last transaction that is in the target, source clock; null = unknown. */
  readonly doneUntilMs: number | null;
}

export interface PurgeWarning {
  readonly condition: 'time' | 'size' | 'oldestFile' | 'gone';
  /** A whole sentence: how long is left, which setting, what prolongs it. */
  readonly message: string;
}

/** Warned from this share of the time or size that the server keeps. */
const TIME_SHARE = 0.5;
const SIZE_SHARE = 0.8;

/**
 * What threatens the log that a pipeline needs, most urgent first; empty when nothing does. The file that the server writes is
 * never purged: who reads it is safe.
 */
export function purgeWarnings(
  needed: NeededLog,
  retention: LogRetention,
  server: { readonly kind: DatabaseKind; readonly nowMs: number },
): PurgeWarning[] {
  const { files, expireMs, totalBytesMax } = retention;
  const [oldest] = files;
  const newest = files.at(-1);
  if (oldest === undefined || newest === undefined || newest.name === needed.file) return [];
  if (compare(needed.file, oldest.name) < 0)
    return [warning('gone', `${needed.file}, which the pipeline needs next, is purged: it will stop when it reads on`)];
  const warnings: PurgeWarning[] = [];
  const ageMs = needed.doneUntilMs === null ? 0 : server.nowMs - needed.doneUntilMs;
  if (expireMs !== null && ageMs >= expireMs * TIME_SHARE)
    warnings.push(timeWarning(needed, { ageMs, expireMs, ...server }));
  const neededBytes = files
    .filter(({ name }) => compare(name, needed.file) >= 0)
    .reduce((sum, { bytes }) => sum + bytes, 0);
  if (totalBytesMax !== null && neededBytes >= totalBytesMax * SIZE_SHARE)
    warnings.push(
      warning(
        'size',
        `The pipeline still needs ${needed.file} and all files behind it, ${megabytes(neededBytes)} MB of the ${megabytes(totalBytesMax)} MB that the source keeps (max_binlog_total_size). More is kept after SET GLOBAL max_binlog_total_size = ${String(totalBytesMax * 2)}`,
      ),
    );
  // File number 1 is the oldest for as long as nothing was ever purged.
  if (warnings.length === 0 && oldest.name === needed.file && !/\.0*1$/.test(oldest.name))
    warnings.push(
      warning(
        'oldestFile',
        `${needed.file}, which the pipeline still needs, is the oldest log file that the source has left${lagOf(needed, ageMs)}; earlier ones are purged. ${prolonged(server.kind, expireMs)}`,
      ),
    );
  return warnings;
}

function timeWarning(
  { file }: NeededLog,
  about: { readonly ageMs: number; readonly expireMs: number; readonly kind: DatabaseKind },
): PurgeWarning {
  const { ageMs, expireMs, kind } = about;
  const leftMs = Math.max(0, expireMs - ageMs);
  return warning(
    'time',
    `The source may purge ${file}, which the pipeline still needs, in ${duration(leftMs)}: the target is ${duration(ageMs)} behind, and ${kind === 'mysql' ? 'binlog_expire_logs_seconds' : 'binlog_expire_logs_seconds (expire_logs_days)'} keeps ${duration(expireMs)}. ${prolonged(kind, expireMs)}`,
  );
}

const SECONDS_MAX = 8_553_600;

/** 99 days is the most that MariaDB takes. */
function prolonged(kind: DatabaseKind, expireMs: number | null): string {
  if (expireMs === null) return 'Do not purge log files by hand before the pipeline has read them';
  const seconds = Math.ceil((expireMs * 2) / 1000);
  return `Files are kept longer after SET GLOBAL binlog_expire_logs_seconds = ${String(kind === 'mysql' ? seconds : Math.min(seconds, SECONDS_MAX))}`;
}

const lagOf = ({ doneUntilMs }: NeededLog, ageMs: number): string =>
  doneUntilMs === null ? '' : `, and the target is ${duration(ageMs)} behind`;

const warning = (condition: PurgeWarning['condition'], message: string): PurgeWarning => ({ condition, message });

const compare = (one: string, other: string): number =>
  compareFilePlaces({ file: one, offset: 0 }, { file: other, offset: 0 });

const megabytes = (bytes: number): string => String(Math.round(bytes / 1e6));

function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 2) return `${String(Math.round(ms / 1000))} s`;
  return minutes < 180 ? `${String(minutes)} min` : `${String(Math.round(minutes / 60))} h`;
}

const REPEAT_MS = 3_600_000;

/** Lets each condition through once an hour, and at once when it has been over in between. */
export class WarningGate {
  private readonly saidMs = new Map<PurgeWarning['condition'], number>();

  take(warnings: readonly PurgeWarning[], nowMs: number): PurgeWarning[] {
    const standing = new Set(warnings.map(({ condition }) => condition));
    for (const condition of this.saidMs.keys()) if (!standing.has(condition)) this.saidMs.delete(condition);
    const due = warnings.filter(({ condition }) => nowMs - (this.saidMs.get(condition) ?? -Infinity) >= REPEAT_MS);
    for (const { condition } of due) this.saidMs.set(condition, nowMs);
    return due;
  }
}
