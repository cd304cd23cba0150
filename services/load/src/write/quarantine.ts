import { SyncError } from '@lutra/model';
import type { TableWriter, TargetTable } from '@lutra/sql';
import { EVERYTHING } from './touched-values.ts';
import type { Touched } from './touched-values.ts';
import type { HeldLetter } from './conflict.ts';

// About 150 bytes each: 30 MB for one pipeline that is badly ill.
const VALUES_MAX = 200_000;

type Held = Pick<HeldLetter, 'id' | 'table' | 'touched'>;

/** Letters of one table, oldest first, and where their values stand. */
interface HeldTable {
  /** What the values were made for; 'several' = not for one and the same. */
  target: TargetTable | null | 'several';
  readonly letters: Map<string, Touched>;
  /** By form, then value: ids of the letters that touch it, oldest first. */
  readonly forms: Map<string, Map<string, string[]>>;
}

/**
 * The values of unique keys (primary keys included) that unsettled dead letters touch, before and after images. A change that
 * touches one of them must not overtake the letter: it follows it into `lutra.dead_letter`.
 *
 * Values can be compared only when both were made for the same description of the target table and for columns of the same
 * kinds. Otherwise the letter holds every row of its table: a key whose collation was altered would not be found again under
 * its old value, and a newer row would be written before the letter and overwritten by its retry. `LetterValues` makes the
 * values anew when a table is described anew.
 *
 * Memory is bounded: beyond {@link VALUES_MAX} values adding throws TARGET_QUARANTINE_FULL, and the pipeline stops rather
 * than forgets.
 */
export class Quarantine {
  /** By schema and table. */
  private readonly tables = new Map<string, HeldTable>();
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
    return this.values > 0 && this.tables.has(tableOf(writer.definition));
  }

  /** Whether the letters of the table are known under another description of it. */
  isStale(table: string, target: TargetTable): boolean {
    const held = this.tables.get(table);
    return held !== undefined && held.target !== target;
  }

  /** What the letter touches, as it was last told. */
  touchedBy({ id, table }: Pick<Held, 'id' | 'table'>): Touched | undefined {
    return this.tables.get(table)?.letters.get(id);
  }

  /** Id of a letter that the change may touch; null = none does. */
  holderOf(table: string, { target, form, values }: Touched): string | null {
    const held = this.tables.get(table);
    if (held === undefined) return null;
    const [oldest = null] = held.letters.keys();
    if (held.target !== target || form === EVERYTHING) return oldest;
    for (const [other, holders] of held.forms) {
      if (other !== form) return [...holders.values()][0]?.[0] ?? oldest;
      for (const value of values) {
        const holder = holders.get(value)?.[0];
        if (holder !== undefined) return holder;
      }
    }
    return null;
  }

  /** The letter is new; one that is there already stays as it is known. */
  add({ id, table, touched }: Held): void {
    const { form, target, values } = touched;
    let held = this.tables.get(table);
    if (held === undefined) this.tables.set(table, (held = { target, letters: new Map(), forms: new Map() }));
    if (held.letters.has(id)) return;
    if (held.target !== target) held.target = 'several';
    held.letters.set(id, touched);
    let holders = held.forms.get(form);
    if (holders === undefined) held.forms.set(form, (holders = new Map<string, string[]>()));
    for (const value of values) {
      const ids = holders.get(value);
      if (ids === undefined) holders.set(value, [id]);
      else ids.push(id);
    }
    this.values += values.length;
    this.refuseIfFull();
  }

  /** What is known of the letters of one table from now on. */
  replaceTable(table: string, letters: readonly Held[]): void {
    for (const { values } of this.tables.get(table)?.letters.values() ?? []) this.values -= values.length;
    this.tables.delete(table);
    for (const letter of letters) this.add(letter);
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
export const tableOf = ({ schema, table }: { readonly schema: string; readonly table: string }): string =>
  `${schema}.${table}`;
