import type { TargetTable } from '@lutra/sql/simulation';
import type { SqlRow } from './sql-expression.ts';
import type { TargetServerSession } from './target-server.ts';

/** One row, or the place of one: what is committed, and what the transaction that locks it makes of it. */
export interface Slot {
  readonly store: TargetTableStore;
  readonly key: string;
  committed: SqlRow | null;
  /** undefined = as committed. */
  pending: SqlRow | null | undefined;
  owner: TargetServerSession | null;
  waiting: (() => void)[];
}

/** The rows of one table by primary key, with its unique keys. */
export class TargetTableStore {
  readonly name: string;
  readonly slots = new Map<string, Slot>();
  readonly keyColumns: readonly string[];
  readonly uniqueKeys: readonly (readonly string[])[];
  /** A CHECK of the table. */
  refuses: (row: SqlRow) => boolean = () => false;

  constructor(public shape: TargetTable) {
    this.name = `${shape.schema}.${shape.table}`;
    this.keyColumns = shape.key?.columns ?? [];
    this.uniqueKeys = shape.uniqueKeys.filter(({ name }) => name !== shape.key?.name).map(({ columns }) => columns);
  }

  keyOf(row: SqlRow): string {
    return this.keyColumns.map((column) => String(row[column])).join('|');
  }

  slot(key: string): Slot {
    let slot = this.slots.get(key);
    if (slot === undefined) {
      slot = { store: this, key, committed: null, pending: undefined, owner: null, waiting: [] };
      this.slots.set(key, slot);
    }
    return slot;
  }

  /** Only rows that anybody may still see stay. */
  forgetEmpty(slot: Slot): void {
    if (slot.committed === null && slot.pending === undefined && slot.owner === null && slot.waiting.length === 0)
      this.slots.delete(slot.key);
  }

  /** The slot whose row, as anybody sees it, has the same values in a unique key; null when there is none. */
  clashOf(row: SqlRow, own: string): Slot | null {
    for (const columns of this.uniqueKeys) {
      if (columns.some((column) => (row[column] ?? null) === null)) continue;
      for (const slot of this.slots.values()) {
        if (slot.key === own) continue;
        const isSame = (other: SqlRow | null | undefined): boolean =>
          other !== null && other !== undefined && columns.every((column) => other[column] === row[column]);
        if (slot.pending === undefined ? isSame(slot.committed) : isSame(slot.pending)) return slot;
      }
    }
    return null;
  }

  /** All rows that are committed, by key. */
  committedRows(): ReadonlyMap<string, SqlRow> {
    const rows = new Map<string, SqlRow>();
    for (const [key, { committed }] of this.slots) if (committed !== null) rows.set(key, committed);
    return rows;
  }
}

/** What a session sees of a row that it reads without a lock. */
export const seenBy = (session: TargetServerSession, slot: Slot): SqlRow | null =>
  slot.owner === session && slot.pending !== undefined ? slot.pending : slot.committed;
