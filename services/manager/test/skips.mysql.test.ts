import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resolveStart, SourceSession } from '@lutra/binlog';
import { MysqlGtidSet, systemClock } from '@lutra/model';
import type { Place } from '@lutra/model';
import { ensureCheckpointTable, insertOrigin, openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { connectTo, testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: a person sees what a source transaction holds before it is left out, and what is left out is what was seen.
// Method: a manager in this process; sources of both kinds; the checkpoint is put into a real target by the functions that
// load uses. That load leaves it out, again at each repeat: test/e2e/positions.e2e.test.ts.

const installation = new Installation();
let manager: RunningManager;
let channelId: string;
let target: TargetSession;
let targetId: string;

const given = ({ kind, host, port, user, password }: DatabaseServer): Record<string, unknown> => ({
  ...{ kind, host, port, user, password },
});

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  const server = testServers().mariadbTarget;
  targetId = await manager.create('data-sources', { ...given(server), name: 'target' });
  const { kind, host, port, user, password } = server;
  const definition = { id: 'T', name: 't', kind, host, port, user, password: '', tls: 'disabled' } as const;
  target = await openTarget(definition, password, { clock: systemClock });
  await ensureCheckpointTable(target);
});

afterAll(async () => {
  await target.close();
  await installation.close();
});

async function placeAt({ kind, host, port, user, password }: DatabaseServer): Promise<Place> {
  const definition = { kind, host, port, user, tls: 'disabled' } as const;
  const session = await SourceSession.open({ definition, password, clock: systemClock });
  try {
    return await resolveStart(session, { kind: 'latest' });
  } finally {
    session.close();
  }
}

const problem = ({ status, body }: Answer): unknown => [status, body['code']];

