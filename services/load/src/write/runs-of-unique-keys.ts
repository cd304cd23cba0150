import type { PlannedRow } from '../plan/planned-statement.ts';

/**
 * The rows, cut so that no key stands twice in a run: what is read of a row is true until the row is written. Keys count
 * before and after; a row whose key cannot be told outside the server is a run of its own.
 */
export function runsOfUniqueKeys(rows: readonly PlannedRow[]): readonly (readonly PlannedRow[])[] {
  const runs: PlannedRow[][] = [];
  let keys = new Set<string | number>();
  let isClosed = true;
  for (const row of rows) {
    const own = keysOf(row);
    if (isClosed || own === null || own.some((key) => keys.has(key))) {
      runs.push([]);
      keys = new Set();
    }
    runs.at(-1)?.push(row);
    for (const key of own ?? []) keys.add(key);
    isClosed = own === null;
  }
  return runs;
}

function keysOf({ writer: { keyIdentity }, change }: PlannedRow): readonly (string | number)[] | null {
  const before = change.kind === 'insert' ? undefined : change.before;
  const images =
    change.kind === 'insert'
      ? [change.after]
      : change.kind === 'delete'
        ? [change.before]
        : [change.before, change.after];
  const keys: (string | number)[] = [];
  for (const image of images) {
    const key = keyIdentity?.of(image, before) ?? null;
    if (key === null) return null;
    keys.push(key);
  }
  return keys;
}
