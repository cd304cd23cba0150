// Goal: rows that are sent once more repair the target beside everything else, never overtake a newer change, and every key that
// cannot be sent is answered.
// Method: writers change the rows of a table at full speed (unique values change hands, keys change, rows come and go) while rows
// at the target are damaged and sent once more by range, key and condition; afterwards both sides are equal by SQL.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { connectTo, runSql, testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const ROWS = 600;
const WRITERS = 3;
const ITEM =
  'CREATE TABLE item (id INT NOT NULL PRIMARY KEY, n INT NOT NULL, u INT NULL UNIQUE, a VARCHAR(40) NULL, b BLOB NULL) ENGINE=InnoDB';
const PLAIN =
  'CREATE TABLE plain (a VARCHAR(20) NOT NULL, b BIGINT NOT NULL, v DECIMAL(20,4) NULL, at DATETIME(6) NULL, PRIMARY KEY (a, b)) ENGINE=InnoDB';

/** As Otter's documents have it. */
const RETL_BUFFER = `CREATE TABLE IF NOT EXISTS retl.retl_buffer (
  ID BIGINT AUTO_INCREMENT, TABLE_ID INT NOT NULL, FULL_NAME VARCHAR(512), TYPE CHAR(1) NOT NULL, PK_DATA VARCHAR(256) NOT NULL,
  GMT_CREATE TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, GMT_MODIFIED TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT RETL_BUFFER_ID PRIMARY KEY (ID)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`;

