import type { ColumnValue, RowImage } from '@lutra/model';
import type { WritableRow, PlannedRow, PlannedStatement } from '../../src/plan/planned-statement.ts';

/** The server refuses the statement, all of it. */
export class Refused extends Error {}

export type Row = ColumnValue[];

/** What a table is for the reference. Columns by position; text compares without case, as in a _ci collation. */
export interface ReferenceShape {
  readonly name: string;
  readonly key: readonly number[];
  /** Other unique indexes; a NULL in one clashes with nothing. */
  readonly uniques: readonly (readonly number[])[];
  /** Rows go with their parent, and with its key: ON DELETE CASCADE ON UPDATE CASCADE. */
  readonly parent?: { readonly table: string; readonly column: number };
}

/** Tables in memory that do what InnoDB does: check every row of a statement at once, and undo the statement that fails. */
export class ReferenceDatabase {
  private readonly tables = new Map<string, Row[]>();

  constructor(readonly shapes: readonly ReferenceShape[]) {
    for (const { name } of shapes) this.tables.set(name, []);
  }

  clone(): ReferenceDatabase {
    const copy = new ReferenceDatabase(this.shapes);
    for (const [name, rows] of this.tables)
      copy.tables.set(
        name,
        rows.map((row) => [...row]),
      );
    return copy;
  }

  /** What the other one holds, and nothing else; the other one is not used any more. */
  replaceBy(other: ReferenceDatabase): void {
    for (const [name, rows] of other.tables) this.tables.set(name, rows);
  }

  /** Rows in the order of their keys. */
  dump(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries([...this.tables].map(([name, rows]) => [name, rows.map((row) => row.join('|')).sort()]));
  }

  rows(table: string): readonly Row[] {
    return this.tables.get(table) ?? [];
  }

  /** A statement as it was planned. An update that misses a row inserts it, as `overwrite` does. */
  write(statement: PlannedStatement): void {
    const checks = statement.statement.sql.includes('foreign_key_checks=1');
    this.undoing(() => {
      for (const row of statement.rows) this.writeRow(row, statement, checks);
    });
  }

  insert(table: string, row: Row): void {
    this.undoing(() => {
      this.refuseClash(table, row, null);
      this.refuseOrphan(table, row);
      this.tables.get(table)?.push(row);
    });
  }

  update(table: string, row: Row, after: Row): void {
    this.undoing(() => {
      this.refuseClash(table, after, row);
      this.refuseOrphan(table, after);
      this.assign(table, row, after);
    });
  }

  delete(table: string, row: Row): void {
    this.remove(table, row, true);
  }

  find(table: string, image: RowImage): Row | undefined {
    const { key } = this.shape(table);
    return this.rows(table).find((row) => same(key, row, image));
  }

  private writeRow(planned: PlannedRow, { kind, writer }: PlannedStatement, checks: boolean): void {
    const { table } = writer.definition;
    const { change } = planned;
    if (change.kind !== kind) throw new Error('A statement mixes kinds');
    switch (change.kind) {
      case 'insert':
        this.upsert(table, change.after, { width: writer.columns.length, checks });
        break;
      case 'delete': {
        const row = this.find(table, change.before);
        if (row !== undefined) this.remove(table, row, checks);
        break;
      }
      case 'update': {
        const row = this.find(table, change.before);
        if (row === undefined) {
          if (!isWhole(change.after)) throw new Refused('row missing');
          this.upsert(table, change.after, { width: writer.columns.length, checks });
          break;
        }
        const after = [...row];
        for (const { position } of planned.columns) after[position] = change.after[position] ?? null;
        this.refuseClash(table, after, row);
        if (checks) this.refuseOrphan(table, after);
        this.assign(table, row, after, checks);
      }
    }
  }

  /** The guard of the statement: never another row than the one with this key. A partial image is a plain insert. */
  private upsert(
    table: string,
    image: RowImage,
    { width, checks }: { readonly width: number; readonly checks: boolean },
  ): void {
    const row: Row = Array.from({ length: width }, (_, position) => image[position] ?? null);
    if (checks) this.refuseOrphan(table, row);
    const clash = this.clashOf(table, row, null);
    if (clash === undefined) {
      this.tables.get(table)?.push(row);
      return;
    }
    if (!isWhole(image) || !same(this.shape(table).key, clash, row)) throw new Refused('duplicate');
    this.refuseClash(table, row, clash);
    for (const [position, value] of row.entries()) clash[position] = value;
  }

  private assign(table: string, row: Row, after: Row, checks = true): void {
    const [key] = row;
    for (const [position, value] of after.entries()) row[position] = value;
    if (!checks || key === undefined || key === row[0]) return;
    for (const { name, parent } of this.shapes) {
      if (parent?.table !== table) continue;
      for (const child of this.rows(name)) if (child[parent.column] === key) child[parent.column] = row[0] ?? null;
    }
  }

  private remove(table: string, row: Row, checks: boolean): void {
    const rows = this.tables.get(table) ?? [];
    rows.splice(rows.indexOf(row), 1);
    if (!checks) return;
    for (const { name, parent } of this.shapes) {
      if (parent?.table !== table) continue;
      for (const child of [...this.rows(name)].filter((each) => each[parent.column] === row[0]))
        this.remove(name, child, true);
    }
  }

  private refuseOrphan(table: string, row: Row): void {
    const { parent } = this.shape(table);
    const id = parent === undefined ? null : (row[parent.column] ?? null);
    if (parent !== undefined && id !== null && this.find(parent.table, [id]) === undefined) throw new Refused('orphan');
  }

  private refuseClash(table: string, row: Row, own: Row | null): void {
    if (this.clashOf(table, row, own) !== undefined) throw new Refused('duplicate');
  }

  private clashOf(table: string, row: Row, own: Row | null): Row | undefined {
    const { key, uniques } = this.shape(table);
    for (const index of [key, ...uniques]) {
      if (index.some((position) => row[position] === null)) continue;
      const clash = this.rows(table).find((each) => each !== own && same(index, each, row));
      if (clash !== undefined) return clash;
    }
    return undefined;
  }

  private shape(table: string): ReferenceShape {
    const shape = this.shapes.find(({ name }) => name === table);
    if (shape === undefined) throw new Error(`No table ${table}`);
    return shape;
  }

  private undoing(work: () => void): void {
    const before = this.clone();
    try {
      work();
    } catch (error) {
      for (const [name, rows] of before.tables) this.tables.set(name, rows);
      throw error;
    }
  }
}

const isWhole = (image: RowImage): boolean => [...image].every((value) => value !== undefined);

/** As a collation without case and accents compares. */
export const collated = (value: ColumnValue | undefined): ColumnValue | undefined =>
  typeof value === 'string' ? value.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase() : value;

const same = (index: readonly number[], one: RowImage, other: RowImage): boolean =>
  index.every((position) => collated(one[position]) === collated(other[position]));

/** In the order in which the source wrote them. */
export type History = readonly WritableRow[];
