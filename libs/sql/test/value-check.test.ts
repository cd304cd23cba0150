import { describe, expect, it } from '@jest/globals';
import type { ColumnDefinition, ColumnKind, ColumnValue } from '@lutra/model';
import { changesSilently } from '../src/changes-silently.ts';
import type { TargetColumn } from '../src/target-table.ts';
import { valueCheck } from '../src/value-check.ts';
import { column } from './target-fixture.ts';

const text = (declared: string, more: Partial<ColumnDefinition> = {}): ColumnDefinition =>
  column('c', 'text', declared, { charset: 'utf8mb4', ...more });
const varchar = (length: number, charset = 'utf8mb4'): ColumnDefinition =>
  text(`varchar(${String(length)})`, { length, charset });
const of = (kind: ColumnKind, declared: string, more: Partial<ColumnDefinition> = {}): ColumnDefinition =>
  column('c', kind, declared, more);

function target(columnType: string, charset: string | null = null): TargetColumn {
  const [dataType = ''] = /^\w+/.exec(columnType) ?? [];
  const plain = { name: 'c', nullable: true, generated: false, needsValue: false, collation: null, paddedBytes: null };
  return { ...plain, dataType, columnType, charset };
}

describe('what is written without a look at the values', () => {
  it.each([
    [text('text'), target('mediumtext', 'utf8mb4')],
    [text('text', { charset: 'latin1' }), target('mediumtext', 'utf8mb4')],
    [text('text'), target('text', 'utf8mb4')],
    [text('text', { charset: 'utf8mb3' }), target('text', 'utf8mb4')],
    [text('uuid'), target('char(36)', 'ascii')],
    [varchar(60), target('tinytext', 'utf8mb4')],
    [varchar(255), target('tinytext', 'latin1')],
    [varchar(255), target('text', 'utf8mb4')],
    [varchar(40, 'latin1'), target('varchar(40)', 'utf8mb4')],
    [text('char(9)', { length: 9 }), target('char(9)', 'utf8mb4')],
    [of('binary', 'varbinary(255)', { length: 255 }), target('tinytext', 'utf8mb4')],
    [of('binary', 'vector(3)'), target('vector(3)')],
    [of('binary', 'varbinary(12)', { length: 12 }), target('vector(3)')],
    [of('integer', 'bigint unsigned', { bytes: 8, unsigned: true }), target('bit(64)')],
    [of('enum', "enum('1')", { labels: ['1'] }), target("enum('1','2')")],
  ])('%j into %j', (source, into) => {
    expect([changesSilently(source, into), valueCheck(source, into)]).toEqual([false, null]);
  });
});

describe('values that are told', () => {
  const blanks = ' '.repeat(100);
  type Case = readonly [ColumnDefinition, TargetColumn, readonly ColumnValue[], readonly ColumnValue[]];
  it.each<Case>([
    [varchar(36), target('char(36)', 'utf8mb4'), ['a', ' a', null], ['a ']],
    [
      varchar(255),
      target('tinytext', 'utf8mb4'),
      [`a${blanks}${blanks}`, 'é'.repeat(200)],
      [`${'é'.repeat(100)}${blanks}`],
    ],
    [text('tinytext', { charset: 'latin1' }), target('tinytext', 'utf8mb4'), ['é '], [`${'é'.repeat(100)}${blanks}`]],
    [varchar(255), target('tinytext', 'utf16'), ['a '], [`a${blanks}${blanks}`]],
    [varchar(9), target('varchar(5)', 'utf8mb4'), ['𝒳𝒳𝒳𝒳 '], ['𝒳𝒳𝒳𝒳𝒳 ']],
    [varchar(36), target('bigint'), ['0', '-12', null], ['', '007', '1e3', ' 7', '-0', '9007199254740993']],
    [varchar(36), target('decimal(9,2)'), ['0.00', '-0.01', '12.50'], ['1', '5.', '1.5', '-0.00', '.50', '1.500']],
    [varchar(36), target('date'), ['2024-01-31', '0000-00-00'], ['2024-1-31', '20240131', '2024-01-31 00:00:00']],
    [varchar(36), target('datetime(3)'), ['2024-01-31 10:11:12.654'], ['2024-01-31 10:11:12', '2024-01-31']],
    [varchar(36), target('inet6'), ['::1', 'fe80::1'], ['FE80::1', '::a00:1', 'fe80:0:0:0:0:0:0:1']],
    [of('integer', 'smallint', { bytes: 2 }), target('year'), [0, 1901, 2155, null], [1, 70, 1900, 2156]],
    [of('integer', 'bigint', { bytes: 8 }), target('bit(64)'), [0n, 5n, null], [-1n]],
    [of('enum', "enum('1','3')", { labels: ['1', '3'] }), target("enum('1','2')"), ['1'], ['3']],
    [of('set', "set('a','3')", { labels: ['a', '3'] }), target("set('a','b')"), ['a', ''], ['a,3']],
    [
      of('binary', 'binary(2)', { length: 2 }),
      target('blob'),
      [new Uint8Array([1, 2]), new Uint8Array([1, 0])],
      [new Uint8Array([1])],
    ],
  ])('%j into %j', (source, into, kept, told) => {
    const check = valueCheck(source, into);
    expect(changesSilently(source, into)).toBe(false);
    expect(kept.filter((value) => check?.(value) === true)).toEqual([]);
    expect(told.filter((value) => check?.(value) !== true)).toEqual([]);
  });

  it('refuses numbers with zeros before them whatever they are', () => {
    expect(changesSilently(varchar(36), target('int(10) unsigned zerofill'))).toBe(true);
  });

  it('refuses texts as the numbers of a column that may be the key', () => {
    expect(changesSilently(varchar(36), { ...target('int'), nullable: false })).toBe(true);
  });
});
