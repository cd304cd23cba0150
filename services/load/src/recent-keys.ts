import { keyRefusal, keyValue } from '@lutra/sql';
import type { RowKey } from '@lutra/sql';
import type { PlannedStatement } from './plan/planned-statement.ts';

/** Rows that are remembered: enough to show a target that lost what was told to be committed, small enough for each unit. */
const KEYS_MAX = 256;

/** The keys of the rows that were written last, the newest ones, each once. */
export class RecentKeys {
  private readonly byKey = new Map<string, RowKey>();

  add(planned: readonly PlannedStatement[]): void {
    for (const { rows } of planned.slice(-KEYS_MAX))
      for (const { writer, change } of rows.slice(-KEYS_MAX)) {
        // Nothing of it was written.
        if (change.refusal !== undefined) continue;
        const image = change.kind === 'delete' ? change.before : change.after;
        // Without a key a row cannot be asked for again.
        if (writer.key.length === 0 || writer.key.some(({ position }) => image[position] === undefined)) continue;
        // Nor one that was refused for its key.
        if (keyRefusal(writer, image) !== null) continue;
        const key = writer.key.map(
          (column) => [column.name, column.keyLiteral(keyValue(writer, column, image))] as const,
        );
        const { schema, table } = writer.definition;
        const id = JSON.stringify([schema, table, key]);
        this.byKey.delete(id);
        this.byKey.set(id, { schema, table, key });
      }
    for (const id of this.byKey.keys()) {
      if (this.byKey.size <= KEYS_MAX) break;
      this.byKey.delete(id);
    }
  }

  /** Rows that were remembered before. */
  keep(rows: readonly RowKey[]): void {
    for (const row of rows) this.byKey.set(JSON.stringify([row.schema, row.table, row.key]), row);
  }

  rows(): readonly RowKey[] {
    return [...this.byKey.values()];
  }
}
