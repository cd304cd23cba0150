import { nameOf, tableName } from './row-history.ts';
import type { GivenUp, RowName } from './row-history.ts';
import { TABLES } from './source-log.ts';
import type { SqlRow, SqlValue } from './sql-expression.ts';
import type { RowWrite } from './target-server.ts';

const LETTERS = 'lutra.dead_letter';
const SETTLED: ReadonlySet<unknown> = new Set(['retried', 'discarded']);

interface LetterAtTarget {
  readonly rows: readonly RowName[];
  readonly place: readonly number[];
  readonly state: SqlValue;
  /** What its change, or the last of those that it holds, made of the row. */
  readonly after: SqlRow | null;
}

/** What a commit did with letters. */
interface LetterCommit {
  /** Rows whose change it put aside. */
  readonly added: readonly RowName[];
  /** Rows whose letters it settled. */
  readonly settled: readonly RowName[];
  readonly givenUp: readonly GivenUp[];
  readonly problem: string | null;
}

/** The rows of `lutra.dead_letter` as they are committed, and which rows of the shop wait for them. */
export class LettersAtTarget {
  private readonly letters = new Map<string, LetterAtTarget>();

  get unsettled(): number {
    return [...this.letters.values()].filter(isOpen).length;
  }

  /** How many there ever were. */
  get count(): number {
    return this.letters.size;
  }

  /** Whether an unsettled letter touches the row: it need not be as the source has it yet. */
  isHeld(row: RowName): boolean {
    const name = nameOf(row);
    return [...this.letters.values()].some(
      (letter) => isOpen(letter) && letter.rows.some((each) => nameOf(each) === name),
    );
  }

  /** Takes in a commit; tells what is wrong when a row was written before an earlier letter of it was settled. */
  commit(writes: readonly RowWrite[]): LetterCommit {
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
    }
    const [kept, discarded] = [settled.filter(({ state }) => state !== 'discarded'), settled.filter(isDiscarded)];
    if (kept.some((letter) => this.hasEarlier(letter)))
      problem ??= 'a dead letter was retried before an earlier one of its row';
    const rows = settled.flatMap((letter) => letter.rows);
    return { added, settled: rows, givenUp: discarded.flatMap(givenUpIn), problem };
  }

  private hasEarlier({ rows, place }: LetterAtTarget): boolean {
    const names = new Set(rows.map(nameOf));
    return [...this.letters.values()].some(
      (other) => isOpen(other) && isLess(other.place, place) && other.rows.some((row) => names.has(nameOf(row))),
    );
  }
}

const isDiscarded = ({ state }: LetterAtTarget): boolean => state === 'discarded';

const givenUpIn = ({ rows: [row], place: [, seq = 0, event = 0], after }: LetterAtTarget): readonly GivenUp[] =>
  row === undefined ? [] : [{ row, seq, event, after }];

const isOpen = ({ state }: LetterAtTarget): boolean => !SETTLED.has(state);

function letterIn(row: SqlRow): LetterAtTarget {
  const name = `${String(row['table_schema'])}.${String(row['table_name'])}`;
  const table = TABLES.findIndex((_, index) => tableName(index) === name);
  const [before, after] = [imageIn(row['before_image']), imageIn(row['after_image'])];
  const ids = [before, after].flatMap((image) => (image === null ? [] : [Number(image['id'])]));
  const place = ['epoch', 'seq', 'event', 'row', 'part'].map((column) => Number(row[column]));
  return { rows: [...new Set(ids)].map((id) => ({ table, id })), place, state: row['state'] ?? null, after };
}

const imageIn = (image: SqlValue | undefined): SqlRow | null =>
  typeof image === 'string' ? (JSON.parse(image) as SqlRow) : null;

/** The row of the shop that was written; its table is -1 for one of Lutra's own. */
export function rowOf({ table, key }: RowWrite): RowName {
  return { table: TABLES.findIndex((_, index) => tableName(index) === table), id: Number(key) };
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const index = one.findIndex((value, at) => value !== other[at]);
  return index >= 0 && (one[index] ?? 0) < (other[index] ?? 0);
}
