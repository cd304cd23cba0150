// Goal: rows of any size go through a mapping within bounded memory, whatever the mapping does with them (DESIGN §4.1 Memory):
// a column renamed, computed beside a large one, computed from it, filtered, read again, given to a script or refused by it.
// Method: in each table, under a mapping of its own, rows with values of 64 MiB are inserted, updated in another column and
// deleted one after the other; both sides are compared by SQL, and the peak resident sizes of extract and transform must stay
// below 512 MiB.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import { SERVICES } from '@lutra/model';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const MIB = 1024 * 1024;
const LARGE_BYTES = 64 * MIB;
const RSS_MAX = 512 * MIB;
/** A disk that is busy with something else takes its time for 64 MiB in two binlogs, a stream and two tables. */
const ARRIVAL_MS_MAX = 300_000;

interface Case {
  readonly table: string;
  /** What the large column is, and what stands in it. */
  readonly type: 'LONGBLOB' | 'LONGTEXT';
  readonly content: string;
  readonly mapping: Pick<MappingCreateDto, 'columns' | 'rules'>;
  /** What stands in columns title and note at the target, said in the source's. */
  readonly title: string;
  readonly note: string;
}

/** Made at the server from a random seed, so that it does not compress to nothing anywhere. */
const BYTES = `REPEAT(UNHEX(SHA2('seed', 512)), ${String(LARGE_BYTES / 64)})`;
/** One character beyond Latin makes two bytes of each in memory. */
const TEXT = `CONCAT(REPEAT(SHA2('seed', 512), ${String(LARGE_BYTES / 128 - 1)}), '😀')`;
const ALL: MappingCreateDto['columns'] = { mode: 'all' };
const expression = (target: string, text: string) => ({
  target,
  from: { kind: 'expression' as const, expression: text },
});
const script = (source: string) => ({ source, columns: [] });
const NOTE_OF_TITLE = { title: 'title', note: 'UPPER(title)' };

const CASES: readonly (readonly [string, Case])[] = [
  [
    'an expression of a large text',
    {
      ...{ table: 'measured', type: 'LONGTEXT', content: TEXT, title: 'title', note: 'CHAR_LENGTH(body)' },
      mapping: { columns: ALL, rules: { columns: [expression('note', 'string(size(body))')] } },
    },
  ],
  [
    'a filter, another name, and an expression beside a large value',
    {
      ...{ table: 'filtered', type: 'LONGBLOB', content: BYTES, ...NOTE_OF_TITLE },
      mapping: {
        columns: { mode: 'except', names: ['note'], renames: [{ source: 'body', target: 'content' }] },
        rules: { rows: { filter: "title != 'none'" }, columns: [expression('note', 'upper(title)')] },
      },
    },
  ],
  [
    'a script that does not look at the large value',
    {
      ...{ table: 'scripted', type: 'LONGTEXT', content: TEXT, ...NOTE_OF_TITLE },
      mapping: {
        columns: ALL,
        rules: { script: script('function transform(row) { row.note = row.title.toUpperCase(); return row; }') },
      },
    },
  ],
];

const READS_ALL = script('function transform(row) { row.note = String(row.body.length); return row; }');

