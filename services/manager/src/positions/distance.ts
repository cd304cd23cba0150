import { compareFilePlaces, MysqlGtidSet, parseMariadbGtidList } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import type { DistanceDto } from './position.dto.ts';

/**
 * How much of `end` is not done at `done`; null where they cannot be compared. MariaDB: sequence numbers, which leave out
 * none as long as the source alone writes its domains.
 */
export function distanceOf(done: DonePlace, end: DonePlace): DistanceDto | null {
  if (done.kind === 'mysqlGtid' && end.kind === 'mysqlGtid')
    return {
      transactions: countOf(MysqlGtidSet.parse(end.gtidSet).subtract(MysqlGtidSet.parse(done.gtidSet))),
      bytes: null,
    };
  if (done.kind === 'mariadbGtid' && end.kind === 'mariadbGtid') {
    const before = parseMariadbGtidList(done.gtidList);
    const newest = [...parseMariadbGtidList(end.gtidList).values()];
    const missing = newest.map(({ domain, sequence }) => Math.max(0, sequence - (before.get(domain)?.sequence ?? 0)));
    return { transactions: missing.reduce((sum, count) => sum + count, 0), bytes: null };
  }
  if (done.kind !== 'file' || end.kind !== 'file' || done.serverUuid !== end.serverUuid) return null;
  // Of files in between nobody knows here how long they are.
  const isOneFile = done.file === end.file;
  return { transactions: null, bytes: isOneFile ? Math.max(0, compareFilePlaces(end, done)) : null };
}

function countOf(set: MysqlGtidSet): number {
  const intervals = set.entries().flatMap((entry) => entry.intervals);
  return intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