describe('rows that are sent once more', () => {
  let e2e: E2eStack;
  let pipelineId: string;

  beforeAll(async () => {
    e2e = await startE2eStack('resync');
    const { stack, schema } = e2e;
    const { user } = stack.source;
    await runSql(stack.options.servers.source, [`GRANT SELECT, INSERT, DELETE, CREATE ON \`retl\`.* TO '${user}'@'%'`]);
    await e2e.createTables(ITEM, PLAIN, 'CREATE TABLE keyless (a INT)');
    pipelineId = await stack.createPipeline({ mappings: [wholeSchema(schema)] });
    await e2e.atSource(...rows());
    expect(differences(await stack.waitEqual(e2e.pairs('item', 'plain')))).toEqual([]);
  }, 600_000);

  afterAll(async () => {
    await e2e.stop();
  });

  const api = (): E2eStack['stack']['api'] => e2e.stack.api;
  const ask = (body: Omit<Parameters<typeof askFor>[1], 'schema'>) =>
    askFor(e2e, { schema: e2e.schema, ...body }, pipelineId);
  const jobOf = (id: string, of = pipelineId) =>
    api().get('/pipelines/{pipelineId}/resyncs/{id}', { path: { pipelineId: of, id } });
  const ended = (id: string, of = pipelineId) =>
    waitUntil(
      async () => {
        const job = await jobOf(id, of);
        if (job.state === 'done' || job.state === 'failed') return job;
        throw new Error(JSON.stringify(job));
      },
      { what: 'the job to end', timeoutMs: 240_000, everyMs: 100 },
    );

  it('repair the target while the same rows change, and overtake nothing', async () => {
    const stop = new AbortController();
    const { source } = e2e.stack.options.servers;
    const writing = Array.from({ length: WRITERS }, (_, index) =>
      write(() => connectTo(source, e2e.schema), index, stop.signal),
    );
    const written = Promise.all(writing);
    written.catch(() => undefined);
    try {
      for (let round = 0; round < 3; round++) {
        // What no writer touches any more would stay damaged for ever.
        await e2e.atTarget(
          "UPDATE item SET a = 'damaged', n = -1 WHERE id % 3 = 0",
          'DELETE FROM item WHERE id % 5 = 1',
          'UPDATE plain SET v = NULL, at = NULL WHERE b % 2 = 0',
          "INSERT INTO plain VALUES ('not at the source', 1, NULL, NULL)",
        );
        const jobs = await Promise.all([
          ask({ table: 'item', range: { from: ['0'], to: ['1000000'] }, rowsPerSecond: 100_000 }),
          ask({ table: 'plain', where: "v IS NOT NULL AND a LIKE 'k%'", rowsPerSecond: 100_000 }),
          ask({ table: 'plain', keys: [['not at the source', '1']] }),
        ]);
        for (const { id } of jobs) expect(await ended(id)).toMatchObject({ state: 'done', rejected: [] });
      }
    } finally {
      stop.abort();
    }
    const transactions = (await written).reduce((sum, each) => sum + each, 0);
    expect(transactions).toBeGreaterThan(0);
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('item', 'plain')))).toEqual([]);
    const { state, deadLettersOpen, epoch } = await api().pipeline(pipelineId);
    expect({ state, deadLettersOpen, epoch }).toMatchObject({ state: 'RUNNING', deadLettersOpen: 0 });
  }, 600_000);

  it('come from MySQL too, while they change', async () => {
    const { stack, schema } = e2e;
    const { mysql } = testServers();
    const { target } = stack.options.servers;
    // The pipeline from MariaDB takes every table into the schema of the same name.
    const own = `${schema}_mysql`;
    const pairs = ['item', 'plain'].map((table) => [`SELECT * FROM ${own}.${table}`, `SELECT * FROM ${table}`]);
    await runSql(target, [`CREATE DATABASE ${own}`, `USE ${own}`, ITEM, PLAIN]);
    await runSql(mysql, [`CREATE DATABASE ${schema} CHARACTER SET utf8mb4`, `USE ${schema}`, ITEM, PLAIN]);
    const stop = new AbortController();
    let written: Promise<number> = Promise.resolve(0);
    try {
      const mappings = ['item', 'plain'].map((table) => ({
        ...{ source: { schema, table: { exact: table } }, target: { schema: own } },
      }));
      const id = await stack.createPipeline({ name: 'from-mysql', source: mysql, target, mappings });
      await runSql(mysql, [`USE ${schema}`, ...rows()]);
      await expectEqual(mysql, pairs);
      written = write(() => connectTo(mysql, schema), 1, stop.signal);
      written.catch(() => undefined);
      await runSql(target, [
        `USE ${own}`,
        "UPDATE item SET a = 'damaged', n = -1 WHERE id % 3 = 0",
        'DELETE FROM item WHERE id % 5 = 2',
        'UPDATE plain SET v = NULL, at = NULL WHERE b % 2 = 0',
        "INSERT INTO plain VALUES ('not at the source', 1, NULL, NULL)",
      ]);
      const jobs = await Promise.all([
        askFor(e2e, { schema, table: 'item', range: { from: ['0'], to: ['1000000'] }, rowsPerSecond: 100_000 }, id),
        askFor(e2e, { schema, table: 'plain', where: "a LIKE 'k%'", rowsPerSecond: 100_000 }, id),
        askFor(e2e, { schema, table: 'plain', keys: [['not at the source', '1']] }, id),
      ]);
      for (const job of jobs) expect(await ended(job.id, id)).toMatchObject({ state: 'done', rejected: [] });
      stop.abort();
      expect(await written).toBeGreaterThan(0);
      await expectEqual(mysql, pairs);
      expect(await api().pipeline(id)).toMatchObject({ state: 'RUNNING', deadLettersOpen: 0 });
    } finally {
      stop.abort();
      await written.catch(() => undefined);
      await runSql(mysql, [`DROP DATABASE ${schema}`]);
      await runSql(target, [`DROP DATABASE ${own}`]);
    }
  }, 600_000);

  async function expectEqual(source: DatabaseServer, pairs: readonly (readonly string[])[]): Promise<void> {
    for (const [atTarget = '', atSource = ''] of pairs) {
      const wanted = await e2e.ask(source, atSource);
      expect([atTarget, await e2e.askUntil('target', atTarget, wanted)]).toEqual([atTarget, wanted]);
    }
  }

  it('go on behind the last key when the manager was killed', async () => {
    await e2e.atTarget('UPDATE plain SET v = 0');
    const { id } = await ask({ table: 'plain', range: { from: ['k0', '0'], to: ['k9', '0'] }, rowsPerSecond: 150 });
    const before = await waitUntil(
      async () => {
        const job = await jobOf(id);
        return job.sent > 0 ? job : undefined;
      },
      { what: 'the first rows', timeoutMs: 180_000, everyMs: 50 },
    );
    await e2e.stack.kill('manager');
    await e2e.stack.restart('manager');
    expect(before.state).toBe('running');
    const job = await ended(id);
    expect(job).toMatchObject({ state: 'done', rejected: [] });
    expect(job.sent).toBeGreaterThanOrEqual(ROWS);
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('plain')))).toEqual([]);
  }, 600_000);

  it('answer every key that cannot be sent', async () => {
    const { id } = await ask({ table: 'item', keys: [['one'], ['1', '2'], ['1'], ['99999999']] });
    const job = await ended(id);
    expect(job).toMatchObject({ state: 'done', done: 4 });
    expect(job.rejected.map(({ key }) => key)).toEqual([['one'], ['1', '2']]);
    expect(job.rejected[0]?.reason).toContain('id');
  });

  it('are named by rows of retl_buffer, and what cannot be sent is answered', async () => {
    const { schema } = e2e;
    const { source } = e2e.stack.options.servers;
    await e2e.atSource("INSERT INTO plain VALUES ('k9', 1, 2.5, NULL), ('k9', 2, 2.5, NULL), ('k9', 3, 2.5, NULL)");
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('plain')))).toEqual([]);
    await e2e.atTarget(
      "DELETE FROM plain WHERE a = 'k9' AND b IN (1, 3)",
      "UPDATE plain SET v = 0 WHERE a = 'k9'",
      "INSERT INTO plain VALUES ('stray', 1, NULL, NULL), ('stray', 2, NULL, NULL)",
    );
    const row = (name: string, type: string, ...key: string[]): string =>
      `(0, '${schema}.${name}', '${type}', CONCAT_WS(CHAR(1), ${key.map((part) => `'${part}'`).join(',')}), NOW(), NOW())`;
    await runSql(source, [
      RETL_BUFFER,
      `INSERT INTO retl.retl_buffer (TABLE_ID, FULL_NAME, TYPE, PK_DATA, GMT_CREATE, GMT_MODIFIED) VALUES ${[
        row('plain', 'I', 'k9', '1'),
        row('plain', 'U', 'k9', '2'),
        row('pla(i|o)n', 'U', 'k9', '3'),
        row('plain', 'D', 'stray', '1'),
        row('plain', 'U', 'stray', '2'),
        row('plain', 'D', 'k9', '2'),
        row('plain', 'X', 'k9', '2'),
        row('plain', 'U', 'only one'),
        row('nothing', 'U', '1'),
      ].join(',')}`,
    ]);
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('plain')))).toEqual([]);
    const job = await waitUntil(
      async () => {
        const found = await jobOf('retl_buffer');
        if (found.rejected.length >= 4) return found;
        throw new Error(JSON.stringify(found));
      },
      { what: 'four answers', timeoutMs: 60_000, everyMs: 100 },
    );
    const ours = job.rejected
      .filter(({ reason }) => reason.includes(schema))
      .map(({ key, reason }) => `${key.join()} ${reason}`);
    expect(ours).toHaveLength(4);
    for (const said of ['k9,2 D .*is there', 'k9,2 X .*TYPE X', 'only one U .*2 columns', '1 U .*no table'])
      expect(ours).toContainEqual(expect.stringMatching(said));
    expect(await ended('retl_buffer')).toMatchObject({ state: 'done', sent: 3, gone: 2 });
  });

  it.each([
    ['a table without a key', { table: 'keyless', where: '1' }, 'no primary key'],
    ['a table that is not there', { table: 'nothing', where: '1' }, 'no table'],
    ['a condition that is none', { table: 'item', where: 'n = = 1' }, 'SQL syntax'],
    ['an unknown column', { table: 'item', where: 'nowhere = 1' }, 'nowhere'],
    ['a condition that leaves its brackets', { table: 'item', where: '1) OR (1' }, 'SQL syntax'],
    ['another statement', { table: 'item', where: '1; DELETE FROM item' }, 'SQL syntax'],
    ['a range of another key', { table: 'item', range: { from: ['1', '2'], to: ['3', '4'] } }, '1 columns'],
    ['nothing', { table: 'item' }, 'One of keys, range and where'],
  ])(
    'are refused for %s',
    async (_what, body, problem) => {
      await expect(ask(body)).rejects.toMatchObject({ message: expect.stringContaining(problem) });
    },
    180_000,
  );
});

