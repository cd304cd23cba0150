// Goal: packages that the installation allows change rows in extract and in transform, whatever happens to the rows; what is not
// allowed is refused when it is saved.
// Method: the six services with the example package of the repository; rows of both sides compared by SQL.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import { waitUntil } from '@lutra/testing';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const PHONE = '@lutra/example-processor';
const UNPACK = '@lutra/example-processor/uncompress';
const phone = (settings: object) => ({ name: PHONE, settings: { column: 'phone', countryCode: '43', ...settings } });
const unpack = { name: UNPACK, settings: { column: 'body' } };

let e2e: E2eStack;
let pipelineId: string;

const notes = (processors: readonly object[]): MappingCreateDto =>
  ({
    source: { schema: e2e.schema, table: { exact: 'notes' } },
    target: { schema: e2e.schema },
    rules: {
      processors,
      rows: { filter: "body == null || !startsWith(body, 'draft')" },
      columns: [{ target: 'letters', from: { kind: 'expression', expression: 'size(body)' } }],
    },
  }) as MappingCreateDto;

beforeAll(async () => {
  // A package that is not installed keeps nothing from working.
  const allowed = { LUTRA_PROCESSORS: `${PHONE},${UNPACK},@lutra/not-installed` };
  e2e = await startE2eStack('mapping-processors', { env: allowed });
  await e2e.atSource('CREATE TABLE notes (id INT PRIMARY KEY, phone VARCHAR(40) NULL, body MEDIUMBLOB NULL)');
  await e2e.atTarget(
    'CREATE TABLE notes (id INT PRIMARY KEY, phone VARCHAR(40) NULL, body LONGTEXT NULL, letters INT NULL)',
  );
  pipelineId = await e2e.stack.createPipeline({ mappings: [notes([unpack, phone({})])] });
}, 240_000);

afterAll(async () => {
  await e2e.stop();
});

/** SQL says the same of the source's rows: all numbers are of one country here. */
async function expectProcessed(): Promise<void> {
  const wanted = await e2e.ask(
    'source',
    `SELECT id, IF(phone LIKE '0%', CONCAT('+43', SUBSTR(REPLACE(phone, ' ', ''), 2)), REPLACE(phone, ' ', '')) phone,
      CAST(UNCOMPRESS(body) AS CHAR CHARACTER SET utf8mb4) body,
      CHAR_LENGTH(CAST(UNCOMPRESS(body) AS CHAR CHARACTER SET utf8mb4)) letters
      FROM notes WHERE body IS NULL OR UNCOMPRESS(body) NOT LIKE 'draft%'`,
  );
  expect(await e2e.askUntil('target', 'SELECT id, phone, body, letters FROM notes', wanted)).toEqual(wanted);
}

describe('a mapping with processors', () => {
  it('is refused when its processors are not allowed, not there, or wrongly set', async () => {
    const { api } = e2e.stack;
    const create = (processors: readonly object[]): Promise<unknown> =>
      api.post('/pipelines/{pipelineId}/mappings', {
        path: { pipelineId },
        body: { ...notes(processors), source: { schema: e2e.schema, table: { exact: 'other' } } },
      });
    await expect(create([{ name: 'fs', settings: {} }])).rejects.toMatchObject({ code: 'PROCESSOR_NOT_ALLOWED' });
    await expect(create([{ name: `${PHONE}/../mapping`, settings: {} }])).rejects.toMatchObject({
      code: 'PROCESSOR_NOT_ALLOWED',
    });
    await expect(create([{ name: '@lutra/not-installed' }])).rejects.toMatchObject({ code: 'PROCESSOR_NOT_LOADED' });
    await expect(create([phone({ invalid: 'maybe' })])).rejects.toMatchObject({ code: 'PROCESSOR_SETTINGS_INVALID' });
  });

  it('sees what extract has unpacked in its filter and its expressions', async () => {
    const large = randomBytes(150_000).toString('hex');
    await e2e.atSource(
      `INSERT INTO notes VALUES (1, '01 5550123', COMPRESS('first 😀')), (2, '+43 1 5550124', NULL), (3, NULL, COMPRESS('')), (4, '0660 1234567', COMPRESS('draft'))`,
      `INSERT INTO notes VALUES (5, '01 5550125', COMPRESS('${large}'))`,
    );
    await expectProcessed();
  });

  it('lets rows enter, leave, move and go', async () => {
    await e2e.atSource(
      `UPDATE notes SET body = COMPRESS('no draft any more') WHERE id = 4`,
      `UPDATE notes SET body = COMPRESS('draft again') WHERE id = 1`,
      `UPDATE notes SET phone = '0664 7654321' WHERE id = 2`,
      'UPDATE notes SET id = 33 WHERE id = 3',
      'DELETE FROM notes WHERE id = 5',
    );
    await expectProcessed();
  });

  it('takes many rows at once', async () => {
    await e2e.atSource(
      `INSERT INTO notes SELECT seq, CONCAT('0', seq, '1234'), COMPRESS(CONCAT(IF(seq % 3 = 0, 'draft ', 'note '), seq)) FROM (WITH RECURSIVE n AS (SELECT 1000 seq UNION ALL SELECT seq + 1 FROM n WHERE seq < 1900) SELECT seq FROM n) n`,
      `UPDATE notes SET body = COMPRESS('draft') WHERE id BETWEEN 1100 AND 1200`,
      'DELETE FROM notes WHERE id BETWEEN 1300 AND 1400',
    );
    await expectProcessed();
  });

  it('stops by name at a row that a processor refuses', async () => {
    const { api } = e2e.stack;
    await e2e.atSource(`INSERT INTO notes VALUES (3000, 'call me', NULL)`);
    const failure = await waitUntil(
      async () => (await api.get('/pipelines/{id}', { path: { id: pipelineId } })).failure ?? undefined,
      { timeoutMs: 60_000, what: 'the pipeline to stop' },
    );
    expect(failure).toMatchObject({ code: 'ROW_PROCESSOR_REFUSED', class: 'poison' });
    expect(failure.message).toContain('phone holds no phone number');
  });
});
