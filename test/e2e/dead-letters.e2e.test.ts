// Goal: rows that the target's own rules refuse wait as dead letters, with what comes after them of the same key, while all
// others go on; a person's decision through the API is audited, carried out in order, and ends with equal tables.
// Method: one pipeline; the target has a rule that the source does not have; one row is retried, one edited, one discarded.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeadLetterListDto } from '@lutra/api-client';
import { must } from '@lutra/model';
import { connectTo, waitUntil } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

describe('dead letters', () => {
  let e2e: E2eStack;
  let pipelineId: string;

  beforeAll(async () => {
    e2e = await startE2eStack('dead-letters');
    await e2e.createTables('CREATE TABLE paid (id INT PRIMARY KEY, note VARCHAR(40), amount INT)');
    await e2e.atTarget('ALTER TABLE paid ADD CONSTRAINT affordable CHECK (amount < 500)');
    const parameters = { onPoison: 'deadLetter', poisonTries: 1 } as const;
    pipelineId = await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)], parameters });
  });
  afterAll(() => e2e.stop());

  const list = (state: string): Promise<DeadLetterListDto> =>
    e2e.stack.api.get('/dead-letters', { query: { pipelineId, sort: 'createdAt', pageSize: 50, state } });
  const untilTotal = (state: string, total: number): Promise<DeadLetterListDto['items']> =>
    waitUntil(
      async () => {
        const listed = await list(state);
        return listed.total === total ? listed.items : undefined;
      },
      { what: `${String(total)} dead letters ${state}`, timeoutMs: 60_000, everyMs: 200 },
    );
  async function idsAtTarget(): Promise<readonly number[]> {
    const connection = await connectTo(e2e.stack.options.servers.target, e2e.schema);
    try {
      const [rows] = await connection.query('SELECT id FROM paid ORDER BY id');
      return (rows as { id: number }[]).map(({ id }) => id);
    } finally {
      connection.destroy();
    }
  }

  it('are held, decided by a person, and carried out in order', async () => {
    const { api } = e2e.stack;
    await e2e.atSource("INSERT INTO paid VALUES (1, 'retried', 500), (2, 'free', 5)");
    await e2e.atSource("INSERT INTO paid VALUES (3, 'edited', 501)", "INSERT INTO paid VALUES (4, 'discarded', 900)");
    // What comes at the same time is merged.
    await untilTotal('open', 3);
    await e2e.atSource("UPDATE paid SET note = 'later' WHERE id IN (1, 3)", 'DELETE FROM paid WHERE id = 4');
    await e2e.atSource("INSERT INTO paid VALUES (5, 'free too', 6)");
    const open = await untilTotal('open', 6);
    await waitUntil(async () => (await idsAtTarget()).join() === '2,5', {
      ...{ what: 'the free rows', timeoutMs: 60_000, everyMs: 200 },
    });
    const heads = open.filter(({ follows }) => follows === null);
    expect(heads.map(({ kind, error }) => [kind, error.code])).toEqual(
      [1, 3, 4].map(() => ['insert', 'TARGET_ROW_REFUSED']),
    );
    expect(open.filter(({ follows }) => follows !== null)).toMatchObject(
      ['update', 'update', 'delete'].map((kind) => ({ kind, error: { code: 'TARGET_ROW_HELD' } })),
    );
    const [retried, edited, discarded] = heads.map((letter) => letter.id);

    // Refused again: nothing has changed at the target.
    await api.post('/dead-letters/{id}/retry', { path: { id: must(retried, 'a letter') } });
    await waitUntil(async () => (await list('open')).items.some(({ lastError }) => lastError !== null), {
      ...{ what: 'the failed retry', timeoutMs: 60_000, everyMs: 200 },
    });
    await e2e.atTarget('ALTER TABLE paid DROP CONSTRAINT affordable, ADD CONSTRAINT affordable CHECK (amount < 600)');
    await api.post('/dead-letters/{id}/retry', { path: { id: must(retried, 'a letter') } });
    await api.patch('/dead-letters/{id}', { path: { id: must(edited, 'a letter') }, body: { row: { amount: 7 } } });
    await api.post('/dead-letters/{id}/discard', { path: { id: must(discarded, 'a letter') } });
    const settled = await untilTotal('retried,discarded', 6);
    expect(settled.map(({ state }) => state).sort()).toEqual(['discarded', ...Array<string>(5).fill('retried')]);

    // Nothing is held any more. What a person has edited is equal once the source has it too.
    await e2e.atSource("UPDATE paid SET note = 'last' WHERE id < 4", 'UPDATE paid SET amount = 7 WHERE id = 3');
    await e2e.atSource("INSERT INTO paid VALUES (4, 'anew', 8)");
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('paid')))).toEqual([]);
    expect((await list('open')).total).toBe(0);
    const audited = async (resourceId: string): Promise<number> =>
      (await api.get('/audit', { query: { resourceId } })).total;
    expect(await Promise.all([retried, edited, discarded].map((id) => audited(id ?? '')))).toEqual([2, 1, 1]);
  });
});