/** What both tables hold at first. */
function rows(): string[] {
  const items = Array.from({ length: ROWS }, (_, id) => `(${String(id)}, 0, ${String(id)}, 'first', x'00ff')`);
  const plain = Array.from(
    { length: ROWS },
    (_, id) => `('k${String(id % 7)}', ${String(id)}, 1.5, '2031-01-02 03:04:05.000006')`,
  );
  return [`INSERT INTO item VALUES ${items.join(',')}`, `INSERT INTO plain VALUES ${plain.join(',')}`];
}

interface Asked {
  readonly schema: string;
  readonly table: string;
  readonly keys?: string[][];
  readonly range?: { readonly from: string[]; readonly to: string[] };
  readonly where?: string;
  readonly rowsPerSecond?: number;
}

function askFor(e2e: E2eStack, body: Asked, pipelineId: string) {
  return e2e.stack.api.post('/pipelines/{pipelineId}/resync', { path: { pipelineId }, body });
}

/** Transactions without a pause. Returns how many. */
async function write(open: () => Promise<Connection>, writer: number, signal: AbortSignal): Promise<number> {
  const connection = await open();
  let transactions = 0;
  try {
    for (let turn = 0; !signal.aborted; turn++) {
      try {
        for (const statement of statementsOf(writer, turn)) await connection.query(statement);
        transactions += 1;
      } catch (error) {
        // Writers lock gaps between their rows, in any order.
        if (!(error instanceof Error) || !('errno' in error) || error.errno !== 1213) throw error;
        await connection.query('ROLLBACK');
      }
    }
    return transactions;
  } finally {
    await connection.end();
  }
}

