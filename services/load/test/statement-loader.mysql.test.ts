// Goal: a schema statement takes effect at the target once, whatever the loader dies of, and who cannot tell asks.
// Method: real servers of both families; a crash is a fenced transaction that throws behind the intent or behind the
// statement, and sessions that are left behind.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS, SyncError, systemClock } from '@lutra/model';
import type { DataSourceDefinition, DdlKind, StatementProcess, TargetDdl } from '@lutra/model';
import { ensureCheckpointTable, openTarget, readIntents } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { testServers, waitUntil } from '@lutra/testing';
import { endOpenStatements } from '../src/ddl/end-open-statements.ts';
import { StatementLoader } from '../src/ddl/statement-loader.ts';
import type { StatementOptions } from '../src/ddl/statement-loader.ts';
import type { TargetAccess } from '../src/target-access.ts';

describe.each(['mariadbTarget', 'mysql'] as const)('schema statements at %s', (name) => {
  const { kind, host, port, user, password } = testServers()[name];
  const target: DataSourceDefinition = {
    id: 't',
    name: 't',
    kind,
    host,
    port,
    user,
    password: '',
    tls: 'disabled',
  } as never;
  const schema = `ddl_${randomBytes(5).toString('hex')}`;
  let pipelineId: string;
  let admin: TargetSession;
  let warnings: string[];
  const opened: TargetSession[] = [];
  const access: TargetAccess = {
    clock: systemClock,
    open: async () => {
      const session = await openTarget(target, password, { clock: systemClock });
      opened.push(session);
      return session;
    },
  };

  beforeEach(async () => {
    pipelineId = `ddl-${randomBytes(6).toString('hex')}`;
    warnings = [];
    admin = await access.open();
    await ensureCheckpointTable(admin);
    await admin.query(`CREATE DATABASE ${schema}`);
    await admin.query(`CREATE TABLE ${schema}.item (id INT PRIMARY KEY, a INT)`);
  });
  afterEach(async () => {
    crashAt = null;
    await admin.rollback();
    await admin.query(`DROP DATABASE IF EXISTS ${schema}`);
    await admin.query(`DELETE FROM lutra.ddl WHERE pipeline_id = '${pipelineId}'`);
    await admin.commit();
    for (const session of opened.splice(0)) session.destroy();
  });

  const process = (
    kindOf: DdlKind,
    text: string,
    more: Partial<TargetDdl> & { gtid?: string } = {},
  ): StatementProcess => {
    const { gtid = 'g:1', ...about } = more;
    const ddl: TargetDdl = { kind: kindOf, text, schema, tables: [{ schema, table: 'item' }], ghost: null, ...about };
    const transaction = { seq: 1, gtid, firstEvent: 0, commitMs: 1, isLast: true };
    const session = { sqlMode: 'STRICT_TRANS_TABLES', foreignKeyChecks: true, explicitDefaultsForTimestamp: null };
    const statement = { kind: kindOf, text, schema, flavour: 'mysql' as const, tables: [], ghost: null, ...session };
    return { header: { process: 1 } as never, transaction, statement, targets: [ddl] };
  };
  let crashAt: 'after-intent' | 'after-statement' | null = null;
  const fenced = async (sql: readonly { readonly sql: string }[]): Promise<void> => {
    const isIntent = sql.some((statement) => statement.sql.startsWith('INSERT'));
    if (crashAt === 'after-statement' && !isIntent) throw new Error('killed');
    await run(sql);
    if (crashAt === 'after-intent' && isIntent) throw new Error('killed');
  };
  const run = async (sql: readonly { readonly sql: string }[]): Promise<void> => {
    await admin.execute(sql);
    await admin.commit();
  };
  const apply = async (
    statement: StatementProcess,
    options: Partial<StatementOptions> = {},
    within: typeof fenced = fenced,
  ): Promise<void> => {
    const loader = new StatementLoader({
      access,
      pipelineId,
      fenced: within,
      warn: ({ code }) => {
        warnings.push(code);
        return Promise.resolve();
      },
    });
    const { retryInPlaceMs: retryMs } = DEFAULT_PARAMETERS;
    const signal = new AbortController().signal;
    const applied = await loader.apply(statement, { revision: 1, decision: undefined, retryMs, signal, ...options });
    await run(applied.closing);
    await applied.end();
  };
  const columns = async (table = 'item'): Promise<string[]> => {
    const rows = await admin.query(`SHOW COLUMNS FROM ${schema}.${table}`);
    await admin.commit();
    return rows.map((row) => String(row['Field']));
  };
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'none',
      (error: unknown) => SyncError.of(error).code,
    );
  const crash = (point: typeof crashAt): void => {
    crashAt = point;
  };

  it('applies it, closes its intent, and does nothing when it comes again', async () => {
    const statement = process('alter', 'ALTER TABLE item ADD COLUMN b INT');
    await apply(statement);
    expect(await columns()).toEqual(['id', 'a', 'b']);
    expect(await readIntents(admin, { pipelineId, gtid: 'g:1' })).toMatchObject([{ number: 0, state: 'done' }]);
    await apply(statement);
    expect(await columns()).toEqual(['id', 'a', 'b']);
    expect(warnings).toEqual([]);
  });

  it.each(['after-intent', 'after-statement'] as const)('goes on after a crash at %s', async (point) => {
    const statement = process('alter', `ALTER TABLE ${schema}.item ADD COLUMN b INT`);
    crash(point);
    await expect(apply(statement)).rejects.toThrow('killed');
    expect(await columns()).toEqual(point === 'after-intent' ? ['id', 'a'] : ['id', 'a', 'b']);
    crashAt = null;
    await endOpenStatements(access, admin, pipelineId);
    await apply(statement);
    expect(await columns()).toEqual(['id', 'a', 'b']);
    expect(warnings).toEqual([]);
  });

  it('does not truncate twice: the table has another number', async () => {
    await admin.query(`INSERT INTO ${schema}.item VALUES (1, 1)`);
    await admin.commit();
    const statement = process('truncate', `TRUNCATE TABLE ${schema}.item`);
    crash('after-statement');
    await expect(apply(statement)).rejects.toThrow('killed');
    crashAt = null;
    // What somebody else wrote since must stay.
    await admin.query(`INSERT INTO ${schema}.item VALUES (2, 2)`);
    await admin.commit();
    await apply(statement);
    expect(await admin.query(`SELECT id FROM ${schema}.item`)).toEqual([{ id: 2 }]);
  });

  it('asks where a swap of equal tables cannot be told, and obeys both answers', async () => {
    await admin.query(`CREATE TABLE ${schema}.other LIKE ${schema}.item`);
    await admin.query(`INSERT INTO ${schema}.other VALUES (1, 1)`);
    await admin.commit();
    const at = (...tables: string[]) => ({ tables: tables.map((table) => ({ schema, table })) });
    const names = at('item', 'x', 'other', 'item', 'x', 'other');
    const text = `RENAME TABLE ${schema}.item TO ${schema}.x, ${schema}.other TO ${schema}.item, ${schema}.x TO ${schema}.other`;
    const statement = process('rename', text, names);
    crash('after-intent');
    await expect(apply(statement)).rejects.toThrow('killed');
    crashAt = null;
    const code = await codeOf(apply(statement));
    expect(['none', 'TARGET_DDL_UNDECIDED']).toContain(code);
    if (code === 'none') return;
    await apply(statement, { decision: 'apply' });
    expect(await admin.query(`SELECT id FROM ${schema}.item`)).toEqual([{ id: 1 }]);
    await apply(statement, { decision: 'skip' });
    expect(await admin.query(`SELECT id FROM ${schema}.item`)).toEqual([{ id: 1 }]);
  });

  it('takes what is in effect already as a success, and tells', async () => {
    await admin.query(`ALTER TABLE ${schema}.item ADD COLUMN b INT, ADD INDEX i (a)`);
    await apply(process('alter', `ALTER TABLE ${schema}.item ADD COLUMN b INT, ADD INDEX i (a)`));
    await apply(process('create', `CREATE TABLE ${schema}.item (id INT)`, { gtid: 'g:2' }));
    await apply(process('index', `CREATE INDEX i ON ${schema}.item (a)`, { gtid: 'g:3' }));
    await apply(process('alter', `ALTER TABLE ${schema}.item DROP COLUMN gone`, { gtid: 'g:4' }));
    expect(warnings).toEqual(Array.from({ length: 4 }, () => 'TARGET_DDL_IN_EFFECT'));
    const half = `ALTER TABLE ${schema}.item ADD COLUMN b INT, ADD COLUMN c INT`;
    expect(await codeOf(apply(process('alter', half, { gtid: 'g:5' })))).toBe('TARGET_DDL_REFUSED');
    expect(await columns()).toEqual(['id', 'a', 'b']);
  });

  it('never says what rows hold', async () => {
    await admin.query(`INSERT INTO ${schema}.item VALUES (1, 4711), (2, 4711)`);
    await admin.commit();
    const error = await apply(process('alter', `ALTER TABLE ${schema}.item ADD UNIQUE (a)`)).then(
      () => null,
      (each: unknown) => SyncError.of(each),
    );
    expect(error?.code).toBe('TARGET_DDL_REFUSED');
    expect(error?.message).not.toContain('4711');
    expect(error?.details).toMatchObject({ transaction: 'g:1', statement: expect.stringContaining('ADD UNIQUE') });
  });

  it('ends the session of an older loader that waits for a lock, before anything else', async () => {
    const blocker = await access.open();
    await blocker.query(`SELECT * FROM ${schema}.item`);
    const zombie = apply(process('truncate', `TRUNCATE TABLE ${schema}.item`), { retryMs: 60_000 });
    zombie.catch(() => undefined);
    await waitUntil(async () => (await readIntents(admin, { pipelineId, gtid: 'g:1' })).length === 1, {
      what: 'the intent',
      timeoutMs: 60_000,
      everyMs: 50,
    });
    await endOpenStatements(access, admin, pipelineId);
    expect(await codeOf(zombie)).toBe('TARGET_CONNECTION_LOST');
    await blocker.rollback();
    await admin.query(`INSERT INTO ${schema}.item VALUES (5, 5)`);
    await admin.commit();
    expect(await admin.query(`SELECT id FROM ${schema}.item`)).toEqual([{ id: 5 }]);
  });

  it('does on the table what was done on its ghost', async () => {
    const ghost = (step: 'begin' | 'remember' | 'swap') => ({ step, name: 'shop._item_gho' });
    expect(await codeOf(apply(process('alter', '', { ghost: ghost('swap'), gtid: 'g:0' })))).toBe(
      'TARGET_GHOST_UNKNOWN',
    );
    await apply(process('alter', '', { ghost: ghost('begin'), gtid: 'g:1' }));
    for (const [index, column] of ['b', 'c'].entries())
      await apply(
        process('alter', `ALTER TABLE ${schema}.item ADD COLUMN ${column} INT`, {
          ghost: ghost('remember'),
          gtid: `g:${String(index + 2)}`,
        }),
      );
    expect(await columns()).toEqual(['id', 'a']);
    const swap = process('alter', '', { ghost: ghost('swap'), gtid: 'g:9' });
    crash('after-statement');
    await expect(apply(swap)).rejects.toThrow('killed');
    crashAt = null;
    await apply(swap);
    expect(await columns()).toEqual(['id', 'a', 'b', 'c']);
    expect(await codeOf(apply({ ...swap, transaction: { ...swap.transaction, gtid: 'g:10' } }))).toBe(
      'TARGET_GHOST_UNKNOWN',
    );
  });

  it('takes no table away for which a ghost waits, until a person has told whether it comes back', async () => {
    const ghost = (step: 'begin' | 'remember' | 'swap' | 'forget') => ({ step, name: 'shop._item_new' });
    const add = `ALTER TABLE ${schema}.item ADD COLUMN b INT`;
    const drop = process('drop', `DROP TABLE IF EXISTS ${schema}.item`, { gtid: 'g:3' });
    await admin.query(`INSERT INTO ${schema}.item VALUES (1, 1)`);
    await admin.commit();
    await apply(process('alter', '', { ghost: ghost('begin'), gtid: 'g:1' }));
    await apply(process('alter', add, { ghost: ghost('remember'), gtid: 'g:2' }));
    expect(await codeOf(apply(drop))).toBe('TARGET_GHOST_WAITING');
    const away = ['item', 'gone'].map((table) => ({ schema, table }));
    const rename = process('rename', `RENAME TABLE ${schema}.item TO ${schema}.gone`, { tables: away, gtid: 'g:4' });
    expect(await codeOf(apply(rename))).toBe('TARGET_GHOST_WAITING');
    await apply(drop, { decision: 'skip' });
    await apply(process('alter', '', { ghost: ghost('swap'), gtid: 'g:5' }));
    expect(await admin.query(`SELECT id, a, b FROM ${schema}.item`)).toEqual([{ id: 1, a: 1, b: null }]);
    await admin.commit();
    await apply(drop);
    expect(await columns().catch(() => [])).toEqual([]);
  });

  it('drops the table of a ghost that was given up, or when a person says so', async () => {
    const ghost = (step: 'begin' | 'forget') => ({ step, name: 'shop._item_new' });
    const drop = (gtid: string) => process('drop', `DROP TABLE IF EXISTS ${schema}.item`, { gtid });
    await apply(process('alter', '', { ghost: ghost('begin'), gtid: 'g:1' }));
    await apply(process('alter', '', { ghost: ghost('forget'), gtid: 'g:2' }));
    await apply(drop('g:3'));
    expect(await columns().catch(() => [])).toEqual([]);
    await admin.query(`CREATE TABLE ${schema}.item (id INT PRIMARY KEY)`);
    await apply(process('alter', '', { ghost: ghost('begin'), gtid: 'g:4' }));
    expect(await codeOf(apply(drop('g:5')))).toBe('TARGET_GHOST_WAITING');
    await apply(drop('g:5'), { decision: 'apply' });
    await admin.query(`CREATE TABLE ${schema}.item (id INT PRIMARY KEY)`);
    // What was kept of the ghost went with the table.
    await apply(drop('g:6'));
    expect(await columns().catch(() => [])).toEqual([]);
  });

  it('takes no new table for a change of one that the target does not have', async () => {
    const ghost = (step: 'begin' | 'swap') => ({ step, name: 'shop._gone_new' });
    const tables = [{ schema, table: 'gone' }];
    await apply(process('alter', '', { ghost: ghost('begin'), tables, gtid: 'g:1' }));
    const swap = process('alter', '', { ghost: ghost('swap'), tables, gtid: 'g:2' });
    expect(await codeOf(apply(swap))).toBe('TARGET_GHOST_UNKNOWN');
  });

  it('gives rows that are there already the time of the source', async () => {
    await admin.query(`INSERT INTO ${schema}.item VALUES (1, 1)`);
    await admin.commit();
    const text = 'ALTER TABLE item ADD COLUMN made DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)';
    const statement = process('alter', text);
    const clock = { ranAt: '1700000000.250000', timeZone: '+02:00' };
    await apply({ ...statement, statement: { ...statement.statement, ...clock } });
    const [row] = await admin.query(`SELECT CAST(made AS CHAR) AS made FROM ${schema}.item`);
    expect(row).toEqual({ made: '2023-11-15 00:13:20.250000' });
  });

  it('needs no schema of the name in which the session at the source was', async () => {
    const elsewhere = { schema: `${schema}_gone`, tables: [{ schema, table: 'item' }] };
    await apply(process('alter', `ALTER TABLE ${schema}.item ADD COLUMN b INT`, elsewhere));
    expect(await columns()).toEqual(['id', 'a', 'b']);
    const unclear = process('create', 'CREATE TABLE nowhere (id INT)', { ...elsewhere, gtid: 'g:2' });
    expect(await codeOf(apply(unclear))).toBe('TARGET_DDL_REFUSED');
  });

  it('asks when a statement that was begun has become another one', async () => {
    crash('after-intent');
    await expect(apply(process('alter', `ALTER TABLE ${schema}.item ADD COLUMN b INT`))).rejects.toThrow('killed');
    crashAt = null;
    const another = process('alter', `ALTER TABLE ${schema}.item ADD COLUMN c INT`);
    expect(await codeOf(apply(another))).toBe('TARGET_DDL_UNDECIDED');
    await apply(another, { decision: 'apply' });
    expect(await columns()).toEqual(['id', 'a', 'c']);
  });

  it('tells what was done whatever modes an earlier statement ran under', async () => {
    await admin.query(`CREATE TABLE ${schema}.other (id INT PRIMARY KEY)`);
    await admin.commit();
    const both = process('alter', '');
    const targets = ['item', 'other'].map((table) => ({
      ...both.targets?.[0],
      text: `ALTER TABLE ${schema}.${table} ADD COLUMN b INT`,
      tables: [{ schema, table }],
    })) as TargetDdl[];
    const statement = { ...both, targets, statement: { ...both.statement, sqlMode: 'ANSI_QUOTES' } };
    let intents = 0;
    const killed = async (sql: readonly { readonly sql: string }[]): Promise<void> => {
      await run(sql);
      if (sql.some((each) => each.sql.startsWith('INSERT')) && ++intents === 2) throw new Error('killed');
    };
    await expect(apply(statement, {}, killed)).rejects.toThrow('killed');
    expect(await columns('other')).toEqual(['id']);
    await apply(statement);
    expect(await columns('other')).toEqual(['id', 'b']);
    expect(await columns()).toEqual(['id', 'a', 'b']);
  });

  it('exchanges a partition with a table, also after it was refused', async () => {
    await admin.query(
      `CREATE TABLE ${schema}.parts (id INT PRIMARY KEY, a INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))`,
    );
    await admin.query(`INSERT INTO ${schema}.item VALUES (1, 1), (11, 1)`);
    await admin.commit();
    const tables = ['parts', 'item'].map((table) => ({ schema, table }));
    const statement = process('alter', 'ALTER TABLE parts EXCHANGE PARTITION p1 WITH TABLE item', { tables });
    expect(await codeOf(apply(statement))).toBe('TARGET_DDL_REFUSED');
    await admin.query(`DELETE FROM ${schema}.item WHERE id = 1`);
    await admin.commit();
    // Its tables would never tell whether it was done: that it was refused is known.
    await apply(statement);
    expect(await admin.query(`SELECT id FROM ${schema}.parts`)).toEqual([{ id: 11 }]);
  });

  it('takes no other fault of an index for one that is there already', async () => {
    const text = `CREATE INDEX i ON ${schema}.item (nothing)`;
    expect(await codeOf(apply(process('index', text)))).toBe('TARGET_DDL_REFUSED');
    expect(warnings).toEqual([]);
  });

  it('runs it under the modes of the source', async () => {
    const statement = process('create', `CREATE TABLE ${schema}.modes ("key" INT DEFAULT 1)`, {
      tables: [{ schema, table: 'modes' }],
    });
    await apply({ ...statement, statement: { ...statement.statement, sqlMode: 'ANSI_QUOTES' } });
    expect(await columns('modes')).toEqual(['key']);
  });
});
