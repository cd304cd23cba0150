import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { systemClock } from '@lutra/model';
import { databaseMatrix, FaultProxy, OwnServer, testServers, waitUntil } from '@lutra/testing';
import { MIGRATIONS } from '../src/store/migrations/migrations.ts';
import { Store } from '../src/store/store.ts';
import { Installation } from './running-manager.ts';

// Goal: managers start whatever the state of the store, and outlive its absence.
// Method: managers in this process; a TCP relay before the database is closed and opened.

// The oldest release that a store may be in, and one whose transactions do not see what others commit, and refuse to write
// over it.
const { run, missing } = await databaseMatrix(['mariadb-10.5', 'mariadb-11.8']);
const others: OwnServer[] = [];
for (const { program } of run) others.push(await OwnServer.start({ program }));
afterAll(async () => {
  for (const server of others) await server.close();
});

it(`runs on ${run.map(({ program }) => program).join(' and ') || 'no other release'} too`, () => {
  expect(run.length + missing.length).toBe(2);
});

let installation: Installation;
afterEach(async () => {
  await (installation as Installation | undefined)?.close();
});

/** A relay to the store that can be cut. */
class Relay {
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();
  port = 0;

  async open(): Promise<void> {
    const { host, port } = installation.store;
    const server = createServer((client) => {
      const store = connect({ host, port });
      for (const [one, other] of [
        [client, store],
        [store, client],
      ] as const) {
        this.sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
        one.pipe(other);
      }
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async cut(): Promise<void> {
    const { server } = this;
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    if (server !== null) await new Promise((resolve) => server.close(resolve));
    this.server = null;
  }
}

const SHARED = [
  ['MariaDB', testServers().mariadbTarget],
  ['MySQL', testServers().mysql],
] as const;

describe.each([...SHARED, ...others.map((server) => [server.program, server] as const)])(
  'store in %s',
  (_name, server) => {
    beforeEach(() => {
      installation = new Installation(server);
    });

    it('two managers that start at once migrate once and make one key', async () => {
      const managers = await Promise.all([installation.start(), installation.start()]);
      const { database } = installation;
      expect((await installation.sql(`SELECT COUNT(*) AS n FROM ${database}.migration`))[0]?.['n']).toBe(
        MIGRATIONS.length,
      );
      expect((await installation.sql(`SELECT COUNT(*) AS n FROM ${database}.api_key`))[0]?.['n']).toBe(1);
      for (const manager of managers) expect((await manager.request('GET', '/api/v1/channels')).status).toBe(200);
      const ids = await Promise.all(
        managers.map((manager, i) => manager.create('channels', { name: `c${String(i)}` })),
      );
      expect(new Set(ids).size).toBe(2);
    });

    it('a restart keeps key and configuration, and publishes what the bus lost meanwhile', async () => {
      const first = await installation.start();
      const token = installation.token();
      const channelId = await first.create('channels', { name: 'c' });
      const source = { kind: 'mysql', host: 'h', user: 'u', password: 'p' };
      const sourceId = await first.create('data-sources', { ...source, name: 's', port: 1 });
      const targetId = await first.create('data-sources', { ...source, name: 't', port: 2 });
      const id = await first.create('pipelines', { channelId, name: 'p', sourceId, targetId });
      await waitUntil(async () => (await first.bus.definition(id)) !== null, { what: 'publishing', timeoutMs: 60_000 });
      await first.bus.removeDefinition(id);
      await first.stop();
      const second = await installation.start();
      expect(installation.token()).toBe(token);
      expect((await second.request('GET', `/api/v1/channels/${channelId}`)).body['name']).toBe('c');
      await waitUntil(async () => (await second.bus.definition(id))?.revision === 1, {
        what: 'publishing',
        timeoutMs: 60_000,
      });
    });

    it('a change whose rows another one has written meanwhile is made on what stands', async () => {
      const manager = await installation.start();
      await manager.create('channels', { name: 'before' });
      const { database } = installation;
      const { host, port, user, password } = server;
      const store = new Store({ host, port, user, password, database }, systemClock);
      await store.open(() => Promise.resolve());
      let attempts = 0;
      await store.change(async (transaction) => {
        attempts += 1;
        await transaction.query('SELECT name FROM channel');
        if (attempts === 1) await installation.sql(`UPDATE ${database}.channel SET name = 'meanwhile'`);
        await transaction.query("UPDATE channel SET name = CONCAT(name, ', and after')");
      });
      await store.close('the end');
      expect(await installation.sql(`SELECT name FROM ${database}.channel`)).toEqual([
        { name: 'meanwhile, and after' },
      ]);
    });
  },
);

describe.each(SHARED)('a store in %s that is away', (_name, server) => {
  it('is told by the API with a code, which goes on alone when it is back', async () => {
    installation = new Installation(server);
    const relay = new Relay();
    await relay.open();
    await relay.cut();
    const manager = await installation.start({ storePort: relay.port, waits: false });
    await waitUntil(() => manager.whyNotReady().includes('STORE_UNREACHABLE'), {
      what: 'the reason',
      timeoutMs: 60_000,
    });
    await relay.open();
    await waitUntil(() => manager.whyNotReady() === '', { what: 'the store to open', timeoutMs: 60_000 });
    await manager.create('channels', { name: 'before' });

    await relay.cut();
    const refused = await manager.request('GET', '/api/v1/channels');
    expect([refused.status, refused.body['code'], refused.headers.get('retry-after')]).toEqual([
      503,
      'STORE_UNREACHABLE',
      '2',
    ]);
    await waitUntil(() => manager.whyNotReady().includes('STORE_UNREACHABLE'), {
      what: 'readiness to say why',
      timeoutMs: 60_000,
    });

    await relay.open();
    await waitUntil(async () => (await manager.request('GET', '/api/v1/channels')).status === 200, {
      what: 'the API to go on',
      timeoutMs: 60_000,
    });
    expect((await manager.request('GET', '/api/v1/channels')).body['total']).toBe(1);
    await manager.stop();
    await relay.cut();
  });
});

it('a store whose connections died without a word can be closed and opened again', async () => {
  installation = new Installation();
  const { user, password } = installation.store;
  const proxy = await FaultProxy.open(installation.store);
  const address = { host: proxy.host, port: proxy.port, user, password, database: installation.database };
  const store = new Store(address, systemClock);
  try {
    await store.open(() => Promise.resolve());
    expect(proxy.abandon()).toBeGreaterThan(0);
    // Awaited on a dead connection for ever; the caller has a limit.
    const asking = store.ping();
    asking.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    await store.close('a test');
    await store.open(() => Promise.resolve());
    expect(store.whyAway).toBe('');
  } finally {
    await store.close('the end');
    await proxy.close();
  }
});
