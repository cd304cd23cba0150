import type { ConflictPolicy, RowChange } from '@lutra/model';
import type { DeadLetter, TableWriter } from '@lutra/sql';

const OVERWRITE: ConflictPolicy = { kind: 'overwrite' };

/**
 * By which policy the change of a letter is written. What a person orders overwrites; `merge` still merges, since amounts that
 * are added up would be lost. An edit is absolute: an amount that it names is not moved but becomes that, also where it is as
 * the source had it; all other columns are written as they stand in the row that the person saw.
 */
export function letterPolicy(
  policy: ConflictPolicy,
  { columns: written }: Pick<TableWriter, 'columns'>,
  { change, edited, state }: Pick<DeadLetter, 'change' | 'edited' | 'state'>,
): ConflictPolicy {
  if (policy.kind !== 'merge') return state === 'retryWanted' ? OVERWRITE : policy;
  if (edited === null || change.kind === 'delete') return policy;
  const moved = new Set(policy.deltaColumns.map((name) => name.toLowerCase()));
  const isMoved = ({ name, position }: TableWriter['columns'][number]): boolean =>
    moved.has(name.toLowerCase()) && edited[position] === undefined && change.after[position] !== undefined;
  const deltaColumns = written.filter(isMoved).map(({ name }) => name);
  if (deltaColumns.length === 0) return OVERWRITE;
  const columns = written.filter((column) => !isMoved(column)).map(({ name }) => name);
  return { ...policy, columns, deltaColumns };
}

/**
 * The change that is written. Beside the key, nothing is told of what edited columns were before: one that was set back to its
 * old value would count as unchanged and not be written. Without a key the row is found by all that it was.
 */
export function letterChange(
  { key }: Pick<TableWriter, 'key'>,
  { change, edited, wantedImage }: Pick<DeadLetter, 'change' | 'edited' | 'wantedImage'>,
): RowChange {
  if (wantedImage === null || edited === null || change.kind === 'delete') return change;
  if (change.kind === 'insert' || key.length === 0) return { ...change, after: wantedImage };
  const inKey = new Set(key.map(({ position }) => position));
  const isSet = (position: number): boolean => edited[position] !== undefined && !inKey.has(position);
  const before = change.before.map((value, position) => (isSet(position) ? undefined : value));
  return { ...change, before, after: wantedImage };
}
