import type { ColumnValue, RowChange, RowImage } from '@lutra/model';
import { initialState, isBefore, TABLES } from './source-log.ts';
import type { LogPoint, SourceLog } from './source-log.ts';
import type { SqlRow, SqlValue } from './sql-expression.ts';

/** A row of the source: its table by number, and its id. */
export interface RowName {
  readonly table: number;
  readonly id: number;
}

export const nameOf = ({ table, id }: RowName): string => `${String(table)}|${String(id)}`;

/** Changes of one row that were given up together: the place of the first, and what the last made of the row. */
export interface GivenUp {
  readonly row: RowName;
  readonly seq: number;
  readonly event: number;
  readonly after: SqlRow | null;
}

/** A row as a target has to hold it. */
interface WantedRow {
  readonly image: RowImage;
  /**
   * By position, the values that a column may have instead: a change that moved it was given up, and no later one moved it. A
   * statement for several rows writes the columns that one of them changes for all, as the source has them: it may have
   * come to such a value as well, or not.
   */
  readonly loose: ReadonlyMap<number, readonly ColumnValue[]>;
}

/**
 * What every row of a target has to be at every point of the source's log: what the changes up to there make of it, one after
 * the other, without those that were given up. As long as nothing was, that is the row of the source. A change that was given
 * up is as if it had never come: the columns that it moved stay as they were until a later change moves them, in a row that
 * gets another key as well; and a row that is missing because of it comes whole with its next update.
 */
export class RowHistory {
  /** By row, in order: the point behind a change, and what the change made of the row. */
  private readonly versions = new Map<string, { readonly point: LogPoint; readonly wanted: WantedRow | null }[]>();
  private readonly changes: { readonly point: LogPoint; readonly rows: readonly RowName[] }[] = [];
  private readonly givenUp = new Set<RowChange>();
  private read = 0;

  constructor(private readonly log: SourceLog) {
    this.begin();
  }

  /** Leaves changes out, from the first on to the one that made the row what it is to be. Throws when there are none such. */
  giveUp({ row, seq, event, after }: GivenUp): void {
    for (let number = seq; number <= this.log.size; number += 1)
      for (const change of this.log.transactions[number - 1]?.changes ?? []) {
        if (!isOf(change, row) || (number === seq && change.event < event)) continue;
        this.givenUp.add(change);
        const made = change.kind === 'delete' ? null : change.after;
        if (!isSame(after, made, columnsOf(row.table))) continue;
        this.begin();
        return;
      }
    throw new Error(`A letter of row ${nameOf(row)} holds ${JSON.stringify(after)}, which the source never made of it`);
  }

  /** Null when the target holds the row as it has to be at the point, else what it has to be. */
  missed(row: RowName, point: LogPoint, found: SqlRow | null): string | null {
    const wanted = this.at(row, point);
    const isRight =
      found === null || wanted === null
        ? found === null && wanted === null
        : columnsOf(row.table).every((name, position) => mayHold(wanted, position, found[name]));
    return isRight ? null : JSON.stringify(wanted && [...wanted.image, ...wanted.loose]);
  }

  private at(row: RowName, point: LogPoint): WantedRow | null {
    this.catchUp();
    const version = this.versions.get(nameOf(row))?.findLast((each) => !isBefore(point, each.point));
    return version?.wanted ?? null;
  }

  /** Whether a change of the row lies behind `from` and not behind `to`. */
  changesIn(row: RowName, from: LogPoint, to: LogPoint): boolean {
    this.catchUp();
    return (this.versions.get(nameOf(row)) ?? []).some(({ point }) => isBefore(from, point) && !isBefore(to, point));
  }

  /** Rows of which a change lies behind `from` and not behind `to`. */
  changedIn(from: LogPoint, to: LogPoint): readonly RowName[] {
    this.catchUp();
    const names = new Map<string, RowName>();
    for (let index = this.firstBehind(from); index < this.changes.length; index += 1) {
      const change = this.changes[index];
      if (change === undefined || isBefore(to, change.point)) break;
      for (const row of change.rows) names.set(nameOf(row), row);
    }
    return [...names.values()];
  }

  /** Every row that there has to be at the point. */
  rowsAt(point: LogPoint): readonly (RowName & WantedRow)[] {
    this.catchUp();
    return [...this.versions.keys()].flatMap((name) => {
      const [table = 0, id = 0] = name.split('|').map(Number);
      const wanted = this.at({ table, id }, point);
      return wanted === null ? [] : [{ table, id, ...wanted }];
    });
  }