describe.each([
  ['MariaDB', testServers().mariadbSource],
  ['MySQL', testServers().mysql],
] as const)('transactions of %s', (_name, source) => {
  const schema = `skips_${randomBytes(4).toString('hex')}`;
  let id: string;
  let place: Place;
  /** Two rows of a mapped table and one of another; a schema statement. */
  let rows: string;
  let statement: string;
  const path = (rest = ''): string => `/api/v1/pipelines/${id}/skips${rest}`;
  const preview = (gtid: string): Promise<Answer> => manager.request('GET', path(`/preview?gtid=${gtid}`));
  const skip = (body: object, headers = {}): Promise<Answer> => manager.request('POST', path(), { body, headers });

  beforeAll(async () => {
    const connection = await connectTo(source);
    const nameOf = async (work: string): Promise<string> => {
      if (source.kind === 'mariadb') {
        await connection.query(work);
        const [found] = await connection.query('SELECT @@last_gtid AS gtid');
        return String((found as unknown as { gtid: string }[])[0]?.gtid);
      }
      // Other tests write to this server too: the transaction gets a name of its own.
      const uuid = `${randomBytes(4).toString('hex')}-0000-1111-2222-${randomBytes(6).toString('hex')}`;
      await connection.query(`SET gtid_next = '${uuid}:1'`);
      await connection.query(work);
      await connection.query("SET gtid_next = 'AUTOMATIC'");
      return `${uuid}:1`;
    };
    try {
      await connection.query(`CREATE DATABASE ${schema}`);
      await connection.query(
        `CREATE TABLE ${schema}.t (id INT PRIMARY KEY, big BIGINT, v VARCHAR(9), b VARBINARY(5000))`,
      );
      await connection.query(`CREATE TABLE ${schema}.other (id INT PRIMARY KEY)`);
      place = await placeAt(source);
      const work =
        `START TRANSACTION; INSERT INTO ${schema}.other VALUES (1); ` +
        `INSERT INTO ${schema}.t VALUES (1, 9007199254740993, 'é', x'00ff'), (2, NULL, '', REPEAT('x', 5000)); COMMIT`;
      rows = await nameOf(work);
      statement = await nameOf(`CREATE TABLE ${schema}.made (id INT PRIMARY KEY)`);
      const name = `pipeline ${schema}`;
      const sourceId = await manager.create('data-sources', { ...given(source), name });
      id = await manager.create('pipelines', { channelId, name, sourceId, targetId });
      const mapping = { source: { schema, table: { regex: 't|made' } }, target: { schema } };
      await manager.create(`pipelines/${id}/mappings`, mapping);
      await insertOrigin(target, { pipelineId: id, epoch: 1, owner: 'load' }, { place, revision: 1, lanes: 2 });
    } finally {
      connection.destroy();
    }
  });

  it('are shown as the log has them, mapped rows only', async () => {
    const { body } = await preview(rows);
    expect(body).toMatchObject({
      ...{ gtid: rows, rowCount: 2, statements: 0, eventsNotShown: 0 },
      rows: [
        {
          ...{ event: 1, row: 0, schema, table: 't', kind: 'insert', before: null },
          after: { id: 1, big: { integer: '9007199254740993' }, v: 'é', b: { bytes: 'AP8=' } },
        },
        { event: 1, row: 1, after: { id: 2, big: null, v: '', b: { length: 5_000 } } },
      ],
    });
    expect((await preview(rows)).body['hash']).toBe(body['hash']);
  });

  it('are not left out unseen', async () => {
    const { hash } = (await preview(rows)).body as { readonly hash: string };
    const wanted = { gtid: rows, confirmHash: hash, reason: 'a test' };
    expect(problem(await skip({ ...wanted, confirmHash: '0'.repeat(64) }))).toEqual([409, 'RESOURCE_CONFLICT']);
    expect(problem(await skip({ ...wanted, row: { event: 0, row: 0 } }))).toEqual([409, 'RESOURCE_CONFLICT']);
    expect(problem(await skip(wanted, { 'if-match': '"99"' }))).toEqual([412, 'RESOURCE_CONFLICT']);
    const { hash: ofStatement } = (await preview(statement)).body as { readonly hash: string };
    expect(problem(await skip({ ...wanted, gtid: statement, confirmHash: ofStatement }))).toEqual([
      409,
      'RESOURCE_CONFLICT',
    ]);
    expect((await manager.request('GET', path())).body['items']).toEqual([]);
  });

  it('are told from those that are done or unknown', async () => {
    const { done } = place;
    const unknown = source.kind === 'mysql' ? '9c1e7a4e-0000-1111-2222-333344445555:1' : '99-1-5';
    expect(problem(await preview(unknown))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect(problem(await preview('not a gtid'))).toEqual([400, 'REQUEST_INVALID']);
    const [first] = done.kind === 'mysqlGtid' ? MysqlGtidSet.parse(done.gtidSet).entries() : [];
    const old =
      first === undefined
        ? (done as { readonly gtidList: string }).gtidList.replace(/-\d+(,.*)?$/, '-1')
        : `${first.uuid}:${String(first.intervals[0]?.first)}`;
    expect(problem(await preview(old))).toEqual([409, 'RESOURCE_CONFLICT']);
  });

  it('are left out by the next revision, with who and why, until that is taken back', async () => {
    const { hash } = (await preview(rows)).body as { readonly hash: string };
    const wanted = { gtid: rows, confirmHash: hash, reason: 'written by hand' };
    const one = await skip({ ...wanted, row: { event: 1, row: 1 } });
    expect(one.body).toMatchObject({
      gtid: rows,
      row: { event: 1, row: 1 },
      author: 'admin',
      reason: 'written by hand',
    });
    const whole = await skip(wanted);
    expect(problem(await skip(wanted))).toEqual([409, 'RESOURCE_CONFLICT']);
    const onBus = async (): Promise<unknown> => (await manager.bus.definition(id))?.skips;
    const LIMIT = { what: 'the revision to be published', timeoutMs: 60_000 };
    await waitUntil(
      async () =>
        JSON.stringify(await onBus()) === JSON.stringify([{ gtid: rows, row: { event: 1, row: 1 } }, { gtid: rows }]),
      LIMIT,
    );
    const audit = (await manager.request('GET', `/api/v1/audit?resourceId=${id}`)).body.items ?? [];
    expect(audit).toContainEqual(
      expect.objectContaining({
        resource: 'skip',
        action: 'create',
        after: expect.objectContaining({ hash, gtid: rows }),
      }),
    );
    const [newest] = (await manager.request('GET', `/api/v1/pipelines/${id}/revisions`)).body.items ?? [];
    expect(newest).toMatchObject({ comment: 'written by hand', author: 'admin' });
    for (const { body } of [one, whole])
      expect((await manager.request('DELETE', path(`/${String(body['id'])}`))).status).toBe(204);
    await waitUntil(async () => (await onBus()) === undefined, LIMIT);
    expect((await manager.request('DELETE', path('/nothing'))).status).toBe(404);
  });
});
