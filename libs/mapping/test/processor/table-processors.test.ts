// Goal: what processors answer stands in the rows; a row for which they do not is refused, and its neighbours are not.
// Method: processors of a few lines under a real mapping, and the package of the repository.
import { describe, expect, it } from '@jest/globals';
import { compileMappings, must, SyncError, systemClock } from '@lutra/model';
import type { Clock, MappingRules, RowChange } from '@lutra/model';
import { changed, DROPPED, refused, RetryLater, UNCHANGED } from '@lutra/processor';
import type { Processor, ProcessorAnswer, ProcessorDefinition, ProcessorRow } from '@lutra/processor';
import { Processors, TableMapping } from '../../src/index.ts';
import type { MappedRow } from '../../src/index.ts';
import { FACTS, insert, ORDERS, remove, update } from '../mapping-fixture.ts';
import { loadedProcessors, processorOf } from './processor-fixture.ts';

const SIGNAL = new AbortController().signal;

function mappingOf(processors: Processors, rules: MappingRules): TableMapping {
  const mapping = {
    ...{ id: 'm1', source: { schema: 'shop', table: { exact: 'orders' } }, target: { schema: 'archive' } },
    ...{ columns: { mode: 'all' as const }, rules },
  };
  const context = { source: ORDERS, openKey: () => 'key', processors };
  return must(TableMapping.all(compileMappings([mapping]), context)[0], 'the mapping covers the table');
}

async function mapped(definition: ProcessorDefinition, changes: readonly RowChange[], clock?: Clock) {
  const mapping = mappingOf(await loadedProcessors({ one: definition }, clock), {
    processors: [{ name: 'one', settings: {} }],
  });
  return mapping.mapAll(
    changes.map((change) => ({ change, facts: { ...FACTS, kind: change.kind } })),
    undefined,
    SIGNAL,
  );
}

const each =
  (work: (row: ProcessorRow) => ProcessorAnswer): Processor['process'] =>
  (rows) =>
    rows.map(work);
const order = (id: number, region: string | null = 'eu') => [id, 10, region, '[]', 'a b'];
const codes = (rows: readonly MappedRow[]): readonly string[] => rows.map(({ refusal }) => refusal?.code ?? 'none');
const ids = (rows: readonly MappedRow[]): readonly string[] =>
  rows.flatMap(({ changes }) =>
    changes.map((change) => `${change.kind} ${String((change.kind === 'delete' ? change.before : change.after)[0])}`),
  );

describe('answers', () => {
  it('set columns, declared ones behind the others', async () => {
    const noted = processorOf(
      each(({ id, region }) => changed({ note: `n${String(id)}`, region: `${String(region)}!` })),
    );
    const [row] = await mapped(noted, [insert(order(1))]);
    expect(row?.changes).toEqual([{ kind: 'insert', target: 0, after: [1, 10, 'eu!', '[]', 'a b', 'n1'] }]);
  });

  it('are asked of the image before as well', async () => {
    const noted = processorOf(each(({ region }) => changed({ note: String(region) })));
    const [row] = await mapped(noted, [update(order(1, 'eu'), order(1, 'us'))]);
    expect(row?.changes).toMatchObject([
      { kind: 'update', before: [1, 10, 'eu', '[]', 'a b', 'eu'], after: [1, 10, 'us', '[]', 'a b', 'us'] },
    ]);
  });

  it('let rows enter and leave as a filter does', async () => {
    const onlyEurope = processorOf(each(({ region }) => (region === 'eu' ? UNCHANGED : DROPPED)));
    const rows = await mapped(onlyEurope, [
      insert(order(1, 'eu')),
      insert(order(2, 'us')),
      update(order(3, 'eu'), order(3, 'us')),
      update(order(4, 'us'), order(4, 'eu')),
      update(order(5, 'us'), order(5, 'as')),
      remove(order(6, 'eu')),
      remove(order(7, 'us')),
    ]);
    expect(ids(rows)).toEqual(['insert 1', 'delete 3', 'insert 4', 'delete 6']);
  });

  it('leave what is not given NULL, or away where the image is partial', async () => {
    const silent = processorOf(each(() => UNCHANGED));
    const [row] = await mapped(silent, [update([1, undefined, undefined, undefined, undefined], order(1))]);
    expect(row?.changes).toMatchObject([{ before: [1, ...Array<undefined>(5)], after: [...order(1), null] }]);
  });

  it('of one processor are what the next one sees', async () => {
    const processors = await loadedProcessors({
      first: processorOf(each(({ id }) => changed({ note: `a${String(id)}` }))),
      second: processorOf(
        each(({ note }) => changed({ note: `${String(note)}b` })),
        { columns: () => [] },
      ),
    });
    const mapping = mappingOf(processors, {
      script: {
        source: 'const transform = (row) => ({ ...row, id: row.id + 1 })',
        columns: [],
        timeMs: 1_000,
        memoryBytes: 1e7,
      },
      processors: ['first', 'second'].map((name) => ({ name, settings: {} })),
    });
    const [row] = await mapping.mapAll([{ change: insert(order(1)), facts: FACTS }], undefined, SIGNAL);
    expect(row?.changes).toMatchObject([{ after: [2, 10, 'eu', '[]', 'a b', 'a2b'] }]);
  });

  it('of rows have no prototype to reach', async () => {
    const curious = processorOf(each((row) => changed({ note: String(row['constructor']) })));
    const [row] = await mapped(curious, [insert(order(1))]);
    expect(row?.changes).toMatchObject([{ after: [1, 10, 'eu', '[]', 'a b', 'undefined'] }]);
  });
});