describe('large rows under mappings', () => {
  let e2e: E2eStack;
  let ids: { readonly plain: string; readonly media: string };

  beforeAll(async () => {
    // Load makes strings of large texts; a busy machine takes seconds for them.
    e2e = await startE2eStack('large-mapped-rows', { env: { LUTRA_ZOOKEEPER_SESSION_TIMEOUT_MS: '20000' } });
    const { schema, stack } = e2e;
    const columns = (type: string, body: string): string =>
      `(id INT NOT NULL PRIMARY KEY, title VARCHAR(40) NOT NULL, note VARCHAR(40) NULL, ${body} ${type} NULL) CHARACTER SET utf8mb4`;
    const tables = [
      ...CASES.map(([, { table, type }]) => ({ table, type })),
      { table: 'refused', type: 'LONGBLOB' },
      { table: 'again', type: 'LONGBLOB' },
    ];
    for (const { table, type } of tables) {
      await e2e.atSource(`CREATE TABLE ${table} ${columns(type, 'body')}`);
      await e2e.atTarget(`CREATE TABLE ${table} ${columns(type, table === 'filtered' ? 'content' : 'body')}`);
    }
    const into = (table: string) => ({ source: { schema, table: { exact: table } }, target: { schema } });
    const mappings = CASES.map(([, { table, mapping }]) => ({ ...into(table), ...mapping }));
    ids = {
      plain: await stack.createPipeline({
        mappings: [...mappings, { ...into('refused'), rules: { script: READS_ALL } }],
        parameters: { onPoison: 'deadLetter' },
      }),
      media: await stack.createPipeline({
        mappings: [{ ...into('again'), rules: { columns: [expression('note', 'upper(title)')] } }],
        parameters: { consistency: 'media' },
      }),
    };
  });

  afterAll(() => e2e.stop());

  /** The rows at the target are `columns` of the source's, and no service has grown too large for them. */
  async function arrives(table: string, { title, note }: Pick<Case, 'title' | 'note'>): Promise<void> {
    const wanted = await e2e.ask(
      'source',
      `SELECT id, ${title}, CAST(${note} AS CHAR) AS note, MD5(body) FROM ${table}`,
    );
    const body = table === 'filtered' ? 'content' : 'body';
    const query = `SELECT id, title, note, MD5(${body}) FROM ${table}`;
    const found = await e2e.askUntil('target', query, wanted, ARRIVAL_MS_MAX);
    const { failure } = await e2e.stack.api.pipeline(table === 'again' ? ids.media : ids.plain);
    expect({ failure, found }).toEqual({ failure: null, found: wanted });
    expectBounded(table);
  }

  function expectBounded(table: string): void {
    const peaks = SERVICES.map(
      (service) => `${service} ${String(Math.round((e2e.stack.memory(service)[0]?.peakRssBytes ?? 0) / MIB))} MiB`,
    );
    process.stderr.write(`Peak resident size after ${table}: ${peaks.join(', ')}\n`);
    for (const service of ['extract', 'transform'] as const)
      for (const { peakRssBytes } of e2e.stack.memory(service))
        expect({ service, peakRssBytes, isBounded: peakRssBytes < RSS_MAX }).toMatchObject({ isBounded: true });
  }

  const insert = (table: string, id: number, content: string): string =>
    `INSERT INTO ${table} VALUES (${String(id)}, 'one', NULL, ${content})`;
  const changes = (table: string, content: string): string[] => [
    insert(table, 1, content),
    insert(table, 2, content),
    `UPDATE ${table} SET title = 'two' WHERE id = 1`,
    `DELETE FROM ${table} WHERE id = 2`,
  ];

  it(
    'are refused by themselves where a script reads more than its limit, and all others go on',
    async () => {
      await e2e.atSource(insert('refused', 1, BYTES), insert('refused', 2, "'small'"), insert('refused', 3, "'small'"));
      const small = [
        ['2', '5'],
        ['3', '5'],
      ];
      expect(await e2e.askUntil('target', 'SELECT id, note FROM refused', small, ARRIVAL_MS_MAX)).toEqual(small);
      const { items } = await e2e.stack.api.get('/dead-letters', { query: { pipelineId: ids.plain } });
      expect(items.map(({ error }) => error.code)).toEqual(['ROW_SCRIPT_MEMORY']);
      expectBounded('refused');
    },
    ARRIVAL_MS_MAX + 120_000,
  );

  it(
    'are read again at the source',
    async () => {
      await e2e.atSource(...changes('again', BYTES));
      await arrives('again', NOTE_OF_TITLE);
    },
    ARRIVAL_MS_MAX + 120_000,
  );

  it.each(CASES)(
    'go through %s',
    async (_what, { table, content, title, note }) => {
      await e2e.atSource(...changes(table, content));
      await arrives(table, { title, note });
    },
    ARRIVAL_MS_MAX + 120_000,
  );
});
