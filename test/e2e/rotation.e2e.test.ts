// Goal: passwords and certificates of both databases are replaced under a running pipeline: it stays in its epoch, and no row is
// lost or applied twice.
// Method: the six services from MySQL (caching_sha2_password) to MariaDB, which both speak TLS; a writer commits all the time; each login is changed at the server
// and at Lutra, in both orders, and all sessions of the old one are killed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import { connectTo, makeTlsMaterial, OwnServer, runSql, waitUntil } from '@lutra/testing';
import type { DatabaseProgram, DatabaseServer, TlsMaterial } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'lutra-rotation-'));
let material: TlsMaterial;
let servers: { readonly source: OwnServer; readonly target: OwnServer };
let e2e: E2eStack;
let pipelineId: string;
let writer: ShopWriter;

beforeAll(async () => {
  material = await makeTlsMaterial(folder);
  const start = (program: DatabaseProgram): Promise<OwnServer> =>
    OwnServer.start({ program, extra: material.server.options });
  const [source, target] = await Promise.all([start('mysql'), start('mariadb')]);
  servers = { source, target };
  e2e = await startE2eStack('rotation', { servers });
  await e2e.createTables(...SHOP_TABLES);
  pipelineId = await e2e.stack.createPipeline({ name: 'p', mappings: [wholeSchema(e2e.schema)] });
  writer = new ShopWriter(source, e2e.schema);
}, 240_000);

afterAll(async () => {
  await e2e.stop();
  await Promise.all([servers.source.close(), servers.target.close()]);
  rmSync(folder, { recursive: true });
});

type Side = 'source' | 'target';

const accountOf = (side: Side): DatabaseServer => e2e.stack[side];
const atServer = (side: Side, ...statements: readonly string[]): Promise<void> => runSql(servers[side], statements);

/** Ends all sessions of Lutra's user; MySQL has no one word for that. */
async function killAll(side: Side): Promise<void> {
  const connection = await connectTo(servers[side]);
  try {
    const [sessions] = (await connection.query('SHOW PROCESSLIST')) as unknown as [{ Id: number; User: string }[]];
    for (const { Id, User } of sessions)
      if (User === accountOf(side).user)
        await connection.query(`KILL ${String(Id)}`).catch((error: unknown) => {
          // It has ended by itself.
          if ((error as { code?: string }).code !== 'ER_NO_SUCH_THREAD') throw error;
        });
  } finally {
    connection.destroy();
  }
}

/** What Lutra knows of the login from now on. */
async function tell(side: Side, login: Readonly<Record<string, string>>): Promise<void> {
  const { items } = await e2e.stack.api.get('/data-sources');
  const { id } = must(
    items.find(({ name }) => name === `p-${side}`),
    'the data source of this side',
  );
  await e2e.stack.api.patch('/data-sources/{id}', { path: { id }, body: login });
}

/** Resolves when rows that are committed from now on have arrived. */
async function goesOn(what: string): Promise<void> {
  const loaded = async (): Promise<number> => (await e2e.stack.api.pipeline(pipelineId)).rowsLoaded ?? 0;
  const before = await loaded();
  await waitUntil(async () => (await loaded()) > before + 200, {
    what: `rows to be loaded ${what}`,
    timeoutMs: 60_000,
  });
}

it('goes over to new passwords and certificates in its epoch', async () => {
  await goesOn('at first');
  const { epoch } = await e2e.stack.api.pipeline(pipelineId);
  for (const side of ['source', 'target'] as const) {
    const user = `'${accountOf(side).user}'@'%'`;
    // As it should be done: Lutra is told before the old sessions end.
    await atServer(side, `ALTER USER ${user} IDENTIFIED BY 'Second-1'`);
    await tell(side, { password: 'Second-1' });
    await killAll(side);
    await goesOn(`under a new password of the ${side}`);
    // As it happens: the sessions end first, and Lutra is told a moment later.
    await atServer(side, `ALTER USER ${user} IDENTIFIED BY 'Third-1'`);
    await killAll(side);
    await tell(side, { password: 'Third-1' });
    await goesOn(`under a password of the ${side} that came late`);
    const tls = { tls: 'verifyIdentity', tlsCa: material.authority };
    const { client, addressOnly } = material;
    await tell(side, { ...tls, tlsCert: client.certificate, tlsKey: client.privateKey });
    await atServer(side, `ALTER USER ${user} REQUIRE SUBJECT '/CN=client'`);
    await killAll(side);
    await goesOn(`at the ${side} with a certificate`);
    await tell(side, { tlsCert: addressOnly.certificate, tlsKey: addressOnly.privateKey });
    await atServer(side, `ALTER USER ${user} REQUIRE SUBJECT '/CN=address'`);
    await killAll(side);
    await goesOn(`at the ${side} with the next certificate`);
  }
  await writer.stop();
  expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock')))).toEqual([]);
  expect(await e2e.stack.api.pipeline(pipelineId)).toMatchObject({ state: 'RUNNING', epoch });
}, 300_000);
