import { expect, it } from '@jest/globals';
import type { DdlKind } from '@lutra/model';
import { tablesThatGo, tablesThatLoseRows } from '../../src/ddl/tables-that-lose-rows.ts';

const tables = ['t', 'u'].map((table) => ({ schema: 'shop', table }));

it.each<[DdlKind, string]>([
  ['drop', 'DROP TABLE IF EXISTS t'],
  ['truncate', 'TRUNCATE TABLE t'],
  ['rename', 'RENAME TABLE t TO u'],
  ['rename', 'ALTER TABLE t ADD COLUMN c INT, RENAME u'],
  ['database', 'DROP DATABASE IF EXISTS shop'],
  ['create', '/* again */ CREATE OR REPLACE TABLE t (id INT)'],
  ['alter', 'ALTER TABLE t TRUNCATE PARTITION p'],
  ['alter', 'ALTER TABLE t DROP PARTITION IF EXISTS p'],
  ['alter', 'alter table t exchange partition p with table u'],
  ['alter', 'ALTER TABLE t CONVERT PARTITION p TO TABLE u'],
  ['alter', 'ALTER TABLE t CONVERT TABLE u TO PARTITION p VALUES LESS THAN (9)'],
  ['alter', 'ALTER TABLE t DISCARD TABLESPACE'],
])('%s takes rows away: %s', (kind, text) => {
  expect(tablesThatLoseRows({ kind, text, tables, schema: '', ghost: null })).toEqual(tables);
});

it.each<[DdlKind, string]>([
  ['create', "CREATE TABLE t (a VARCHAR(30) DEFAULT 'create or replace')"],
  ['database', 'CREATE DATABASE shop'],
  ['index', 'DROP INDEX i ON t'],
  ['alter', 'ALTER TABLE t DROP COLUMN a, CONVERT TO CHARACTER SET utf8mb4'],
  ['alter', "ALTER TABLE t ADD COLUMN c INT COMMENT 'drop partition p'"],
  ['alter', 'ALTER TABLE t REORGANIZE PARTITION p INTO (PARTITION q VALUES LESS THAN (1))'],
])('%s leaves rows where they are: %s', (kind, text) => {
  expect(tablesThatLoseRows({ kind, text, tables, schema: '', ghost: null })).toEqual([]);
});

it.each<[DdlKind, readonly string[]]>([
  ['drop', ['t', 'u']],
  ['rename', ['t']],
  ['truncate', []],
  ['alter', []],
])('%s makes go: %s', (kind, gone) => {
  const going = tablesThatGo({ kind, text: '', tables, schema: '', ghost: null });
  expect(going.map(({ table }) => table)).toEqual(gone);
});