describe('a row', () => {
  const bad = (work: (row: ProcessorRow) => unknown): ProcessorDefinition =>
    processorOf(((rows: readonly ProcessorRow[]) =>
      rows.map((row) => (row['id'] === 2 ? work(row) : UNCHANGED))) as Processor['process']);

  it.each([
    [
      'is refused by a sentence',
      bad(() => refused('it is too old')),
      'ROW_PROCESSOR_REFUSED',
      'one of mapping m1 refuses the row: it is too old',
    ],
    [
      'makes it throw',
      bad(() => {
        throw new Error('row value 4711');
      }),
      'ROW_PROCESSOR_FAILED',
      'The processor one of mapping m1 threw an error',
    ],
    ['gets an unknown column', bad(() => changed({ nosuch: 1 })), 'ROW_PROCESSOR_RESULT', 'gives the column nosuch'],
    [
      'gets a prototype',
      bad(() => changed(JSON.parse('{"__proto__": 1}') as ProcessorRow)),
      'ROW_PROCESSOR_RESULT',
      'gives the column __proto__',
    ],
    ['gets no answer', bad(() => undefined), 'ROW_PROCESSOR_RESULT', 'is no answer'],
    [
      'gets a value of another type',
      bad(() => changed({ amount: 'x' })),
      'ROW_PROCESSOR_VALUE',
      'column amount something else than a whole number',
    ],
    ['gets a value out of range', bad(() => changed({ amount: 2 ** 31 })), 'ROW_PROCESSOR_VALUE', 'column amount'],
  ])('%s, and its neighbours are written', async (_what, definition, code, problem) => {
    const rows = await mapped(
      definition,
      [1, 2, 3].map((id) => insert(order(id))),
    );
    expect(codes(rows)).toEqual(['none', code, 'none']);
    expect(rows[1]?.refusal?.message).toContain(problem);
    expect(rows[1]?.refusal?.message).not.toContain('4711');
    // The declared column is open: what it would be is not known.
    expect(rows[1]?.changes).toMatchObject([
      { kind: 'insert', after: [...order(2), undefined], refusal: { code, columns: [5] } },
    ]);
    expect(ids(rows)).toEqual(['insert 1', 'insert 2', 'insert 3']);
  });

  it('is refused when the processor does not answer for it, however many there are', async () => {
    const greedy = processorOf((rows) => rows.filter(({ id }) => id !== 3).map(() => UNCHANGED));
    const rows = await mapped(
      greedy,
      [1, 2, 3, 4, 5].map((id) => insert(order(id))),
    );
    expect(codes(rows)).toEqual(['none', 'none', 'ROW_PROCESSOR_RESULT', 'none', 'none']);
  });

  it('that extract has refused stays refused, and columns of what is open are open', async () => {
    const mapping = mappingOf(await loadedProcessors({ one: processorOf(each(() => UNCHANGED)) }), {
      columns: [{ target: 'zone', from: { kind: 'expression', expression: 'region' } }],
      processors: [{ name: 'one', settings: {} }],
    });
    const refusal = { code: 'ROW_PROCESSOR_REFUSED', problem: 'p', details: {}, columns: [2], isOnlyBefore: false };
    const [row] = await mapping.mapAll([{ change: { ...insert(order(1)), refusal }, facts: FACTS }], undefined, SIGNAL);
    expect(row?.changes).toMatchObject([{ refusal: { code: 'ROW_PROCESSOR_REFUSED', columns: [2, 5, 6] } }]);
  });
});

