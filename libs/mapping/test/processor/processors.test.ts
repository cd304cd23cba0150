import { describe, expect, it } from '@jest/globals';
import { SyncError, systemClock } from '@lutra/model';
import type { ProcessorRule } from '@lutra/model';
import { UNCHANGED } from '@lutra/processor';
import { Processors } from '../../src/index.ts';
import { loadedProcessors, processorOf } from './processor-fixture.ts';

const plain = processorOf((rows) => rows.map(() => UNCHANGED));

function refusalOf(processors: Processors, rule: ProcessorRule): string {
  try {
    processors.settled(rule);
    return 'none';
  } catch (error) {
    return SyncError.of(error).message;
  }
}

describe('a processor that is named', () => {
  it('is used when it is in the list', async () => {
    const processors = await loadedProcessors({ '@acme/one': plain });
    expect(processors.settled({ name: '@acme/one', settings: { a: 1 } })).toMatchObject({ settings: { a: 1 } });
  });

  it.each([
    ['another package', '@acme/other'],
    ['a package that stands beside it', '@acme/one/../other'],
    ['an entry that is not in the list', '@acme/one/hidden'],
    ['a module of Node', 'node:fs'],
    ['a file', '/etc/passwd'],
    ['a name in another case', '@acme/ONE'],
    ['a name with a blank', ' @acme/one'],
    ['what objects have', '__proto__'],
  ])('is refused and not looked for when it is %s', async (_what, name) => {
    const asked: string[] = [];
    const processors = new Processors({
      ...{ allowed: '@acme/one', timeoutMs: 60_000, clock: systemClock },
      importPackage: async (wanted) => {
        asked.push(wanted);
        return { processor: plain };
      },
    });
    await processors.load();
    expect(refusalOf(processors, { name, settings: {} })).toMatch(/^PROCESSOR_NOT_ALLOWED.*allowed: @acme\/one/);
    expect(asked).toEqual(['@acme/one']);
  });

  it.each([
    '../x',
    './x',
    '/x',
    'file:///x',
    'node:fs',
    'fs',
    'fs/promises',
    'a/../../x',
    'a\\b',
    'a/.hidden',
    'a%2fb',
    'A',
  ])('is not loaded as %s, even if the list says so', async (name) => {
    const told: string[] = [];
    const processors = new Processors({
      ...{ allowed: name, timeoutMs: 60_000, clock: systemClock, onFailure: ({ problem }) => told.push(problem) },
      importPackage: () => Promise.reject(new Error('it was looked for')),
    });
    await processors.load();
    expect(told).toEqual(['that is no name of a package']);
    expect(refusalOf(processors, { name, settings: {} })).toMatch(/^PROCESSOR_NOT_LOADED/);
  });
});

describe('a package', () => {
  it.each([
    ['that exports nothing', undefined, 'exports nothing called processor'],
    ['of another interface', { ...plain, interfaceVersion: 2 }, 'version 2, and this release knows 1'],
    ['of another stage', { ...plain, stage: 'load' }, 'neither extract nor transform'],
    ['without a schema', { ...plain, settingsSchema: null }, 'no settingsSchema'],
    ['with a schema that is none', { ...plain, settingsSchema: { type: 'nonsense' } }, 'schema is invalid'],
    ['without open()', { ...plain, open: 'x' }, 'lacks columns() or open()'],
  ])('%s keeps no other from being used', async (_what, exported, problem) => {
    const processors = await loadedProcessors({ bad: exported, good: plain });
    expect(refusalOf(processors, { name: 'bad', settings: {} })).toContain(problem);
    expect(refusalOf(processors, { name: 'good', settings: {} })).toBe('none');
  });

  it('that is not installed is told of by name', async () => {
    const told: string[] = [];
    const processors = new Processors({
      ...{ allowed: '@lutra/no-such-package', timeoutMs: 60_000, clock: systemClock },
      onFailure: ({ name }) => told.push(name),
    });
    await processors.load();
    expect(told).toEqual(['@lutra/no-such-package']);
  });

  it('that never ends being loaded is not waited for', async () => {
    const processors = new Processors({
      ...{ allowed: 'slow,good', timeoutMs: 60_000, clock: { ...systemClock, sleep: async () => undefined } },
      importPackage: (name) => (name === 'slow' ? new Promise(() => undefined) : Promise.resolve({ processor: plain })),
    });
    await processors.load();
    expect(refusalOf(processors, { name: 'slow', settings: {} })).toContain('takes more than 60000 ms');
    expect(refusalOf(processors, { name: 'good', settings: {} })).toBe('none');
  });
});

describe('settings', () => {
  const strict = processorOf(() => [], {
    settingsSchema: {
      type: 'object',
      additionalProperties: false,
      required: ['column'],
      properties: { column: { type: 'string' }, size: { type: 'integer', default: 7 } },
    },
  });

  it('get the defaults of their schema, in a copy', async () => {
    const processors = await loadedProcessors({ strict });
    const settings = { column: 'a' };
    expect(processors.settled({ name: 'strict', settings }).settings).toEqual({ column: 'a', size: 7 });
    expect(settings).toEqual({ column: 'a' });
  });

  it('that the schema does not take are refused with all that is wrong', async () => {
    const processors = await loadedProcessors({ strict });
    expect(refusalOf(processors, { name: 'strict', settings: { size: 'x', more: 1 } })).toMatch(
      /^PROCESSOR_SETTINGS_INVALID.*column.*additional properties.*size must be integer/,
    );
  });
});
