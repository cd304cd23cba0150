import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { chooseTests, PHASES } from '../src/test/phases.ts';

const tools = join(import.meta.dirname, '..');

const phasesOf = (path: string): string[] =>
  PHASES.filter(({ files }) => new RegExp(files).test(path)).map(({ name }) => name);

describe('test phases', () => {
  it.each([
    ['/p/libs/model/test/place.test.ts', 'unit'],
    ['/p/libs/messaging/test/bus.nats.test.ts', 'integration'],
    ['/p/libs/sql/test/upsert.mysql.test.ts', 'integration'],
    ['/p/libs/coordination/test/lease.zk.test.ts', 'integration'],
    ['/p/test/e2e/one-way.e2e.test.ts', 'e2e'],
    ['/p/test/e2e/large-rows.alone.e2e.test.ts', 'e2e alone'],
    ['/p/test/e2e/long.nightly.test.ts', 'nightly'],
  ])('%s runs in exactly one phase: %s', (path, phase) => {
    expect(phasesOf(path)).toEqual([phase]);
  });

  it.each([
    ['nothing', [], ['unit', 'integration', 'e2e', 'e2e alone']],
    ['one phase', ['--e2e'], ['e2e', 'e2e alone']],
    ['two phases', ['--nightly', '--unit'], ['unit', 'nightly']],
    ['a path', ['kill'], ['unit', 'integration', 'e2e', 'e2e alone']],
  ])('takes %s as asked for', (_what, args, names) => {
    expect(chooseTests(args).phases.map(({ name }) => name)).toEqual(names);
  });

  it('begin with long files that exist', () => {
    const seconds = JSON.parse(readFileSync(join(tools, 'long-tests.json'), 'utf8')) as Readonly<
      Record<string, number>
    >;
    expect(Object.keys(seconds).filter((path) => !existsSync(join(tools, '..', path)))).toEqual([]);
  });

  it('refuses an unknown option', () => {
    expect(() => chooseTests(['--fast'])).toThrow('Unknown option --fast');
  });
});
