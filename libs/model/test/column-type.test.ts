import { describe, expect, it } from '@jest/globals';
import { readColumnType } from '@lutra/model';
import type { ColumnType } from '@lutra/model';

const text = (declared: string, more: Partial<ColumnType> = {}): ColumnType => ({
  kind: 'text',
  declared,
  charset: 'utf8mb4',
  ...more,
});

describe('readColumnType', () => {
  it.each<[string, ColumnType]>([
    ['bigint unsigned', { kind: 'integer', declared: 'bigint unsigned', bytes: 8, unsigned: true }],
    ['INT(11)', { kind: 'integer', declared: 'int', bytes: 4, unsigned: false }],
    ['integer', { kind: 'integer', declared: 'int', bytes: 4, unsigned: false }],
    ['boolean', { kind: 'integer', declared: 'tinyint(1)', bytes: 1, unsigned: false }],
    ['tinyint(1)', { kind: 'integer', declared: 'tinyint(1)', bytes: 1, unsigned: false }],
    ['mediumint zerofill', { kind: 'integer', declared: 'mediumint unsigned', bytes: 3, unsigned: true }],
    ['decimal', { kind: 'decimal', declared: 'decimal(10,0)', length: 10, scale: 0, unsigned: false }],
    ['Decimal( 12 , 2 )', { kind: 'decimal', declared: 'decimal(12,2)', length: 12, scale: 2, unsigned: false }],
    [
      'numeric(5) unsigned',
      { kind: 'decimal', declared: 'decimal(5,0) unsigned', length: 5, scale: 0, unsigned: true },
    ],
    ['double precision', { kind: 'double', declared: 'double', unsigned: false }],
    ['float', { kind: 'float', declared: 'float', unsigned: false }],
    ['bit', { kind: 'bit', declared: 'bit(1)', length: 1 }],
    ['bit(64)', { kind: 'bit', declared: 'bit(64)', length: 64 }],
    ['year(4)', { kind: 'year', declared: 'year' }],
    ['date', { kind: 'date', declared: 'date' }],
    ['time(3)', { kind: 'time', declared: 'time(3)', length: 3 }],
    ['datetime', { kind: 'datetime', declared: 'datetime', length: 0 }],
    ['timestamp(6)', { kind: 'timestamp', declared: 'timestamp(6)', length: 6 }],
    ['char', text('char(1)', { length: 1 })],
    ['varchar(20)', text('varchar(20)', { length: 20 })],
    ['varchar(20) CHARACTER SET Latin1', text('varchar(20)', { length: 20, charset: 'latin1' })],
    ['mediumtext charset gbk', text('mediumtext', { charset: 'gbk' })],
    ['binary(16)', { kind: 'binary', declared: 'binary(16)', length: 16 }],
    ['longblob', { kind: 'binary', declared: 'longblob' }],
    ['json', { kind: 'json', declared: 'json' }],
    [
      "enum('a','it''s','x)y,z')",
      { kind: 'enum', declared: "enum('a','it''s','x)y,z')", labels: ['a', "it's", 'x)y,z'], charset: 'utf8mb4' },
    ],
    [
      "SET( 'a' , 'b' ) charset latin1",
      { kind: 'set', declared: "set('a','b')", labels: ['a', 'b'], charset: 'latin1' },
    ],
    ["enum('a\\'b\\\\')", { kind: 'enum', declared: "enum('a''b\\\\')", labels: ["a'b\\"], charset: 'utf8mb4' }],
  ])('reads %s', (declared, expected) => {
    expect(readColumnType(declared)).toEqual(expected);
  });

  it.each([
    '',
    'number',
    'varchar',
    'varchar(70000)',
    'varchar(a)',
    'varchar(-1)',
    'decimal(66)',
    'decimal(5,6)',
    'decimal(40,31)',
    'decimal(1,2,3)',
    'bit(65)',
    'bit(0)',
    'datetime(7)',
    'date(3)',
    'int charset latin1',
    'varchar(5) unsigned',
    'json(5)',
    'text(5)',
    'boolean(1)',
    'double(5,2)',
    'enum',
    'enum()',
    "enum('a'",
    "enum('a',)",
    "enum('a' 'b')",
    'uuid',
    'point',
    'int; drop table x',
    'int not null',
    'constructor',
    '__proto__',
    'char(256)',
    'float(5)',
    'bigint(20,1)',
  ])('takes %j for no type', (declared) => {
    expect(readColumnType(declared)).toBeNull();
  });
});

it('does not look at quotes in more than one way', () => {
  expect(readColumnType(`enum('${"''".repeat(5_000)}x`)).toBeNull();
});
