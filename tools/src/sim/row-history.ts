import type { RowImage } from '@lutra/model';
import { initialState, isBefore, TABLES } from './source-log.ts';
import type { LogPoint, SourceLog } from './source-log.ts';
import type { SqlRow } from './sql-expression.ts';

/** A row of the source: its table by number, and its id. */
export interface RowName {
  readonly table: number;
  readonly id: number;
}

export const nameOf = ({ table, id }: RowName): string => `${String(table)}|${String(id)}`;

/** What every row of the source was at every point of its log. */
export class RowHistory {
  /** By row, in order: the point behind a change, and what the change made of the row. */
  private readonly versions = new Map<string, { readonly point: LogPoint; readonly image: RowImage | null }[]>();
  private readonly changes: { readonly point: LogPoint; readonly rows: readonly RowName[] }[] = [];
  private read = 0;

  constructor(private readonly log: SourceLog) {
    for (const [table, rows] of initialState().entries())
      for (const [id, image] of rows)
        this.versions.set(nameOf({ table, id }), [{ point: { done: 0, event: 0 }, image }]);
  }

  /** The row at a point; null when there is none. */
  at(row: RowName, point: LogPoint): RowImage | null {
    this.catchUp();
    const version = this.versions.get(nameOf(row))?.findLast((each) => !isBefore(point, each.point));
    return version?.image ?? null;
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

  /** Every row that there is at the point. */
  rowsAt(point: LogPoint): readonly (RowName & { readonly image: RowImage })[] {
    this.catchUp();
    return [...this.versions.keys()].flatMap((name) => {
      const [table = 0, id = 0] = name.split('|').map(Number);
      const image = this.at({ table, id }, point);
      return image === null ? [] : [{ table, id, image }];
    });
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

  private catchUp(): void {
    for (; this.read < this.log.size; this.read += 1) {
      const changes = this.log.transactions[this.read]?.changes ?? [];
      for (const [index, change] of changes.entries()) {
        const isLast = index === changes.length - 1;
        const point = isLast ? { done: this.read + 1, event: 0 } : { done: this.read, event: index + 1 };
        const before = change.kind === 'insert' ? null : { table: change.table, id: Number(change.before[0]) };
        const after = change.kind === 'delete' ? null : { table: change.table, id: Number(change.after[0]) };
        if (before !== null) this.note(before, point, null);
        if (after !== null && change.kind !== 'delete') this.note(after, point, change.after);
        this.changes.push({ point, rows: [before, after].filter((row) => row !== null) });
      }
    }
  }

  private note(row: RowName, point: LogPoint, image: RowImage | null): void {
    const name = nameOf(row);
    const known = this.versions.get(name) ?? [];
    const last = known.at(-1);
    // An update of a row is one version, not two.
    if (last !== undefined && !isBefore(last.point, point)) known[known.length - 1] = { point, image };
    else known.push({ point, image });
    this.versions.set(name, known);
  }
}

/** The table of a name at the target. */
export const tableName = (table: number): string => `${TABLES[table]?.schema ?? ''}.${TABLES[table]?.table ?? ''}`;

/** Whether the target's row is the source's. */
export function isSame(found: SqlRow | null, wanted: RowImage | null, columns: readonly string[]): boolean {
  if (found === null || wanted === null) return found === wanted;
  return columns.every((name, position) => found[name] === wanted[position]);
}
