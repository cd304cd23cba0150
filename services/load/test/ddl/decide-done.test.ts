// Goal: what a loader left in the middle is judged done only when it surely is.
// Method: pictures of tables before and after, of whole, half and missing statements.
import { describe, expect, it } from '@jest/globals';
import type { DdlKind } from '@lutra/model';
import type { TableEvidence } from '@lutra/sql';
import { decideDone } from '../../src/ddl/decide-done.ts';

const at = (table: string, hash: string | null, tableId = hash): TableEvidence => ({
  schema: 's',
  table,
  exists: hash !== null,
  hash,
  createdAt: hash === null ? null : 'c',
  tableId,
});

describe('decideDone', () => {
  it.each<[string, DdlKind, string, TableEvidence[], TableEvidence[], string]>([
    ['a table is there now', 'create', 'CREATE TABLE t (a INT)', [at('t', null)], [at('t', '1')], 'done'],
    ['a table is still missing', 'create', 'CREATE TABLE t (a INT)', [at('t', null)], [at('t', null)], 'run'],
    [
      'OR REPLACE has only dropped',
      'create',
      'CREATE OR REPLACE TABLE t (b INT)',
      [at('t', '1')],
      [at('t', null)],
      'run',
    ],
    ['OR REPLACE is through', 'create', 'CREATE OR REPLACE TABLE t (b INT)', [at('t', '1')], [at('t', '2')], 'done'],
    ['an ALTER is through', 'alter', 'ALTER TABLE t ADD b INT', [at('t', '1')], [at('t', '2')], 'done'],
    ['an ALTER has not begun', 'alter', 'ALTER TABLE t ADD b INT', [at('t', '1')], [at('t', '1')], 'run'],
    [
      'an exchange',
      'alter',
      'ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u',
      [at('t', '1')],
      [at('t', '1')],
      'unknown',
    ],
    ['TRUNCATE without numbers', 'truncate', 'TRUNCATE t', [at('t', '1', null)], [at('t', '1', null)], 'unknown'],
    ['TRUNCATE with the same number', 'truncate', 'TRUNCATE t', [at('t', '1')], [at('t', '1')], 'run'],
    ['a table has moved', 'rename', 'RENAME …', [at('t', '1'), at('u', null)], [at('t', null), at('u', '1')], 'done'],
    [
      'the first of two pairs has moved',
      'rename',
      'RENAME …',
      [at('a', '1'), at('b', null), at('c', '2'), at('d', null)],
      [at('a', null), at('b', '1'), at('c', '2'), at('d', null)],
      'unknown',
    ],
    [
      'a swap is through',
      'rename',
      'RENAME …',
      [at('a', '1'), at('x', null), at('b', '2'), at('a', '1'), at('x', null), at('b', '2')],
      [at('a', '2'), at('x', null), at('b', '1'), at('a', '2'), at('x', null), at('b', '1')],
      'done',
    ],
  ])('%s', (_name, kind, text, before, now, verdict) => {
    expect(decideDone({ kind, text }, before, now)).toBe(verdict);
  });
});
