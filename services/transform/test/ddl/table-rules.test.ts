// Goal: columns that appear are carried over as the policy says; schema statements follow patterns of schemas, and take no rows
// away from tables that others share. Method: tables of statements and what the target gets.
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS, SyncError } from '@lutra/model';
import type { DdlKind, MappingDefinition, PipelineDefinition, TableName } from '@lutra/model';
import { addedColumns, withoutAddedColumns } from '../../src/ddl/added-columns.ts';
import { planStatement } from '../../src/ddl/plan-statement.ts';

const all = { columns: { mode: 'all' as const } };
const one: MappingDefinition = {
  ...{ id: 'm', source: { schema: 'shop', table: { exact: 't' } }, target: { schema: 'copy' } },
  ...all,
};

function plan(
  text: string,
  kind: DdlKind,
  tables: readonly TableName[],
  { mappings, schemaEvolution = 'add' }: Pick<PipelineDefinition, 'mappings'> & { readonly schemaEvolution?: string },
): readonly string[] | string {
  const parameters = { ...DEFAULT_PARAMETERS, schemaEvolution };
  const definition = { id: 'p', mappings, parameters } as unknown as PipelineDefinition;
  const statement = {
    ...({ kind, text, tables, schema: tables[0]?.schema ?? '', flavour: 'mysql', ghost: null } as const),
    ...{ sqlMode: '', foreignKeyChecks: true, explicitDefaultsForTimestamp: null },
  };
  try {
    return planStatement({ statement, definition, transaction: 'g:1' }).map((target) => target.text);
  } catch (error) {
    const { code, details } = SyncError.of(error);
    return details['columns'] === undefined ? code : `${code} ${JSON.stringify(details['columns'])}`;
  }
}

describe('columns that an ALTER TABLE adds', () => {
  it.each<[string, readonly string[], string | null]>([
    ['ALTER TABLE t ADD a INT', ['a'], ''],
    [
      "ALTER TABLE `x`.`t` ADD COLUMN IF NOT EXISTS `a b` INT FIRST, ADD COLUMN c ENUM('x','y') AFTER `a b`",
      ['a b', 'c'],
      '',
    ],
    ['ALTER TABLE t ADD (a INT, b DECIMAL(3,1), INDEX (a))', ['a', 'b'], ''],
    ['ALTER TABLE t ADD a INT, ALGORITHM=INPLACE, LOCK=NONE', ['a'], ''],
    ['ALTER TABLE t ADD a INT, DROP COLUMN b', ['a'], 'ALTER TABLE t DROP COLUMN b'],
    ['ALTER TABLE t DROP b /* , */, ADD a INT, MODIFY c BIGINT', ['a'], 'ALTER TABLE t DROP b, MODIFY c BIGINT'],
    ['ALTER TABLE t ADD a INT, ADD INDEX i (a)', ['a'], null],
    ['ALTER TABLE t ADD a INT, MODIFY b INT AFTER a', ['a'], null],
    ['ALTER TABLE t ADD INDEX i (a), ADD UNIQUE (b)', [], 'ALTER TABLE t ADD INDEX i (a), ADD UNIQUE (b)'],
    ['CREATE TABLE t (a INT)', [], 'CREATE TABLE t (a INT)'],
  ])('%s', (text, added, left) => {
    expect(addedColumns(text)).toEqual(added);
    expect(withoutAddedColumns(text)).toBe(left);
  });
});

