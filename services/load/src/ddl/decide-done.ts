import type { TargetDdl } from '@lutra/model';
import type { TableEvidence } from '@lutra/sql';

/** run: it has surely not been done, or doing it again changes nothing. */
export type Verdict = 'done' | 'run' | 'unknown';

/** Leave definitions as they are, or give back at a second time what they took at the first. */
const NOT_TOLD = /\b(?:EXCHANGE|TRUNCATE|IMPORT|DISCARD)\s+(?:PARTITION|TABLESPACE)\b/i;

/**
 * Whether a statement that was begun has been done, from how its tables stood before and stand now. Nobody else changes them
 * meanwhile: the session that was to run it is gone, and everything behind it waits.
 */
export function decideDone(
  { kind, text }: Pick<TargetDdl, 'kind' | 'text'>,
  before: readonly TableEvidence[],
  now: readonly TableEvidence[],
): Verdict {
  const pairs = before.map((then, index) => ({ then, now: now[index] ?? then }));
  const isSame = pairs.every(({ then, now: each }) => isEqual(then, each));
  switch (kind) {
    // Written with IF EXISTS, or refused with "exists already": a repeat does no harm.
    case 'drop':
    case 'database':
      return 'run';
    case 'create':
      // MariaDB's OR REPLACE may have ended between its drop and its creation.
      return isSame || pairs.some(({ now: each }) => !each.exists) ? 'run' : 'done';
    case 'index':
      return isSame ? 'run' : 'done';
    case 'alter':
      if (!isSame) return 'done';
      return NOT_TOLD.test(text) ? 'unknown' : 'run';
    case 'truncate':
      if (!isSame) return 'done';
      // Only the number tells: neither server moves the time of creation.
      return pairs.every(({ then }) => then.tableId !== null || !then.exists) ? 'run' : 'unknown';
    case 'rename':
      if (!isSame) return isMoved(before, now) ? 'done' : 'unknown';
      return isTold(before) ? 'run' : 'unknown';
  }
}

/** Whether a change of names would have shown: a name was free, or no two tables look the same. */
function isTold(before: readonly TableEvidence[]): boolean {
  const names = new Map(before.map((each) => [`${each.schema}.${each.table}`, each]));
  const existing = [...names.values()].filter(({ exists }) => exists);
  const looks = existing.map(({ hash, createdAt, tableId }) => JSON.stringify([hash, createdAt, tableId]));
  const hasFree = existing.length < names.size;
  return new Set(looks).size === looks.length || (hasFree && existing.length === 1);
}

/** Whether each table stands where the pairs of names, one after the other, lead it: a server may have ended between two of them. */
function isMoved(before: readonly TableEvidence[], now: readonly TableEvidence[]): boolean {
  const nameOf = ({ schema, table }: TableEvidence): string => `${schema}.${table}`;
  const at = new Map(before.map((each) => [nameOf(each), each.exists]));
  for (let index = 0; index + 1 < before.length; index += 2) {
    const [from, to] = [before[index], before[index + 1]];
    if (from === undefined || to === undefined) return false;
    at.set(nameOf(to), at.get(nameOf(from)) ?? false);
    at.set(nameOf(from), false);
  }
  return now.every((each) => at.get(nameOf(each)) === each.exists);
}

const isEqual = (one: TableEvidence, other: TableEvidence): boolean =>
  one.exists === other.exists &&
  one.hash === other.hash &&
  one.createdAt === other.createdAt &&
  one.tableId === other.tableId;