  /** What all accounts have to hold together; null when a change that was given up leaves it open. */
  moneyAt(point: LogPoint): number | null {
    const accounts = this.rowsAt(point).filter(({ table }) => table === 0);
    if (accounts.some(({ loose }) => loose.size > 0)) return null;
    return accounts.reduce((sum, { image }) => sum + Number(image[1]), 0);
  }

  private firstBehind(from: LogPoint): number {
    let [low, high] = [0, this.changes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const change = this.changes[middle];
      if (change !== undefined && isBefore(from, change.point)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Before the first change; everything is told anew. */
  private begin(): void {
    this.versions.clear();
    this.changes.length = 0;
    this.read = 0;
    for (const [table, rows] of initialState().entries())
      for (const [id, image] of rows) this.note({ table, id }, { done: 0, event: 0 }, whole(image));
  }

  private catchUp(): void {
    for (; this.read < this.log.size; this.read += 1) {
      const changes = this.log.transactions[this.read]?.changes ?? [];
      for (const [index, change] of changes.entries()) {
        const isLast = index === changes.length - 1;
        const point = isLast ? { done: this.read + 1, event: 0 } : { done: this.read, event: index + 1 };
        this.take(change, point);
      }
    }
  }

  private take(change: RowChange, point: LogPoint): void {
    const before = change.kind === 'insert' ? null : rowOf(change.table, change.before);
    const after = change.kind === 'delete' ? null : rowOf(change.table, change.after);
    const rows = [before, after].filter((row) => row !== null);
    this.changes.push({ point, rows });
    const known = before === null ? null : this.newest(before);
    if (this.givenUp.has(change)) {
      for (const row of rows) this.note(row, point, this.newest(row));
      if (before !== null && change.kind === 'update' && known !== null) this.note(before, point, left(known, change));
      return;
    }
    if (before !== null) this.note(before, point, null);
    if (after === null || change.kind === 'delete') return;
    this.note(after, point, change.kind === 'insert' || known === null ? whole(change.after) : moved(known, change));
  }

  private newest(row: RowName): WantedRow | null {
    return this.versions.get(nameOf(row))?.at(-1)?.wanted ?? null;
  }

  private note(row: RowName, point: LogPoint, wanted: WantedRow | null): void {
    const name = nameOf(row);
    const known = this.versions.get(name) ?? [];
    const last = known.at(-1);
    // An update of a row is one version, not two.
    if (last !== undefined && !isBefore(last.point, point)) known[known.length - 1] = { point, wanted };
    else known.push({ point, wanted });
    this.versions.set(name, known);
  }
}

type Update = Extract<RowChange, { kind: 'update' }>;

const whole = (image: RowImage): WantedRow => ({ image, loose: new Map() });

const mayHold = ({ image, loose }: WantedRow, position: number, value: SqlValue | undefined): boolean =>
  value === image[position] || loose.get(position)?.some((other) => other === value) === true;

/** What an update makes of the row that is there: it writes what it changes. */
function moved({ image, loose }: WantedRow, { before, after }: Update): WantedRow {
  const stays = (position: number): boolean => after[position] === before[position];
  const left = [...loose].filter(([position]) => stays(position));
  return {
    image: after.map((value, position) => (stays(position) ? image[position] : value)),
    loose: new Map(left.map(([position, values]) => [position, [...values, after[position] ?? null]])),
  };
}

/** What an update that was given up leaves of the row. */
function left({ image, loose }: WantedRow, { before, after }: Update): WantedRow {
  const more = after.flatMap((value, position) => (value === before[position] ? [] : [position]));
  return { image, loose: new Map([...more.map((position) => [position, []] as const), ...loose]) };
}

const rowOf = (table: number, image: RowImage): RowName => ({ table, id: Number(image[0]) });

const isOf = (change: RowChange, { table, id }: RowName): boolean =>
  change.table === table &&
  ((change.kind !== 'insert' && change.before[0] === id) || (change.kind !== 'delete' && change.after[0] === id));

/** Names of a table's columns, in the order of its images. */
export const columnsOf = (table: number): readonly string[] => TABLES[table]?.columns.map(({ name }) => name) ?? [];

/** The table of a name at the target. */
export const tableName = (table: number): string => `${TABLES[table]?.schema ?? ''}.${TABLES[table]?.table ?? ''}`;

function isSame(found: SqlRow | null, wanted: RowImage | null, columns: readonly string[]): boolean {
  if (found === null || wanted === null) return found === wanted;
  return columns.every((name, position) => found[name] === wanted[position]);
}
