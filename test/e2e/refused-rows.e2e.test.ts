// Goal: a row by which an expression of its mapping divides by zero stops the pipeline by name where that is the policy, and
// waits as a dead letter where rows are put aside, while all others go on.
// Method: one pipeline with an expression; the policy is changed at the stop; the row is told by a person, and changed later.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const WAIT = { timeoutMs: 60_000, everyMs: 200 };

describe('rows that cannot be mapped', () => {
  let e2e: E2eStack;
  let pipelineId: string;

  beforeAll(async () => {
    e2e = await startE2eStack('refused-rows');
    await e2e.atSource('CREATE TABLE bill (id INT PRIMARY KEY, total INT NOT NULL, parts INT NOT NULL)');
    await e2e.atTarget('CREATE TABLE bill (id INT PRIMARY KEY, share DECIMAL(20,4) NULL)');
    const { schema } = e2e;
    const share = { target: 'share', from: { kind: 'expression' as const, expression: 'decimal(total) / parts' } };
    const mapping = {
      source: { schema, table: { exact: 'bill' } },
      target: { schema, table: 'bill' },
      columns: { mode: 'list' as const, columns: [{ source: 'id', target: 'id' }] },
      rules: { columns: [share] },
    };
    pipelineId = await e2e.stack.createPipeline({ mappings: [mapping] });
  }, 120_000);
  afterAll(() => e2e.stop(), 60_000);

  async function sharesAre(expected: string): Promise<void> {
    const wanted = expected.split(',').map((row) => row.split(':'));
    expect(await e2e.askUntil('target', 'SELECT id, CAST(share AS DOUBLE) FROM bill', wanted)).toEqual(wanted);
  }

  it('stop it, or wait while the others go on, until a person tells what was missing', async () => {
    const { api } = e2e.stack;
    await e2e.atSource('INSERT INTO bill VALUES (1, 10, 4)');
    await sharesAre('1:2.5');
    const rows = Array.from({ length: 50 }, (_, index) => `(${String(index + 2)}, 6, ${index === 25 ? '0' : '3'})`);
    await e2e.atSource(`INSERT INTO bill VALUES ${rows.join(', ')}`);
    const failed = await waitUntil(
      async () => {
        const { failure } = await api.get('/pipelines/{id}', { path: { id: pipelineId } });
        return failure === null ? undefined : failure;
      },
      { ...WAIT, what: 'the pipeline to stop' },
    );
    expect(failed).toMatchObject({ code: 'ROW_DIVISION_BY_ZERO', class: 'poison' });
    expect(failed.message).toMatch(/source transaction .*, event 0, row 25\)$/);

    await api.patch('/pipelines/{id}', { path: { id: pipelineId }, body: { parameters: { onPoison: 'deadLetter' } } });
    await api.post('/pipelines/{id}/commands', {
      path: { id: pipelineId },
      body: { kind: 'RESTART', reason: 'policy' },
    });
    const others = Array.from({ length: 51 }, (_, index) =>
      index === 26 ? [] : [`${String(index + 1)}:${index === 0 ? '2.5' : '2'}`],
    );
    await sharesAre(others.flat().join());
    await e2e.atSource('UPDATE bill SET parts = 2 WHERE id IN (27, 2)');
    await sharesAre(others.flat().with(1, '2:3').join());
    const { items } = await api.get('/dead-letters', { query: { pipelineId, sort: 'createdAt' } });
    expect(items.map(({ error }) => error.code)).toEqual(['ROW_DIVISION_BY_ZERO', 'TARGET_ROW_HELD']);
    const path = { id: must(items[0], 'a letter').id };
    expect((await api.get('/dead-letters/{id}', { path })).notMapped).toEqual(['share']);
    await expect(api.post('/dead-letters/{id}/retry', { path })).rejects.toMatchObject({ code: 'ROW_NOT_MAPPED' });
    await api.patch('/dead-letters/{id}', { path, body: { row: { share: '0.0000' } } });
    // What came later follows.
    await sharesAre([...others.flat().with(1, '2:3').slice(0, 26), '27:3', ...others.flat().slice(26)].join());
  }, 180_000);
});
