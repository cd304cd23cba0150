// Goal: a row by which an expression of its mapping divides by zero stops the pipeline by name where that is the policy, and
// waits as a dead letter where rows are put aside, while all others go on.
// Method: one pipeline with an expression; the policy is changed at the stop; the row is told by a person, and changed later.
// Another one with rows that are wrong in each way there is, which a script's own text helps to.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import { must } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const WAIT = { timeoutMs: 60_000, everyMs: 200 };

/** Each spoils one column of the expressions and steps, or the script's row, and nothing else. */
const SPOILT: readonly (readonly [id: number, values: string, code: string])[] = [
  [2, "0, 1, '{}', '2024-01-01', 'x', ''", 'ROW_DIVISION_BY_ZERO'],
  [3, "1, 9223372036854775807, '{}', '2024-01-01', 'x', ''", 'ROW_VALUE_OVERFLOW'],
  [4, "1, 1, '{\"city\": ', '2024-01-01', 'x', ''", 'ROW_VALUE_INVALID'],
  [5, "1, 1, '{}', '2023-02-29', 'x', ''", 'ROW_VALUE_INVALID'],
  [6, "1, 1, '{}', '2024-01-01', REPEAT('x', 10000), ''", 'ROW_VALUE_TOO_LARGE'],
  [7, "1, 1, '{}', '2024-01-01', 'x', 'loop'", 'ROW_SCRIPT_TIME'],
  [8, "1, 1, '{}', '2024-01-01', 'x', 'bomb'", 'ROW_SCRIPT_MEMORY'],
  [9, "1, 1, '{}', '2024-01-01', 'x', 'fault'", 'ROW_SCRIPT_FAILED'],
  [10, "1, 1, '{}', '2024-01-01', 'x', 'escape'", 'ROW_SCRIPT_FAILED'],
  [11, "1, 1, '{}', '2024-01-01', 'x', 'nonsense'", 'ROW_SCRIPT_RESULT'],
];
const fine = (id: number): string => `(${String(id)}, 4, 1, '{"city": "Wien"}', '2024-02-29', 'ax', '')`;

/** What the row names is what the script does. */
const SCRIPT = `const DOES = {
  loop() { for (;;); },
  bomb() { return { id: 'ab'.repeat(2 ** 27).length }; },
  fault() { throw new Error('of its own'); },
  escape() { return transform.constructor.constructor('return process')().exit(); },
  nonsense() { return { nowhere: 1 }; },
};
const transform = ({ id, code }) => DOES[code]?.() ?? { id, code };`;

