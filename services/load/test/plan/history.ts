import fc from 'fast-check';
import type { ColumnDefinition, ColumnValue, RowChange, RowImage, TableDefinition } from '@lutra/model';
import { compileTableWriter, foreignKeyTable, foreignKeyTies } from '@lutra/sql';
import type { ForeignKeyEdge, TableWriter } from '@lutra/sql';
import type { WritableRow } from '../../src/plan/planned-statement.ts';
import { receivedOne } from '../received.ts';
import { ReferenceDatabase, Refused } from './reference-table.ts';
import type { ReferenceShape, Row } from './reference-table.ts';

/** Columns of every table: the key, a unique number, a unique pair, and two that are plain. */
export const COLUMNS = ['id', 'u', 'v', 'w', 'a', 'b'] as const;
const WIDTH = COLUMNS.length;

/** By the key's type; plain has no other unique index; children have parents and go with them. */
export const SHAPES: readonly ReferenceShape[] = [
  { name: 'number', key: [0], uniques: [[1], [2, 3]] },
  { name: 'text', key: [0], uniques: [[1], [2, 3]] },
  { name: 'plain', key: [0], uniques: [] },
  { name: 'parent', key: [0], uniques: [] },
  { name: 'child', key: [0], uniques: [], parent: { table: 'parent', column: 4 } },
];

const tableOf = (table: string): string => foreignKeyTable({ schema: 's', table });
const EDGES: readonly ForeignKeyEdge[] = [{ child: tableOf('child'), parent: tableOf('parent'), changesRows: true }];

/** `schema`: s in memory, a database's name on a server. */
export function definitionOf(name: string, schema = 's'): TableDefinition {
  return {
    schema,
    table: name,
    primaryKey: [0],
    columns: COLUMNS.map((column): ColumnDefinition => ({
      name: column,
      kind: typeOf(name, column) === 'int' ? 'integer' : 'text',
      declared: typeOf(name, column),
      nullable: column !== 'id',
      ...(typeOf(name, column) === 'int' ? { bytes: 4 } : { charset: 'utf8mb4', length: 20 }),
    })),
  };
}

const typeOf = (table: string, column: string): string =>
  (table === 'text' && column === 'id') || column === 'b' ? 'varchar' : 'int';

function writerOf(name: string): TableWriter {
  const schema = 's';
  const hasUniques = name === 'number' || name === 'text';
  const target = (column: string, dataType: string, nullable: boolean) => {
    const isString = dataType === 'varchar';
    return {
      name: column,
      dataType,
      columnType: dataType,
      nullable,
      generated: false,
      needsValue: false,
      charset: isString ? 'utf8mb4' : null,
      collation: isString ? 'utf8mb4_general_ci' : null,
      paddedBytes: null,
    };
  };
  const index = (indexName: string, columns: readonly string[]) => ({
    name: indexName,
    columns,
    isExact: true,
    isNotNull: indexName === 'PRIMARY',
  });
  const primary = index('PRIMARY', ['id']);
  const tie = foreignKeyTies(EDGES, 'trust').get(tableOf(name));
  return compileTableWriter(definitionOf(name), {
    schema,
    table: name,
    columns: new Map(COLUMNS.map((column) => [column, target(column, typeOf(name, column), column !== 'id')])),
    key: primary,
    uniqueKeys: hasUniques ? [primary, index('by_u', ['u']), index('by_vw', ['v', 'w'])] : [primary],
    indexed: new Set(),
    triggers: [],
    engine: 'InnoDB',
    rowEstimate: null,
    statement: '',
    ...(tie === undefined ? {} : { foreignKeys: { trust: tie } }),
  });
}

/** What somebody does at the source: numbers choose rows and values. */
export interface Operation {
  readonly table: string;
  /**
   * rekey and recase change the key; give takes the unique values of a row away and gives them to the next one, swap
   * exchanges them over a third value; replace deletes the row and inserts it under another key.
   */
  readonly kind: (typeof KINDS)[number];
  readonly pick: number;
  readonly key: number;
  /** New values; undefined = left as it is. */
  readonly values: readonly (number | null | undefined)[];
  readonly image: 'full' | 'minimal';
}

const KINDS = ['insert', 'update', 'delete', 'rekey', 'recase', 'give', 'swap', 'replace'] as const;
const value = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 9 }), weight: 6 },
  { arbitrary: fc.constant(null), weight: 2 },
  fc.constant(undefined),
);

const operation = (
  tables: readonly string[],
  kinds: readonly Operation['kind'][],
  images: readonly Operation['image'][],
) =>
  fc.record<Operation>({
    table: fc.constantFrom(...tables),
    kind: fc.constantFrom('insert', 'insert', 'update', ...kinds),
    pick: fc.nat({ max: 20 }),
    key: fc.nat({ max: 7 }),
    values: fc.tuple(value, value, value, value, value),
    image: fc.constantFrom(...images),
  });

