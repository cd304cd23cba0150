import { describe, expect, it } from '@jest/globals';
import { defineTable } from '@lutra/sql';
import { judgeColumn } from '../../src/pre-check/judge-column.ts';
import type { Verdict } from '../../src/pre-check/judge-column.ts';
import { column, table } from './pre-check-facts.ts';

// Every type that a source may have against every type of a target: what is refused, changed or kept.

const TYPES = [
  ...['tinyint', 'smallint unsigned', 'mediumint', 'int', 'int unsigned', 'bigint', 'bigint unsigned', 'decimal(10,2)'],
  ...['decimal(20,0) unsigned', 'float', 'double', 'bit(1)', 'bit(64)', 'year', 'date', 'time', 'time(6)', 'datetime'],
  ...[
    'datetime(3)',
    'timestamp',
    'timestamp(6)',
    'char(10)',
    'varchar(20)',
    'varchar(200)',
    'tinytext',
    'text',
    'longtext',
  ],
  ...[
    'binary(16)',
    'varbinary(16)',
    'tinyblob',
    'blob',
    'longblob',
    "enum('a','b')",
    "enum('a','b','c')",
    "set('a','b')",
  ],
  ...['json', 'geometry', 'point', 'uuid', 'inet6', 'inet4'],
];

const verdictOf = (source: string, target: string): Verdict => {
  const [defined] = defineTable(table('t', [column('c', source)])).columns;
  if (defined === undefined) throw new Error('a table has its column');
  return judgeColumn(defined, column('c', target));
};

describe('judgeColumn', () => {
  it.each(TYPES)('%s is the same as itself, and has a verdict with every other type', (type) => {
    expect(verdictOf(type, type)).toBe('same');
    for (const other of TYPES) expect(verdictOf(type, other)).toMatch(/^(same|wider|narrower|incompatible)$/);
  });

  it.each<[string, string, Verdict]>([
    ['int', 'int(11)', 'same'],
    ['int', 'bigint', 'wider'],
    ['bigint', 'int', 'narrower'],
    ['int unsigned', 'int', 'narrower'],
    ['int', 'int unsigned', 'narrower'],
    ['int unsigned', 'bigint', 'wider'],
    ['int', 'decimal(10,0)', 'wider'],
    ['bigint', 'decimal(10,0)', 'narrower'],
    ['int', 'varchar(11)', 'wider'],
    ['int', 'varchar(5)', 'narrower'],
    ['bigint', 'double', 'incompatible'],
    ['int', 'double', 'wider'],
    ['int', 'date', 'incompatible'],
    ['int', 'geometry', 'incompatible'],
    ['decimal(10,2)', 'decimal(12,4)', 'wider'],
    ['decimal(10,2)', 'decimal(11,4)', 'narrower'],
    ['decimal(10,2)', 'decimal(14,4)', 'wider'],
    ['decimal(10,2)', 'decimal(10,1)', 'incompatible'],
    ['decimal(10,2)', 'double', 'incompatible'],
    ['float', 'double', 'wider'],
    ['double', 'float', 'incompatible'],
    ['datetime(6)', 'datetime', 'incompatible'],
    ['datetime', 'datetime(6)', 'wider'],
    ['datetime', 'timestamp', 'narrower'],
    ['timestamp', 'datetime', 'wider'],
    ['date', 'datetime', 'wider'],
    ['datetime', 'date', 'incompatible'],
    ['varchar(20)', 'varchar(40)', 'wider'],
    ['varchar(40)', 'varchar(20)', 'narrower'],
    ['varchar(20)', 'text', 'wider'],
    ['text', 'varchar(200)', 'narrower'],
    ['text', 'longtext', 'wider'],
    ['longtext', 'text', 'narrower'],
    ['longtext', 'json', 'narrower'],
    ['json', 'longtext', 'wider'],
    ['json', 'int', 'incompatible'],
    ['varbinary(16)', 'varbinary(32)', 'wider'],
    ['blob', 'varbinary(16)', 'narrower'],
    ['binary(16)', 'binary(8)', 'incompatible'],
    ["enum('a','b')", "enum('b','a','c')", 'wider'],
    ["enum('a','b','c')", "enum('a','b')", 'narrower'],
    ["enum('a','b')", 'varchar(1)', 'wider'],
    ["set('a','b')", "enum('a','b')", 'incompatible'],
    ['point', 'geometry', 'wider'],
    ['geometry', 'point', 'narrower'],
    ['uuid', 'char(36)', 'wider'],
    ['uuid', 'varchar(20)', 'narrower'],
    ['bit(8)', 'tinyint unsigned', 'wider'],
    ['year', 'int', 'wider'],
    ['time(6)', 'time', 'incompatible'],
  ])('%s into %s is %s', (source, target, verdict) => {
    expect(verdictOf(source, target)).toBe(verdict);
  });
});
