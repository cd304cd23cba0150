import { SyncError } from '@lutra/model';
import type { RowChange } from '@lutra/model';
import type { TableWriter } from '@lutra/sql';
import type { HeldLetter } from './conflict.ts';

// About 150 bytes each: 30 MB for one pipeline that is badly ill.
const VALUES_MAX = 200_000;

/** Stands for every value of the table: one that the row touches cannot be computed. */
const EVERYTHING = '*';

/**
 * The values of unique keys (primary keys included) that unsettled dead letters touch, before and after images. A change that
 * touches one of them must not overtake the letter: it follows it into `lutra.dead_letter`.
 *
 * Memory is bounded: beyond {@link VALUES_MAX} values adding throws TARGET_QUARANTINE_FULL, and the pipeline stops rather
 * than forgets.
 */
export class Quarantine {
  /** By table, then value: ids of the letters that touch it, oldest first. */
  private readonly tables = new Map<string, Map<string, string[]>>();
  private values = 0;

  /** True while no dead letter is unsettled: nothing has to be looked at. */
  get isEmpty(): boolean {
    return this.values === 0;
  }

  get size(): number {
    return this.values;
  }

  /** Whether rows of the table may be held at all. */
  concerns(writer: TableWriter): boolean {
    return this.values > 0 && this.tables.has(tableOf(writer));
  }

  /** Id of a letter that touches one of the values; null = none does. */
  holderOf(table: string, values: readonly string[]): string | null {
    const held = this.tables.get(table);
    if (held === undefined) return null;
    const everything = held.get(EVERYTHING)?.[0];
    if (everything !== undefined) return everything;
    for (const value of values) {
      // What cannot be computed may be any of those that are held.
      const [holder] = value === EVERYTHING ? ([...held.values()][0] ?? []) : (held.get(value) ?? []);
      if (holder !== undefined) return holder;
    }
    return null;
  }

  add({ id, table, values }: Pick<HeldLetter, 'id' | 'table' | 'values'>): void {
    let held = this.tables.get(table);
    if (held === undefined) this.tables.set(table, (held = new Map<string, string[]>()));
    for (const value of values) {
      const holders = held.get(value);
      if (holders === undefined) held.set(value, [id]);
      else holders.push(id);
      this.values += 1;
    }
    this.refuseIfFull();
  }

  /** The letter is settled. */
  release({ id, table, values }: Pick<HeldLetter, 'id' | 'table' | 'values'>): void {
    const held = this.tables.get(table);
    if (held === undefined) return;
    for (const value of values) {
      const holders = held.get(value);
      const at = holders?.indexOf(id) ?? -1;
      if (holders === undefined || at < 0) continue;
      holders.splice(at, 1);
      this.values -= 1;
      if (holders.length === 0) held.delete(value);
    }
    if (held.size === 0) this.tables.delete(table);
  }

  /** Holds from now on what the other one does, and nothing else. */
  replaceBy(other: Quarantine): void {
    this.tables.clear();
    for (const [table, held] of other.tables) this.tables.set(table, held);
    this.values = other.values;
  }

  /** `more`: values that are about to be added. */
  refuseIfFull(more = 0): void {
    if (this.values + more <= VALUES_MAX) return;
    const problem = `Unsettled dead letters of the pipeline touch more than ${String(VALUES_MAX)} values of unique keys`;
    throw new SyncError('TARGET_QUARANTINE_FULL', { problem, count: this.values });
  }
}

/** Schema and table, as one text. */
export const tableOf = ({ definition }: Pick<TableWriter, 'definition'>): string =>
  `${definition.schema}.${definition.table}`;

/**
 * What the change touches in the unique indexes of the table, before and after, each as text of index and value; where one
 * value cannot be computed, everything.
 */
export function touchedValues({ identities }: TableWriter, change: RowChange): readonly string[] {
  if (identities === null) return [EVERYTHING];
  const before = change.kind === 'insert' ? undefined : change.before;
  const after = change.kind === 'delete' ? undefined : change.after;
  const values = new Set<string>();
  for (const [index, unique] of [identities.key, ...identities.others].entries()) {
    // An update that does not carry the columns leaves the value of a secondary index as it is.
    const isKept =
      before !== undefined &&
      after !== undefined &&
      unique.columns.every(({ position }) => after[position] === undefined);
    if (index > 0 && isKept) continue;
    for (const image of [before, after]) {
      const identity = image === undefined ? undefined : unique.of(image, before);
      if (identity === null) return [EVERYTHING];
      if (identity !== undefined) values.add(`${String(index)}:${String(identity)}`);
    }
  }
  return [...values];
}

/** How the values of a letter are kept in `key_identity`. */
export const writeHeld = (values: readonly string[]): string | null =>
  values.includes(EVERYTHING) ? null : JSON.stringify(values);

export const readHeld = (text: string | null): readonly string[] =>
  text === null ? [EVERYTHING] : (JSON.parse(text) as readonly string[]);
