// Goal: what people do about rows that a mapping refuses: leave one out that stops the pipeline; mend the mapping when it
// refuses very many, write these rows once more, and throw their letters away.
// Method: two pipelines, one that stops and one that puts rows aside; every row of a large statement is refused; afterwards
// the target holds what a query over the source says.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const WAIT = { timeoutMs: 120_000, everyMs: 200 };
const ROWS = 200;
const CODE = 'ROW_DIVISION_BY_ZERO';
const shareOf = (expression: string) => ({
  rules: { columns: [{ target: 'share', from: { kind: 'expression' as const, expression } }] },
});
const NAIVE = 'decimal(total) / parts';
const MENDED = 'parts == 0 ? null : decimal(total) / parts';

describe('rows that a mapping refuses', () => {
  let e2e: E2eStack;
  let stops: string;
  let putsAside: string;

  beforeAll(async () => {
    e2e = await startE2eStack('refused-in-number');
    const { schema, stack } = e2e;
    for (const table of ['bill', 'parcel']) {
      await e2e.atSource(`CREATE TABLE ${table} (id INT PRIMARY KEY, total INT NOT NULL, parts INT NOT NULL)`);
      await e2e.atTarget(`CREATE TABLE ${table} (id INT PRIMARY KEY, share DECIMAL(20,4) NULL)`);
    }
    const mapping = (exact: string) => ({
      ...{ source: { schema, table: { exact } }, target: { schema }, ...shareOf(NAIVE) },
      columns: { mode: 'list' as const, columns: [{ source: 'id', target: 'id' }] },
    });
    stops = await stack.createPipeline({ mappings: [mapping('bill')] });
    const parameters = { onPoison: 'deadLetter' as const };
    putsAside = await stack.createPipeline({ mappings: [mapping('parcel')], parameters });
  });
  afterAll(() => e2e.stop());

  async function arrives(table: string, condition = 'TRUE'): Promise<void> {
    const share = 'CAST(total / NULLIF(parts, 0) AS DECIMAL(20,4))';
    const wanted = await e2e.ask('source', `SELECT id, ${share} FROM ${table} WHERE ${condition}`);
    const found = await e2e.askUntil('target', `SELECT id, share FROM ${table}`, wanted, WAIT.timeoutMs);
    expect(found).toEqual(wanted);
  }
  const untilLetters = (total: number): Promise<unknown> =>
    waitUntil(
      async () => {
        const query = { pipelineId: putsAside, state: 'open', pageSize: 1 };
        return (await e2e.stack.api.get('/dead-letters', { query })).total === total;
      },
      { ...WAIT, what: `${String(total)} letters` },
    );

  it('are left out one by one where they stop the pipeline', async () => {
    const { api } = e2e.stack;
    await e2e.atSource('INSERT INTO bill VALUES (1, 10, 4), (2, 5, 0), (3, 9, 3)');
    const failure = await waitUntil(
      async () => (await api.get('/pipelines/{id}', { path: { id: stops } })).failure ?? undefined,
      { ...WAIT, what: 'the pipeline to stop' },
    );
    expect(failure.code).toBe(CODE);
    const gtid = must(/source transaction ([^,]+), event 0, row 1\)$/.exec(failure.message)?.[1], 'its place');
    const path = { pipelineId: stops };
    const { hash } = await api.get('/pipelines/{pipelineId}/skips/preview', { path, query: { gtid } });
    const body = { gtid, row: { event: 0, row: 1 }, reason: 'it has no parts', confirmHash: hash };
    await api.post('/pipelines/{pipelineId}/skips', { path, body });
    await api.command(stops, 'RESTART', 'left out');
    await arrives('bill', 'id <> 2');
    // The source's row is not hurt: its next change is a change like any other, and is told as one of a row that is not there.
    await e2e.atSource('UPDATE bill SET parts = 2 WHERE id = 2');
    await arrives('bill');
  }, 240_000);

  it('wait in number, until the mapping is mended and they are written once more', async () => {
    const { api } = e2e.stack;
    const rows = Array.from({ length: ROWS }, (_, id) => `(${String(id)}, ${String(id)}, 0)`);
    await e2e.atSource(`INSERT INTO parcel VALUES ${rows.join(',')}`, 'INSERT INTO parcel VALUES (-1, 1, 1)');
    await arrives('parcel', 'id = -1');
    await untilLetters(ROWS);
    const selection = { pipelineId: putsAside, code: CODE };
    expect(await api.post('/dead-letters/retry', { body: selection })).toEqual({ count: 0, isMore: false });

    const { items } = await api.get('/pipelines/{pipelineId}/mappings', { path: { pipelineId: putsAside } });
    const path = { pipelineId: putsAside, id: must(items[0], 'its mapping').id };
    await api.patch('/pipelines/{pipelineId}/mappings/{id}', { path, body: shareOf(MENDED) });
    await api.command(putsAside, 'RESTART', 'mended');
    // Everything comes once more, behind the letters of before.
    await e2e.atSource('UPDATE parcel SET total = total + 1', 'UPDATE parcel SET parts = 7 WHERE id % 2 = 0');
    await e2e.atSource('INSERT INTO parcel VALUES (-2, 1, 1)');
    await arrives('parcel', 'id < 0');
    for (let isMore = true; isMore;) ({ isMore } = await api.post('/dead-letters/discard', { body: selection }));
    await untilLetters(0);
    await arrives('parcel');
    expect((await api.pipeline(putsAside)).failure).toBeNull();
  }, 300_000);
});
