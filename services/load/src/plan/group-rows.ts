import type { Identity, IndexIdentity } from '@lutra/sql';
import { MergedGroup } from './merged-group.ts';
import { MergedRow } from './merged-row.ts';
import { changesKey } from './plan-statements.ts';
import type { WritableRow } from './planned-statement.ts';

/**
 * Rows whose order is settled before those of the next step: either merged per key, and then free to be reordered, or in
 * source order.
 */
export type Step =
  | { readonly kind: 'merged'; readonly rows: readonly GroupedRow[] }
  | { readonly kind: 'ordered'; readonly rows: readonly WritableRow[] };

/** A key in a group. */
export interface GroupedRow {
  /** Sorts the rows of a statement. */
  readonly identity: Identity;
  /** The first row of the key; most keys have no other. */
  readonly row: WritableRow;
  /** What it has become together with later ones; null = it is alone. */
  merged: MergedRow | MergedGroup | null;
}

/**
 * merged: the rows of a key become one. apart: each is decided about by itself, by what the target holds when its turn comes;
 * a group holds a key once, and in tables with unique indexes beside the key every row keeps its place, since nobody knows
 * here what values the rows of the target have.
 */
export type Grouping = 'merged' | 'apart';

/**
 * Groups the rows of one table (or of tables that are tied together). Causality is per value: a row that touches a value of a
 * unique index which another key has touched in the group closes it, since no order of merged rows could be right for a swap. A
 * row that changes its key, or that a mapping has refused, stands alone in order; once a row's values cannot be told, all that
 * follow keep their place too.
 */
export class RowGroups {
  private readonly steps: Step[] = [];
  private group: Group | null = null;
  private ordered: WritableRow[] | null = null;
  private isOrdered = false;

  constructor(private readonly grouping: Grouping) {}

  add(row: WritableRow): void {
    if (!this.isOrdered) {
      const placed = this.merge(row);
      if (placed === 'merged') return;
      this.isOrdered = placed === 'unknown';
    }
    this.group = null;
    if (this.ordered === null) this.steps.push({ kind: 'ordered', rows: (this.ordered = []) });
    this.ordered.push(row);
  }

  finish(): readonly Step[] {
    return this.steps;
  }

  private merge(row: WritableRow): 'merged' | 'alone' | 'unknown' {
    const { writer, change } = row;
    const { identities } = writer;
    if (identities === null || (this.grouping === 'apart' && identities.others.length > 0)) return 'unknown';
    const { key: index } = identities;
    const key = change.kind === 'insert' ? index.ofInsert(change) : index.of(change.before);
    if (key === null || key === undefined) return 'unknown';
    if (change.kind === 'update' && changesKey(writer, change.before, change.after)) return 'alone';
    const touched = identities.others.length === 0 ? NOTHING : touchedValues(identities.others, row);
    if (touched === null) return 'unknown';
    // What comes to its key later must not be in front of it, nor become one with it.
    if (change.refusal !== undefined) return 'alone';
    if (this.group?.take(row, key, touched, this.grouping) === true) return 'merged';
    this.group = new Group();
    this.ordered = null;
    this.steps.push({ kind: 'merged', rows: this.group.rows });
    this.group.take(row, key, touched, this.grouping);
    return 'merged';
  }
}

const NOTHING: readonly Identity[] = [];

/**
 * Two values for each index: before and after; undefined where there is none. Null when one cannot be told. An index of
 * which an update changes no column is left as it is: nobody can take its value, nor had anybody given it away.
 */
export function touchedValues(
  indexes: readonly IndexIdentity[],
  { change }: WritableRow,
): readonly (Identity | undefined)[] | null {
  const touched: (Identity | undefined)[] = [];
  for (const index of indexes) {
    const before = change.kind === 'insert' || isUntouched(index, change) ? undefined : index.of(change.before);
    if (before === null) return null;
    const after =
      change.kind === 'delete' || isUntouched(index, change)
        ? undefined
        : change.kind === 'insert'
          ? index.ofInsert(change)
          : index.of(change.after, change.before);
    if (after === null) return null;
    touched.push(before, after);
  }
  return touched;
}

/** Only partial images: what both images carry is told anyway, and a missing row is inserted with it. */
function isUntouched({ columns }: IndexIdentity, change: WritableRow['change']): boolean {
  return change.kind === 'update' && columns.every(({ position }) => change.after[position] === undefined);
}

const mergeOf = (row: WritableRow): MergedRow | MergedGroup =>
  row.writer.counted === null ? new MergedRow(row) : new MergedGroup(row);

class Group {
  readonly rows: GroupedRow[] = [];
  private readonly byKey = new Map<Identity, GroupedRow>();
  /** Of each other unique index, the row that has touched a value. */
  private readonly owners: (Map<Identity, GroupedRow> | undefined)[] = [];

  /** False when the row belongs into the next group. */
  take(row: WritableRow, key: Identity, touched: readonly (Identity | undefined)[], grouping: Grouping): boolean {
    const known = this.byKey.get(key);
    for (let index = 0; index < touched.length; index++) {
      const value = touched[index];
      if (value === undefined) continue;
      const owner = this.owners[index >> 1]?.get(value);
      if (owner !== undefined && owner !== known) return false;
    }
    if (known !== undefined && grouping === 'apart') return false;
    if (known !== undefined && !(known.merged ??= mergeOf(known.row)).merge(row)) return false;
    const grouped = known ?? { identity: key, row, merged: null };
    if (known === undefined) {
      this.byKey.set(key, grouped);
      this.rows.push(grouped);
    }
    for (let index = 0; index < touched.length; index++) {
      const value = touched[index];
      if (value === undefined) continue;
      (this.owners[index >> 1] ??= new Map<Identity, GroupedRow>()).set(value, grouped);
    }
    return true;
  }
}