describe('rows that are not to blame', () => {
  it('come again when the processor says so', async () => {
    const away = processorOf(() => Promise.reject(new RetryLater('the register is away')));
    await expect(mapped(away, [insert(order(1)), insert(order(2))])).rejects.toMatchObject({
      code: 'PROCESSOR_UNAVAILABLE',
      class: 'retryable',
    });
  });

  it('come again when it cannot be opened, and then it is opened anew', async () => {
    let opened = 0;
    const mapping = mappingOf(
      await loadedProcessors({
        one: processorOf(() => [], {
          open: () => {
            opened += 1;
            if (opened === 1) throw new Error('not yet');
            return { process: (rows) => rows.map(() => UNCHANGED) };
          },
        }),
      }),
      { processors: [{ name: 'one', settings: {} }] },
    );
    const rows = [{ change: insert(order(1)), facts: FACTS }];
    await expect(mapping.mapAll(rows, undefined, SIGNAL)).rejects.toMatchObject({ code: 'PROCESSOR_UNAVAILABLE' });
    expect(codes(await mapping.mapAll(rows, undefined, SIGNAL))).toEqual(['none']);
    expect(opened).toBe(2);
  });

  it('come again when it takes too long; it is told that nobody waits any more', async () => {
    let told: AbortSignal | null = null;
    const endless = processorOf((_rows, signal) => {
      told = signal;
      return new Promise(() => undefined);
    });
    const clock: Clock = { ...systemClock, sleep: () => new Promise((resolve) => void setImmediate(resolve)) };
    await expect(mapped(endless, [insert(order(1))], clock)).rejects.toMatchObject({
      code: 'PROCESSOR_TIMEOUT',
      class: 'retryable',
    });
    expect((told as AbortSignal | null)?.aborted).toBe(true);
  });

  it('are given up when the service stops', async () => {
    const mapping = mappingOf(await loadedProcessors({ one: processorOf(() => new Promise(() => undefined)) }), {
      processors: [{ name: 'one', settings: {} }],
    });
    const stopping = new AbortController();
    const work = mapping.mapAll([{ change: insert(order(1)), facts: FACTS }], undefined, stopping.signal);
    stopping.abort(new Error('stopped'));
    await expect(work).rejects.toThrow('stopped');
  });
});

describe('a processor', () => {
  it('is opened once with table and settings, and closed behind the rows that are under way', async () => {
    const said: string[] = [];
    let go: (answers: readonly ProcessorAnswer[]) => void = () => undefined;
    const definition = processorOf(() => [], {
      open: ({ table, settings }) => {
        said.push(`open ${table.table} ${table.primaryKey.join()} ${JSON.stringify(settings)}`);
        return {
          process: () => new Promise((resolve) => (go = resolve)),
          close: () => void said.push('close'),
        };
      },
    });
    const mapping = mappingOf(await loadedProcessors({ one: definition }), {
      processors: [{ name: 'one', settings: { a: 1 } }],
    });
    const work = mapping.mapAll([{ change: insert(order(1)), facts: FACTS }], undefined, SIGNAL);
    await new Promise(setImmediate);
    await mapping.close();
    expect(said).toEqual(['open orders id {"a":1}']);
    go([UNCHANGED]);
    await work;
    expect(said).toEqual(['open orders id {"a":1}', 'close']);
  });

  it.each([
    [
      'refuses a table with what its columns() throws',
      () => {
        throw new Error('there is no column x');
      },
      'does not fit shop.orders: there is no column x',
    ],
    [
      'declares a type that is none',
      () => [{ name: 'a', type: 'wide' }],
      'the column a of the type wide, which is none',
    ],
    [
      'declares a column twice',
      () => [
        { name: 'a', type: 'int' },
        { name: 'A', type: 'int' },
      ],
      'the column A twice',
    ],
    ['declares nothing', () => undefined, 'gives no list'],
  ])('%s', async (_what, columns, problem) => {
    const definition = { ...processorOf(() => []), columns } as unknown as ProcessorDefinition;
    const processors = await loadedProcessors({ one: definition });
    const compile = (): unknown => mappingOf(processors, { processors: [{ name: 'one', settings: {} }] });
    expect(compile).toThrow('PROCESSOR_NOT_FITTING');
    expect(compile).toThrow(problem);
  });

  it('of the repository is loaded as a package, and does what it says', async () => {
    const told: unknown[] = [];
    const processors = new Processors({
      ...{ allowed: '@lutra/example-processor', timeoutMs: 60_000, clock: systemClock },
      onFailure: (failure) => told.push(failure),
    });
    await processors.load();
    expect(told).toEqual([]);
    const mapping = mappingOf(processors, {
      processors: [{ name: '@lutra/example-processor', settings: { column: 'words', countryCode: '43' } }],
    });
    const rows = await mapping.mapAll(
      ['0043 1 5550123', 'call me'].map((words) => ({ change: insert([1, 2, 'eu', '[]', words]), facts: FACTS })),
      undefined,
      SIGNAL,
    );
    expect(rows[0]?.changes).toMatchObject([{ after: [1, 2, 'eu', '[]', '+4315550123'] }]);
    expect(rows[1]?.refusal?.code).toBe('ROW_PROCESSOR_REFUSED');
    expect(SyncError.is(rows[1]?.refusal)).toBe(true);
  });
});