describe('rows that cannot be mapped', () => {
  let e2e: E2eStack;
  let pipelineId: string;
  let spoilt: string;

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
  });
  afterAll(() => e2e.stop());

  async function sharesAre(expected: string): Promise<void> {
    const wanted = expected
      .split(',')
      .map((row) => row.split(':'))
      .sort();
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
  });

  it('are refused for whatever is wrong with them, each by itself, and no service ends', async () => {
    const { api } = e2e.stack;
    const pids = e2e.stack.allInstances.map(({ pid }) => pid);
    await e2e.atSource(
      'CREATE TABLE spoilt (id INT PRIMARY KEY, parts INT, large BIGINT, doc TEXT, born TEXT, text TEXT, code TEXT)',
    );
    await e2e.atTarget(
      'CREATE TABLE computed (id INT PRIMARY KEY, share DECIMAL(20,4), large BIGINT, city TEXT, born DATE, text LONGTEXT)',
      'CREATE TABLE scripted (id INT PRIMARY KEY, code TEXT)',
      'CREATE TABLE filtered (id INT PRIMARY KEY)',
    );
    spoilt = await e2e.stack.createPipeline({
      mappings: spoilingMappings(e2e.schema),
      parameters: { onPoison: 'deadLetter' },
    });
    const rows = SPOILT.map(([id, values]) => `(${String(id)}, ${values})`);
    await e2e.atSource(`INSERT INTO spoilt VALUES ${[fine(1), ...rows, fine(12)].join(', ')}`);
    const lettersAre = async (wanted: readonly string[]): Promise<void> => {
      const query = { pipelineId: spoilt, pageSize: 50 };
      const codes = async () => (await api.get('/dead-letters', { query })).items.map(({ error }) => error.code).sort();
      const areAll = async (): Promise<boolean> => (await codes()).length === wanted.length;
      await waitUntil(areAll, { ...WAIT, what: 'the letters' }).catch(() => undefined); // The difference says more.
      expect(await codes()).toEqual(wanted.toSorted());
    };
    const codes = SPOILT.map(([, , code]) => code);
    await lettersAre(codes);
    for (const [table, isRefused] of [
      ['computed', (code: string) => !code.includes('SCRIPT')],
      ['scripted', (code: string) => code.includes('SCRIPT')],
    ] as const) {
      const ids = SPOILT.filter(([, , code]) => !isRefused(code)).map(([id]) => id);
      const wanted = [1, ...ids, 12].map((id) => [String(id)]).sort();
      expect(await e2e.askUntil('target', `SELECT id FROM ${table}`, wanted)).toEqual(wanted);
    }

    // Whether the filter took the row before is not to be told by such an image.
    await e2e.atSource("SET SESSION binlog_row_image = 'MINIMAL'", "UPDATE spoilt SET doc = '{}' WHERE id = 1");
    await lettersAre([...codes, 'ROW_IMAGE_PARTIAL']);
    expect(e2e.stack.allInstances.map(({ pid }) => pid)).toEqual(pids);
  }, 240_000);

  it('stop it with the line of the script, are left out by a person, and it goes on behind', async () => {
    const { api } = e2e.stack;
    await api.patch('/pipelines/{id}', { path: { id: spoilt }, body: { parameters: { onPoison: 'pause' } } });
    await api.command(spoilt, 'RESTART', 'policy');
    await e2e.stack.waitReading(spoilt);
    const throwing = "(14, 1, 1, '{}', '2024-01-01', 'x', 'fault')";
    await e2e.atSource(`INSERT INTO spoilt VALUES ${[fine(13), throwing, fine(15)].join(', ')}`);
    const { code, message } = await waitUntil(
      async () => (await api.get('/pipelines/{id}', { path: { id: spoilt } })).failure ?? undefined,
      { ...WAIT, what: 'the pipeline to stop' },
    );
    expect(code).toBe('ROW_SCRIPT_FAILED');
    expect(message).toMatch(/threw Error.* line 4\b/);
    const gtid = must(/source transaction ([^,]+), event 0, row 1\)$/.exec(message)?.[1], 'its place');
    const path = { pipelineId: spoilt };
    const { hash } = await api.get('/pipelines/{pipelineId}/skips/preview', { path, query: { gtid } });
    const body = { gtid, row: { event: 0, row: 1 }, reason: 'it throws', confirmHash: hash };
    await api.post('/pipelines/{pipelineId}/skips', { path, body });
    await api.command(spoilt, 'RESTART', 'left out');
    const behind = [['13'], ['15']];
    expect(await e2e.askUntil('target', 'SELECT id FROM scripted WHERE id > 12', behind)).toEqual(behind);
  }, 240_000);
});

function spoilingMappings(schema: string): MappingCreateDto[] {
  const into = (table: string) => ({ source: { schema, table: { exact: 'spoilt' } }, target: { schema, table } });
  const expression = (target: string, text: string) => ({
    ...{ target, from: { kind: 'expression' as const, expression: text } },
  });
  const from = (column: string) => ({ kind: 'column' as const, column });
  const taking = (...names: readonly string[]) => ({
    columns: { mode: 'list' as const, columns: names.map((source) => ({ source, target: source })) },
  });
  return [
    {
      ...into('computed'),
      ...taking('id'),
      rules: {
        columns: [
          expression('share', 'decimal(1) / parts'),
          expression('large', 'large * 2'),
          { target: 'city', from: from('doc'), steps: [{ kind: 'json', path: '$.city' }] },
          { target: 'born', from: from('born'), steps: [{ kind: 'convert', type: 'date', onLoss: 'fail' }] },
          expression('text', 'replace(text, "x", text)'),
        ],
      },
    },
    { ...into('filtered'), ...taking('id'), rules: { rows: { filter: 'parts > 0' } } },
    { ...into('scripted'), ...taking('id', 'code'), rules: { script: { source: SCRIPT, columns: [], timeMs: 200 } } },
  ];
}