describe('a column that appears', () => {
  const except: MappingDefinition = { ...one, columns: { mode: 'except', names: ['secret'], renames: [] } };
  const list: MappingDefinition = { ...one, columns: { mode: 'list', columns: [{ source: 'id', target: 'id' }] } };
  it.each<[string, MappingDefinition, string, string, readonly string[] | string]>([
    ['add', one, 'add', 'ADD a INT', ['ALTER TABLE `copy`.`t` ADD a INT']],
    ['ignore', one, 'ignore', 'ADD a INT', []],
    ['ignore the column alone', one, 'ignore', 'ADD a INT, DROP b', ['ALTER TABLE `copy`.`t` DROP b']],
    ['ignore what something else needs', one, 'ignore', 'ADD a INT, ADD INDEX (a)', 'MAPPING_DDL_UNCLEAR'],
    ['ignore changes others', one, 'ignore', 'MODIFY a BIGINT', ['ALTER TABLE `copy`.`t` MODIFY a BIGINT']],
    ['fail', one, 'fail', 'ADD a INT, ADD (b INT)', 'MAPPING_COLUMN_ADDED "a, b"'],
    ['fail for others only', one, 'fail', 'DROP a', ['ALTER TABLE `copy`.`t` DROP a']],
    ['fail but for the excluded', except, 'fail', 'ADD Secret INT', []],
    ['fail with exceptions', except, 'fail', 'ADD a INT', 'MAPPING_COLUMN_ADDED "a"'],
    ['nothing for a list', list, 'fail', 'ADD a INT', []],
  ])('%s', (_what, mapping, schemaEvolution, parts, expected) => {
    const tables = [{ schema: 'shop', table: 't' }];
    expect(plan(`ALTER TABLE t ${parts}`, 'alter', tables, { mappings: [mapping], schemaEvolution })).toEqual(expected);
  });
});

describe('patterns of schemas', () => {
  const source = { schema: { regex: 'shop_(\\d+)' }, table: { regex: '.*' } };
  const kept: MappingDefinition = { id: 'k', source, target: { schema: 'copy_$s1' }, ...all };
  const merged: MappingDefinition = { id: 'm', source, target: { schema: 'copy' }, ...all };
  const tables = [{ schema: 'shop_7', table: 't' }];
  const database = [{ schema: 'shop_7', table: '' }];
  it.each<[string, MappingDefinition, DdlKind, readonly string[] | string]>([
    ['ALTER TABLE t ADD a INT', kept, 'alter', ['ALTER TABLE `copy_7`.`t` ADD a INT']],
    ['ALTER TABLE t ADD a INT', merged, 'alter', ['ALTER TABLE `copy`.`t` ADD a INT']],
    ['TRUNCATE TABLE t', kept, 'truncate', ['TRUNCATE TABLE `copy_7`.`t`']],
    ['TRUNCATE TABLE t', merged, 'truncate', 'MAPPING_DDL_UNCLEAR'],
    ['DROP TABLE t', merged, 'drop', 'MAPPING_DDL_UNCLEAR'],
    ['CREATE DATABASE shop_7', kept, 'database', ['CREATE DATABASE `copy_7`']],
    ['DROP DATABASE shop_7', kept, 'database', ['DROP DATABASE IF EXISTS `copy_7`']],
    ['DROP DATABASE shop_7', merged, 'database', 'MAPPING_DDL_UNCLEAR'],
  ])('%s', (text, mapping, kind, expected) => {
    expect(plan(text, kind, kind === 'database' ? database : tables, { mappings: [mapping] })).toEqual(expected);
  });

  it('a table that one of several mappings fills is not dropped with its source', () => {
    const into = (table: string): MappingDefinition => ({
      ...{ id: table, source: { schema: 'shop', table: { exact: table } }, target: { schema: 'copy', table: 'x' } },
      ...all,
    });
    const mappings = [into('a'), into('b')];
    const named = [{ schema: 'shop', table: 'a' }];
    expect(plan('DROP TABLE a', 'drop', named, { mappings })).toBe('MAPPING_DDL_UNCLEAR');
    expect(plan('DROP DATABASE shop', 'database', [{ schema: 'shop', table: '' }], { mappings })).toBe(
      'MAPPING_DDL_UNCLEAR',
    );
    expect(plan('CREATE TABLE b (id INT)', 'create', [{ schema: 'shop', table: 'b' }], { mappings })).toEqual([
      'CREATE TABLE `copy`.`x` (id INT)',
    ]);
  });
});
