import { describe, expect, it } from '@jest/globals';
import type { ColumnDefinition, TableDefinition } from '@lutra/model';
import { isSequence } from '../src/is-sequence.ts';

const integer = (name: string, declared = 'bigint(21)'): ColumnDefinition => ({
  name,
  kind: 'integer',
  declared,
  nullable: false,
});
const columns = [
  ...['next_not_cached_value', 'minimum_value', 'maximum_value', 'start_value', 'increment'].map((name) =>
    integer(name),
  ),
  integer('cache_size', 'bigint(21) unsigned'),
  integer('cycle_option', 'tinyint(1) unsigned'),
  integer('cycle_count'),
];
const table = (of: Partial<TableDefinition>): TableDefinition => ({
  schema: 's',
  table: 'q',
  columns,
  primaryKey: [],
  ...of,
});

describe('a sequence', () => {
  it('is told by all its columns', () => {
    expect(isSequence(table({}))).toBe(true);
  });

  it.each<[string, Partial<TableDefinition>]>([
    ['has a primary key', { primaryKey: [0] }],
    ['has one column more', { columns: [...columns, integer('n')] }],
    ['has one column less', { columns: columns.slice(1) }],
    ['has them in another order', { columns: columns.toReversed() }],
    ['allows NULL', { columns: columns.map((column) => ({ ...column, nullable: true })) }],
    ['has other types', { columns: columns.map((column) => ({ ...column, declared: 'int' })) }],
  ])('is no table that %s', (_what, of) => {
    expect(isSequence(table(of))).toBe(false);
  });
});
