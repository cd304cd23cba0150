import { nameOf, tableName } from './row-history.ts';
import type { RowName } from './row-history.ts';
import { TABLES } from './source-log.ts';
import type { SqlRow, SqlValue } from './sql-expression.ts';
import type { RowWrite } from './target-server.ts';

const LETTERS = 'lutra.dead_letter';
const SETTLED: ReadonlySet<unknown> = new Set(['retried', 'discarded']);

interface LetterAtTarget {
  readonly rows: readonly RowName[];
  readonly place: readonly number[];
  readonly state: SqlValue;
}

/** The rows of `lutra.dead_letter` as they are committed, and which rows of the shop they excuse from being as the source has them. */
export class LettersAtTarget {
  private readonly letters = new Map<string, LetterAtTarget>();
  /** Rows whose change was given up, and that nobody has written since. */
  private readonly forsaken = new Set<string>();

  get unsettled(): number {
    return [...this.letters.values()].filter(isOpen).length;
  }

  /** How many there ever were. */
  get count(): number {
    return this.letters.size;
  }

  /** Whether the row need not be as the source has it. */
  isExcused(row: RowName): boolean {
    return this.forsaken.has(nameOf(row)) || this.isHeld(row);
  }

  /** Whether all rows have to be as the source has them. */
  get excusesNothing(): boolean {
    return this.forsaken.size === 0 && this.unsettled === 0;
  }

  /**
   * Takes in a commit; gives the rows whose change it put aside, or what is wrong: a row was written before an earlier letter
   * of it was settled.
   */
  commit(writes: readonly RowWrite[]): { readonly added: readonly RowName[]; readonly problem: string | null } {
    const changed = writes.filter(({ table }) => table === LETTERS);
    const written = writes.filter(({ table }) => !table.startsWith('lutra.')).map(rowOf);
    const added: RowName[] = [];
    const settled: LetterAtTarget[] = [];
    const held = new Set([...this.letters.values()].filter(isOpen).flatMap(({ rows }) => rows.map(nameOf)));
    for (const { key, after } of changed) {
      if (after === null) continue;
      const letter = letterIn(after);
      const known = this.letters.get(key);
      if (known === undefined) added.push(...letter.rows);
      if (known !== undefined && isOpen(known) && !isOpen(letter)) settled.push(letter);
      this.letters.set(key, letter);
    }
    const allowed = new Set(settled.flatMap(({ rows }) => rows.map(nameOf)));
    let problem: string | null = null;
    for (const row of written) {
      const name = nameOf(row);
      if (held.has(name) && !allowed.has(name)) problem ??= `row ${name} has overtaken a dead letter`;
      this.forsaken.delete(name);
    }
    for (const letter of settled) {
      if (letter.state === 'discarded') for (const row of letter.rows) this.forsaken.add(nameOf(row));
      else if (this.hasEarlier(letter)) problem ??= 'a dead letter was retried before an earlier one of its row';
    }
    return { added, problem };
  }

  private isHeld(row: RowName): boolean {
    const name = nameOf(row);
    return [...this.letters.values()].some(
      (letter) => isOpen(letter) && letter.rows.some((each) => nameOf(each) === name),
    );
  }

  private hasEarlier({ rows, place }: LetterAtTarget): boolean {
    const names = new Set(rows.map(nameOf));
    return [...this.letters.values()].some(
      (other) => isOpen(other) && isLess(other.place, place) && other.rows.some((row) => names.has(nameOf(row))),
    );
  }
}

const isOpen = ({ state }: LetterAtTarget): boolean => !SETTLED.has(state);

function letterIn(row: SqlRow): LetterAtTarget {
  const name = `${String(row['table_schema'])}.${String(row['table_name'])}`;
  const table = TABLES.findIndex((_, index) => tableName(index) === name);
  const ids = [row['before_image'], row['after_image']].flatMap((image) =>
    typeof image === 'string' ? [(JSON.parse(image) as { readonly id: number }).id] : [],
  );
  const place = ['epoch', 'seq', 'event', 'row', 'part'].map((column) => Number(row[column]));
  return { rows: [...new Set(ids)].map((id) => ({ table, id })), place, state: row['state'] ?? null };
}

/** The row of the shop that was written; its table is -1 for one of Lutra's own. */
export function rowOf({ table, key }: RowWrite): RowName {
  return { table: TABLES.findIndex((_, index) => tableName(index) === table), id: Number(key) };
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const index = one.findIndex((value, at) => value !== other[at]);
  return index >= 0 && (one[index] ?? 0) < (other[index] ?? 0);
}