/** All kinds, one table or all of them, whole images or partial ones too. */
export const operations = fc
  .record({
    tables: fc.constantFrom(
      ['number'],
      ['text'],
      ['plain'],
      ['parent', 'child'],
      SHAPES.map(({ name }) => name),
    ),
    kinds: fc.constantFrom<readonly Operation['kind'][]>(
      KINDS,
      ['update', 'delete'],
      ['update', 'give', 'replace', 'delete'],
    ),
    images: fc.constantFrom<readonly Operation['image'][]>(['full'], ['full', 'minimal']),
  })
  .chain(({ tables, kinds, images }) =>
    fc.array(operation(tables, kinds, images), { minLength: 4, maxLength: 40, size: 'max' }),
  );

/** What somebody else does to the same tables meanwhile, in a few goes. */
export const otherOperations = (done: readonly Operation[]): fc.Arbitrary<readonly (readonly Operation[])[]> => {
  const tables = [...new Set(done.map(({ table }) => table))];
  const go = fc.array(operation(tables, ['update', 'delete', 'give'], ['full']), { maxLength: 6 });
  return fc.array(go, { minLength: 1, maxLength: 3 });
};

export interface PlayedHistory {
  readonly rows: readonly WritableRow[];
  /** The source before the first row, and after each. */
  readonly states: readonly ReferenceDatabase[];
}

const TEXT_KEYS = ['a', 'A', 'b', 'c', 'i', 'j', 'é', 'e'];

export const WRITERS: ReadonlyMap<string, TableWriter> = new Map(SHAPES.map(({ name }) => [name, writerOf(name)]));

/** Does what the operations say as far as the source allows it, and logs it as the source would. */
export function play(
  done: readonly Operation[],
  writers: ReadonlyMap<string, TableWriter> = WRITERS,
  source = new ReferenceDatabase(SHAPES),
): PlayedHistory {
  const rows: WritableRow[] = [];
  const states = [source.clone()];
  for (const [index, operation] of done.entries()) {
    const writer = writers.get(operation.table);
    if (writer === undefined) continue;
    const transaction = { seq: index + 1, gtid: `u:${String(index + 1)}`, firstEvent: 0, commitMs: 0, isLast: true };
    for (const step of stepsOf(source, operation)) {
      try {
        rows.push({
          writer,
          change: receivedOne({ ...step(), event: rows.length }),
          origin: { process: index + 1, transaction, serverUuid: 'a' },
        });
        states.push(source.clone());
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
  }
  return { rows, states };
}

const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
/** A value of the unique number that rows have only for a moment. */
const THIRD = 99;

type SourceStep = () => RowChange;

function stepsOf(source: ReferenceDatabase, operation: Operation): readonly SourceStep[] {
  const { table, kind, key, pick, values } = operation;
  const id = table === 'text' ? (TEXT_KEYS[key] ?? 'a') : key;
  const inserted =
    (row: Row): SourceStep =>
    () => {
      source.insert(table, row);
      return { ...place, kind: 'insert', after: [...row] };
    };
  if (kind === 'insert') return [inserted(assigned([id, null, null, null, null, null], values))];
  // By key: the order in which they came to be is none of the table's.
  const rows = source.rows(table).toSorted((one, two) => (String(one[0]) < String(two[0]) ? -1 : 1));
  const [row, other] = [rows[pick % Math.max(1, rows.length)], rows[(pick + 1) % Math.max(1, rows.length)]];
  if (row === undefined || other === undefined) return [];
  const update =
    (of: Row, after: (before: Row) => Row): SourceStep =>
    () =>
      updated(source, operation, of, after([...of]));
  const remove: SourceStep = () => {
    const before = [...row];
    source.delete(table, row);
    return { ...place, kind: 'delete', before: operation.image === 'full' ? before : onlyKey(before) };
  };
  const [u, taken] = [row[1] ?? null, other[1] ?? null];
  const unique = (each: ColumnValue) => (before: Row) => before.with(1, each);
  switch (kind) {
    case 'update':
      return [update(row, (before) => assigned(before, values))];
    case 'delete':
      return [remove];
    case 'rekey':
      return [update(row, (before) => before.with(0, id))];
    case 'recase':
      return [update(row, (before) => before.with(0, swapCase(before[0] ?? null)))];
    case 'give':
      return [update(row, unique(null)), update(other, unique(u))];
    case 'swap':
      return [update(row, unique(THIRD)), update(other, unique(u)), update(row, unique(taken))];
    case 'replace':
      return [remove, inserted(row.with(0, id))];
  }
}

function updated(source: ReferenceDatabase, { table, image }: Operation, row: Row, after: Row): RowChange {
  const before = [...row];
  source.update(table, row, after);
  if (image === 'full') return { ...place, kind: 'update', before, after };
  const changed: RowImage = after.map((each, position) => (each === before[position] ? undefined : each));
  return { ...place, kind: 'update', before: onlyKey(before), after: changed };
}

const swapCase = (key: ColumnValue): ColumnValue =>
  typeof key !== 'string' ? key : key === key.toLowerCase() ? key.toUpperCase() : key.toLowerCase();

const onlyKey = (row: Row): RowImage => [row[0], ...Array.from({ length: WIDTH - 1 }, () => undefined)];

/** A child's parent is column a. */
function assigned(row: Row, values: Operation['values']): Row {
  for (const [index, each] of values.entries()) {
    if (each === undefined) continue;
    row[index + 1] = COLUMNS[index + 1] === 'b' && each !== null ? `b${String(each)}` : each;
  }
  return row;
}
