import { describe, expect, it } from '@jest/globals';
import { ERRORS } from '../src/errors.ts';
import type { ErrorSpec } from '../src/error-spec.ts';
import { reportFailure, SyncError } from '../src/sync-error.ts';

describe('SyncError', () => {
  it('says the problem of the case when it is given, else the summary of the catalogue', () => {
    expect(new SyncError('TARGET_BUSY').message).toBe(`TARGET_BUSY: ${ERRORS.TARGET_BUSY.summary}`);
    expect(new SyncError('TARGET_BUSY', { problem: 'Row 7 is locked' }).message).toBe('TARGET_BUSY: Row 7 is locked');
    expect(new SyncError('TARGET_BUSY', { problem: 'Row 7 is locked' }).sentence).toBe('Row 7 is locked');
  });

  it('fills the names of the case into the advice and leaves unknown ones standing', () => {
    const error = new SyncError('TARGET_KEY_INCOMPLETE', { columns: ['a', 'b'], table: 'shop.orders' });
    expect(error.workaround).toBe('Add the columns ["a","b"] to the mapping of shop.orders, then RESTART.');
    expect(new SyncError('TARGET_TABLE_MISSING').workaround).toContain('{statement}');
  });

  it('takes names literally, whatever signs they hold', () => {
    const statement = "CREATE TABLE `$&` (`$1` int DEFAULT '{table}')";
    expect(new SyncError('TARGET_TABLE_MISSING', { statement, table: 'x' }).workaround).toContain(statement);
  });

  it('is told by its name, because two copies of the module may be loaded', () => {
    const stranger = Object.assign(new Error('x'), { name: 'SyncError', code: 'TARGET_BUSY' });
    expect(SyncError.is(stranger)).toBe(true);
    expect(SyncError.is(new Error('x'))).toBe(false);
    expect(SyncError.is('x')).toBe(false);
  });

  it.each([
    ['an error', new Error('broken'), 'INTERNAL: broken'],
    ['a text', 'broken', 'INTERNAL: broken'],
    ['nothing', undefined, 'INTERNAL: undefined'],
  ])('makes INTERNAL of %s and keeps it as the cause', (_what, thrown, message) => {
    const error = SyncError.of(thrown);
    expect(error.message).toBe(message);
    expect(error.cause).toBe(thrown);
    expect(SyncError.of(error)).toBe(error);
  });
});

describe('reportFailure', () => {
  const where = { stage: 'load', instance: 'load-1', epoch: 4, process: 7, at: new Date(0) } as const;

  it('carries class, sentence, advice and the repairing statement', () => {
    const error = new SyncError('TARGET_TABLE_MISSING', {
      problem: 'No table b.t',
      statement: 'CREATE TABLE b.t (id int)',
    });
    expect(reportFailure(error, where)).toMatchObject({
      code: 'TARGET_TABLE_MISSING',
      class: 'configuration',
      message: 'No table b.t',
      workaround: 'Run at the target, then RESTART: CREATE TABLE b.t (id int)',
      statement: 'CREATE TABLE b.t (id int)',
      stage: 'load',
      instance: 'load-1',
      epoch: 4,
      process: 7,
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  it('has no statement when there is none', () => {
    expect(reportFailure(new SyncError('TARGET_BUSY'), where)).not.toHaveProperty('statement');
  });
});

describe('the catalogue', () => {
  const entries: [string, ErrorSpec][] = Object.entries(ERRORS);
  /** Names that the advice may ask for; whoever throws the code gives them in the details. */
  const NAMES = new Set([
    'transaction',
    'address',
    'column',
    'columns',
    'expected',
    'field',
    'gtids',
    'line',
    'lookup',
    'mapping',
    'path',
    'place',
    'position',
    'processor',
    'regex',
    'serverUuid',
    'statement',
    'table',
    'type',
  ]);

  it.each(entries)('%s has a stable name, a sentence and an advice', (code, { summary, workaround }) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(summary).toMatch(/^\w.*[^.]$/);
    expect(workaround).toMatch(/^[A-Z].*[.}]$/s);
  });

  it('asks in its advice only for names that are agreed', () => {
    const asked = entries.flatMap(([code, { workaround }]) =>
      [...workaround.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => `${code} ${name}`),
    );
    expect(asked.filter((text) => !NAMES.has(text.split(' ')[1] ?? ''))).toEqual([]);
  });

  it('never asks a person to repair what Lutra repeats by itself', () => {
    const wrong = entries.filter(([, spec]) => spec.class === 'retryable' && spec.workaround.includes('then RESTART'));
    expect(wrong.map(([code]) => code)).toEqual([]);
  });
});
