import { describe, expect, it } from '@jest/globals';
import { compileFilled, compileSelection } from '@lutra/model';
import type { ColumnSelection, MappingRules } from '@lutra/model';

const LIST: ColumnSelection = {
  mode: 'list',
  columns: [
    { source: 'id', target: 'No' },
    { source: 'name', target: 'name' },
    { source: 'ID', target: 'second' },
  ],
};
const EXCEPT: ColumnSelection = {
  mode: 'except',
  names: ['NOTE'],
  renames: [
    { source: 'id', target: 'Key' },
    { source: 'old', target: 'Old' },
  ],
};

const AGGREGATE: MappingRules = {
  aggregate: { groupBy: [{ expression: 'region', target: 'region' }], count: 'rows', values: [] },
};

describe('compileSelection', () => {
  it.each<[string, ColumnSelection, string, string | null]>([
    ['every column as it is', { mode: 'all' }, 'Id', 'Id'],
    ['the first name that a list gives', LIST, 'Id', 'No'],
    ['nothing that a list does not name', LIST, 'note', null],
    ['nothing that is left out, in any case', EXCEPT, 'note', null],
    ['the other name of an exception', EXCEPT, 'ID', 'Key'],
    ['the rest beside exceptions', EXCEPT, 'Total', 'Total'],
  ])('takes %s', (_what, selection, column, expected) => {
    expect(compileSelection(selection)(column)).toBe(expected);
  });
});

describe('compileFilled', () => {
  it.each<[string, ColumnSelection, string, boolean]>([
    ['any column of the target, where all travel', { mode: 'all' }, 'x', true],
    ['a target of a list', LIST, 'no', true],
    ['no source of a list by its own name', LIST, 'id', false],
    ['no column that is left out', EXCEPT, 'note', false],
    ['the new name of an exception', EXCEPT, 'key', true],
    ['no exception by the name that it had', EXCEPT, 'id', false],
    ['an exception whose letters alone change', EXCEPT, 'old', true],
    ['the rest beside exceptions', EXCEPT, 'total', true],
  ])('may fill %s', (_what, selection, column, expected) => {
    expect(compileFilled({ columns: selection })(column)).toBe(expected);
  });

  it.each<[string, MappingRules, string, boolean]>([
    ['a computed column', { columns: [{ target: 'Sum', from: { kind: 'constant', value: 1 } }] }, 'sum', true],
    ['the element of a list', { rows: { explode: { column: 'tags', by: { kind: 'json' }, as: 'tag' } } }, 'tag', true],
    ['the flag of deleted rows', { rows: { softDelete: { column: 'gone', deleted: 1, present: 0 } } }, 'gone', true],
    ['a column that nobody names', { rows: { filter: 'id > 1' } }, 'gone', false],
    ['a group of an aggregation', AGGREGATE, 'region', true],
    ['no column of the selection beside an aggregation', AGGREGATE, 'no', false],
    ['whatever a processor may give', { processors: [{ name: 'p', settings: {} }] }, 'any', true],
  ])('may fill %s', (_what, rules, column, expected) => {
    expect(compileFilled({ columns: LIST, rules })(column)).toBe(expected);
  });
});