/** Keys and unique values of the writers do not meet. */
function statementsOf(writer: number, turn: number): readonly string[] {
  const pick = (nth: number): string => String(((turn * 7 + nth * 11) % (ROWS / WRITERS)) * WRITERS + writer);
  const [one, other] = [pick(1), pick(2)];
  const far = String(ROWS * 10 + (turn % 50) * WRITERS + writer);
  const every = (count: number, rest: number, statement: string): readonly string[] =>
    turn % count === rest ? [statement] : [];
  return [
    'START TRANSACTION',
    `UPDATE item SET n = n + 1, a = 'turn ${String(turn)}' WHERE id = ${one}`,
    `DELETE FROM item WHERE id = ${far}`,
    // Two rows change their unique values.
    'SET @one = NULL, @other = NULL',
    `SELECT u INTO @one FROM item WHERE id = ${one}`,
    `SELECT u INTO @other FROM item WHERE id = ${other}`,
    `UPDATE item SET u = NULL WHERE id IN (${one}, ${other})`,
    `UPDATE item SET u = @other WHERE id = ${one}`,
    `UPDATE item SET u = @one WHERE id = ${other}`,
    ...every(3, 0, `INSERT INTO item VALUES (${far}, ${String(turn)}, NULL, 'far', NULL)`),
    ...every(4, 0, `DELETE FROM item WHERE id = ${other}`),
    ...every(4, 1, `REPLACE INTO item VALUES (${other}, 0, ${other}, 'back', NULL)`),
    ...every(5, 0, `UPDATE IGNORE item SET id = ${far} WHERE id = ${one}`),
    'COMMIT',
  ];
}
