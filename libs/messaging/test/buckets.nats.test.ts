// Goal: definitions and cursors are read back, watched, and found again by revision.
// Method: puts from one connection, watches on another, on a real server.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { CursorState, TableHistory } from '@lutra/model';
import { iteratorOf, nextOf, openTestBus, pipelineDefinition, place } from './fixtures.ts';
import type { TestBus } from './fixtures.ts';

jest.setTimeout(40_000);

let test: TestBus;
let stop: AbortController;

beforeEach(async () => {
  test = await openTestBus();
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await test.close();
});

const cursor = (process: number): CursorState => ({
  state: 'place',
  epoch: 2,
  revision: 3,
  place,
  process,
  at: '2026-01-01T00:00:00.000Z',
});

describe('histories of tables', () => {
  const from = { kind: 'mariadbGtid', gtidList: '0-1-1' } as const;
  const history = (table: string, count = 1, labels: string[] = []): TableHistory => ({
    schema: 'shöp .*>',
    table,
    epoch: 4,
    versions: Array.from({ length: count }, () => ({
      from,
      definition: {
        schema: 'shöp .*>',
        table,
        columns: [{ name: 'c', kind: 'enum', declared: 'enum', nullable: true, labels }],
        primaryKey: [],
      },
    })),
  });

  it('are kept by table, read back with their mark, and forgotten with their pipeline', async () => {
    expect(await test.bus.tableHistories('A')).toEqual({ mark: null, tables: [] });
    await test.bus.putTableHistory('A', history('one'));
    await test.bus.putTableHistory('A', history('t. *>', 1));
    await test.bus.putTableHistory('A', history('t. *>', 2));
    await test.bus.putHistoryMark('A', { epoch: 4, place: from });
    await test.bus.putHistoryMark('B', { epoch: 1, place: from });
    const reader = await test.open();
    expect(await reader.tableHistories('A')).toEqual({
      mark: { epoch: 4, place: from },
      tables: [history('one'), history('t. *>', 2)],
    });
    await reader.removeTableHistories('A');
    expect(await test.bus.tableHistories('A')).toEqual({ mark: null, tables: [] });
    expect(await test.bus.tableHistories('B')).toEqual({ mark: { epoch: 1, place: from }, tables: [] });
  });

  it('lose their oldest versions when they are too large for a message', async () => {
    await test.bus.putTableHistory('A', history('wide', 16, ['x'.repeat(100_000)]));
    const { tables } = await test.bus.tableHistories('A');
    expect(tables[0]?.versions).toHaveLength(5);
  });
});

describe('a pipeline that is forgotten', () => {
  it('leaves no revision, cursor, origin or table behind, and those who watch see its end; others keep theirs', async () => {
    const place = { done: { kind: 'mariadbGtid', gtidList: '0-1-5' }, inside: null } as const;
    const at = '2026-11-22T10:00:00.000Z';
    for (const id of ['A', 'B']) {
      for (const revision of [1, 2]) await test.bus.putDefinition(pipelineDefinition(id, revision));
      await test.bus.putCursor(id, { state: 'place', epoch: 1, revision: 1, place, process: 1, at });
      await test.bus.putOrigin(id, { epoch: 1, place, at });
      await test.bus.putHistoryMark(id, { epoch: 1, place: place.done });
    }
    await test.bus.removeDefinition('A');
    await test.bus.forgetPipeline('A');
    await test.bus.forgetPipeline('A');
    const reader = await test.open();
    expect([await reader.definition('A'), await reader.definition('A', 1), await reader.cursor('A')]).toEqual([
      null,
      null,
      null,
    ]);
    expect(await reader.tableHistories('A')).toEqual({ mark: null, tables: [] });
    expect([await reader.definition('B', 1), await reader.cursor('B')]).toMatchObject([
      { revision: 1 },
      { process: 1 },
    ]);
    expect((await reader.tableHistories('B')).mark).not.toBeNull();
    const seen = new Map<string, boolean>();
    for await (const { pipelineId, definition } of reader.watchDefinitions(AbortSignal.timeout(10_000))) {
      seen.set(pipelineId, definition !== null);
      if (seen.size === 2) break;
    }
    expect([...seen].sort()).toEqual([
      ['A', false],
      ['B', true],
    ]);
  });
});

describe('definitions', () => {
  it('are read by revision, and the newest without one', async () => {
    for (const revision of [1, 2, 3]) await test.bus.putDefinition(pipelineDefinition('A', revision));
    const reader = await test.open();
    expect(await reader.definition('A')).toEqual(pipelineDefinition('A', 3));
    expect(await reader.definition('A', 1)).toEqual(pipelineDefinition('A', 1));
    expect(await reader.definition('A', 9)).toBeNull();
    expect(await reader.definition('B')).toBeNull();
    await test.bus.removeDefinition('A');
    expect(await reader.definition('A')).toBeNull();
    // A process on its way may still need a revision of a pipeline that was just removed.
    expect(await (await test.open()).definition('A', 2)).toEqual(pipelineDefinition('A', 2));
  });

  it('are watched: what is there, then every change, removals as null', async () => {
    await test.bus.putDefinition(pipelineDefinition('A', 1));
    await test.bus.putDefinition(pipelineDefinition('A', 2));
    await test.bus.putDefinition(pipelineDefinition('B', 1));
    const changes = iteratorOf((await test.open()).watchDefinitions(stop.signal));
    expect(await nextOf(changes)).toEqual({ pipelineId: 'A', definition: pipelineDefinition('A', 2) });
    expect(await nextOf(changes)).toEqual({ pipelineId: 'B', definition: pipelineDefinition('B', 1) });
    await test.bus.removeDefinition('A');
    expect(await nextOf(changes)).toEqual({ pipelineId: 'A', definition: null });
    await test.bus.putDefinition(pipelineDefinition('A', 3));
    expect(await nextOf(changes)).toEqual({ pipelineId: 'A', definition: pipelineDefinition('A', 3) });
    stop.abort();
    expect((await changes.next()).done).toBe(true);
  });
});

describe('cursors', () => {
  it('are read and watched per pipeline, apart from origins', async () => {
    expect(await test.bus.cursor('A')).toBeNull();
    await test.bus.putCursor('A', cursor(1));
    await test.bus.putCursor('B', cursor(9));
    await test.bus.putOrigin('A', { epoch: 2, place, at: 'now' });
    const cursors = iteratorOf(test.bus.watchCursor('A', stop.signal));
    const origins = iteratorOf(test.bus.watchOrigin('A', stop.signal));
    expect(await nextOf(cursors)).toEqual(cursor(1));
    expect(await nextOf(origins)).toEqual({ epoch: 2, place, at: 'now' });
    await test.bus.putCursor('B', cursor(10));
    await test.bus.putCursor('A', cursor(2));
    expect(await nextOf(cursors)).toEqual(cursor(2));
    expect(await test.bus.cursor('A')).toEqual(cursor(2));
  });
});
