/**
 * Goal: a source is read at the first server of its group that fits, and when none does the reasons of all are told; a
 * dump that falls silent or meets its own server id ends in a way that is tried again.
 * Method: groups made of the shared servers and of ports where nobody listens; a relay that stops relaying, and a clock
 * that is turned on.
 */
import { afterEach, describe, expect, it } from '@jest/globals';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { openDump, openSource, resolveStart, SourceSession } from '@lutra/binlog';
import type { BinlogDump, SourceOptions } from '@lutra/binlog';
import { systemClock } from '@lutra/model';
import type { DonePlace, ServerAddress } from '@lutra/model';
import { testServers, waitUntil } from '@lutra/testing';

const servers = testServers();
const silent = (port: number): ServerAddress => ({ host: '127.0.0.1', port });

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('a group of %s servers', (_, { kind, host, port, user, password }) => {
  const here = { host, port };
  const groupOf = (first: ServerAddress, ...standbys: ServerAddress[]): SourceOptions => ({
    definition: { kind, ...first, standbys, user, tls: 'disabled' },
    password,
    clock: systemClock,
  });
  const open: { close(): void }[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });

  async function latest(): Promise<DonePlace> {
    const session = await SourceSession.open(groupOf(here));
    open.push(session);
    return (await resolveStart(session, { kind: 'latest' })).done;
  }

  it('is opened at the first server that fits, and says why others were passed over', async () => {
    const place = { done: await latest(), inside: null };
    const opened = await openSource(groupOf(silent(1), here), { place, schemas: [] });
    open.push(opened.session);
    expect(opened.address).toEqual(here);
    expect(opened.session.options.definition).toMatchObject(here);
    expect(opened.passedOver.map(({ address, error }) => [address, error.code])).toEqual([
      ['127.0.0.1:1', 'SOURCE_UNREACHABLE'],
    ]);
  });

  it('is opened where it was last', async () => {
    const opened = await openSource(groupOf(silent(1), here), { place: null, schemas: [], lastGood: here });
    open.push(opened.session);
    expect(opened.passedOver).toEqual([]);
  });

  it('that lacks transactions says so before others that do not answer, and names all', async () => {
    const done: DonePlace =
      kind === 'mysql'
        ? { kind: 'mysqlGtid', gtidSet: '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5' }
        : { kind: 'mariadbGtid', gtidList: '0-1-999999999' };
    const opening = openSource(groupOf(silent(1), here, silent(2)), { place: { done, inside: null }, schemas: [] });
    const failure: unknown = await opening.catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'SOURCE_LOST_TRANSACTIONS',
      details: {
        gtids: done.kind === 'mysqlGtid' ? done.gtidSet : '0-1-999999999',
        unreachable: ['127.0.0.1:1', '127.0.0.1:2'],
      },
    });
    for (const address of ['127.0.0.1:1:', `${host}:${String(port)}:`, '127.0.0.1:2:'])
      expect(String(failure)).toContain(address);
  });

  it('does not guess for a place without GTID of another server', async () => {
    const done: DonePlace = { kind: 'file', serverUuid: 'another', file: 'bin.000001', offset: 4 };
    await expect(
      openSource(groupOf(silent(1), here), { place: { done, inside: null }, schemas: [] }),
    ).rejects.toMatchObject({ code: 'SOURCE_SERVER_CHANGED', details: { serverUuid: 'another' } });
  });

  it('of which nobody answers can be tried again', async () => {
    await expect(openSource(groupOf(silent(1), silent(2)), { place: null, schemas: [] })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      class: 'retryable',
    });
  });

  it('ends a dump that has gone silent, and none while heartbeats come', async () => {
    const relay = await Relay.start(here);
    open.push(relay);
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const session = await SourceSession.open({ ...groupOf(silent(relay.port)), clock });
    const { done } = await resolveStart(session, { kind: 'latest' });
    const dump = await openDump(session, done, { heartbeatMs: 200, onReady: () => undefined });
    open.push(dump);
    const drain = (): void => {
      while (dump.take() !== null);
    };
    await untilMoreBytes(dump, drain);
    for (let time = 0; time < 3; time++) {
      // Not yet the ten seconds after which silence counts; together they are more.
      aheadMs += 6_000;
      drain();
      await untilMoreBytes(dump, drain);
    }
    relay.isSilent = true;
    // What was under way arrives; then nothing does.
    await waitUntil(() => relay.heldBytes > 0, {
      what: 'a heartbeat that is held back',
      timeoutMs: 60_000,
      everyMs: 10,
    });
    drain();
    aheadMs += 11_000;
    expect(drain).toThrow(expect.objectContaining({ code: 'SOURCE_CONNECTION_LOST', class: 'retryable' }));
  });

  it('can be tried again after another reader came with the same server id', async () => {
    const dumps: BinlogDump[] = [];
    for (let reader = 0; reader < 2; reader++) {
      const session = await SourceSession.open(groupOf(here));
      const { done } = await resolveStart(session, { kind: 'latest' });
      const dump = await openDump(session, done, {
        heartbeatMs: 200,
        onReady: () => undefined,
        serverId: 1_999_000_111,
      });
      open.push(dump);
      dumps.push(dump);
      await untilMoreBytes(dump, () => dump.take());
    }
    const [older, newer] = dumps;
    if (kind === 'mysql') {
      // MySQL tells readers by their uuid, which is another for each dump: both go on.
      for (const dump of dumps) await untilMoreBytes(dump, () => dump.take());
      return;
    }
    const failure = await waitUntil(() => endOf(older), {
      what: 'the end of the older',
      timeoutMs: 60_000,
      everyMs: 10,
    });
    expect(failure).toMatchObject({ code: 'SOURCE_CONNECTION_LOST', class: 'retryable' });
    expect(endOf(newer)).toBe(false);
  });
});

function endOf(dump: BinlogDump | undefined): unknown {
  try {
    while (dump?.take() !== null);
    return false;
  } catch (error) {
    return error;
  }
}

async function untilMoreBytes(dump: BinlogDump, drain: () => unknown): Promise<void> {
  drain();
  const before = dump.bytesRead;
  await waitUntil(
    () => {
      drain();
      return dump.bytesRead > before;
    },
    { what: 'bytes of the dump', timeoutMs: 60_000, everyMs: 5 },
  );
}

/** Passes bytes on until it falls silent; connections stay open. */
class Relay {
  isSilent = false;
  heldBytes = 0;
  private readonly sockets: Socket[] = [];

  private constructor(private readonly server: Server) {}

  static async start(to: ServerAddress): Promise<Relay> {
    const server = createServer();
    const relay = new Relay(server);
    server.on('connection', (client) => {
      const upstream = connect(to);
      relay.sockets.push(client, upstream);
      client.on('data', (bytes) => upstream.write(bytes));
      upstream.on('data', (bytes) => {
        if (relay.isSilent) relay.heldBytes += bytes.length;
        else client.write(bytes);
      });
      for (const socket of [client, upstream]) socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
