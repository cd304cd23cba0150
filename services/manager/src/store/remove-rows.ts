import type { Store } from './store.ts';

/** A removal holds its locks for milliseconds. */
const ROWS_MAX = 2_000;

/** Removes all rows of a table that match, in small pieces. `condition` is SQL with ? for the values. */
export async function removeRows(
  store: Store,
  table: string,
  where: { readonly condition: string; readonly values: readonly unknown[] },
): Promise<void> {
  for (;;) {
    const { affectedRows } = await store.run<{ readonly affectedRows: number }>((manager) =>
      manager.query(`DELETE FROM ${table} WHERE ${where.condition} LIMIT ${String(ROWS_MAX)}`, [...where.values]),
    );
    if (affectedRows < ROWS_MAX) return;
  }
}
