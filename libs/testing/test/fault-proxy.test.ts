// Goal: the proxy does what it is told and nothing else, because the chaos run blames Lutra for everything else.
// Method: real sockets on the loopback, a server that records or echoes; conditions are waited for, no time is asserted.
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultProxy, waitUntil } from '../src/index.ts';

const WAIT = { timeoutMs: 60_000, everyMs: 2 };

/** One end of a connection and everything that it has seen. */
class End {
  received = Buffer.alloc(0);
  isEnded = false;
  error: string | null = null;
  isClosed = false;

  constructor(readonly socket: Socket) {
    socket.on('data', (bytes) => (this.received = Buffer.concat([this.received, bytes])));
    socket.on('end', () => (this.isEnded = true));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code ?? error.message));
    socket.on('close', () => (this.isClosed = true));
  }

  has(text: string): Promise<boolean> {
    return waitUntil(() => this.received.toString('latin1') === text, { what: `'${text}'`, ...WAIT });
  }

  closed(): Promise<boolean> {
    return waitUntil(() => this.isClosed, {
      what: 'the connection to close',
      ...WAIT,
    });
  }
}

describe('the fault proxy', () => {
  let server: Server;
  let proxy: FaultProxy;
  let accepted: End[];
  let clients: End[];

  beforeEach(async () => {
    accepted = [];
    clients = [];
    server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(new End(socket)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    proxy = await FaultProxy.open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  });

  afterEach(async () => {
    for (const { socket } of [...clients, ...accepted]) socket.destroy();
    await proxy.close();
    await new Promise((resolve) => server.close(resolve));
  });

  function open(): End {
    const client = new End(connect({ host: proxy.host, port: proxy.port, allowHalfOpen: true }));
    clients.push(client);
    return client;
  }

  /** A connection through which a word has passed in both directions. */
  async function talk(): Promise<{ client: End; peer: End }> {
    const count = accepted.length;
    const client = open();
    client.socket.write('a');
    const peer = await waitUntil(() => accepted[count], { what: 'the server to be reached', ...WAIT });
    await peer.has('a');
    peer.socket.write('b');
    await client.has('b');
    return { client, peer };
  }

  it('passes bytes, in order, and FIN in each direction by itself', async () => {
    const { client, peer } = await talk();
    const bytes = randomBytes(3_000_000);
    client.socket.end(bytes);
    await waitUntil(() => peer.isEnded, { what: 'the end', ...WAIT });
    expect(peer.received.subarray(1).equals(bytes)).toBe(true);
    peer.socket.end('after the end');
    await client.has('bafter the end');
    await client.closed();
    expect(client.error).toBeNull();
    await waitUntil(() => proxy.connections.length === 0, { what: 'the proxy to forget it', ...WAIT });
    expect(proxy.effect).toEqual({ connections: 0, bytes: 0, refused: 0 });
  });

  it('lets a slow reader slow its writer', async () => {
    const { client, peer } = await talk();
    peer.socket.pause();
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    // Both kernels' buffers and the proxy's own hold a few MiB, never all of it.
    while (client.socket.write(chunk) && written < 64 * 1024 * 1024) written += chunk.length;
    for (let quiet = 0; quiet < 50;) {
      const before = proxy.connections[0]?.forwarded('toServer');
      await new Promise((resolve) => setTimeout(resolve, 2));
      quiet = proxy.connections[0]?.forwarded('toServer') === before ? quiet + 1 : 0;
      while (!client.socket.writableNeedDrain && written < 64 * 1024 * 1024) {
        client.socket.write(chunk);
        written += chunk.length;
      }
    }
    expect(written).toBeLessThan(64 * 1024 * 1024);
    expect(client.socket.writableNeedDrain).toBe(true);
    peer.socket.resume();
    await waitUntil(() => client.socket.writableLength === 0, { what: 'the writer to go on', ...WAIT });
  });

  it('passes a RST as a RST', async () => {
    const { client, peer } = await talk();
    peer.socket.resetAndDestroy();
    await client.closed();
    expect(client.error).toBe('ECONNRESET');
  });

  it.each([
    ['reset', 'ECONNRESET'],
    ['end', null],
  ] as const)('cuts present connections (%s), not new ones', async (how, error) => {
    const old = [await talk(), await talk()];
    expect(proxy.cut(how)).toBe(2);
    for (const { client, peer } of old)
      for (const end of [client, peer]) {
        await waitUntil(() => end.isEnded || end.isClosed, { what: 'the cut', ...WAIT });
        expect(end.error).toBe(error);
      }
    await talk();
    expect(proxy.effect.connections).toBe(2);
  });

  it('refuses new connections and leaves present ones alone, until it is healed', async () => {
    const { client, peer } = await talk();
    proxy.refuse();
    const refused = open();
    await refused.closed();
    expect(refused.error).toBe('ECONNRESET');
    expect(accepted).toHaveLength(1);
    expect(proxy.effect.refused).toBe(1);
    client.socket.write('c');
    await peer.has('ac');
    proxy.heal();
    await talk();
  });

  it.each([
    [['toServer', 'toClient'], 'a', 'b'],
    [['toServer'], 'a', 'bd'],
    [['toClient'], 'ac', 'b'],
  ] as const)(
    'swallows what goes %j, and resets who lost bytes when it is healed',
    async (directions, atPeer, atClient) => {
      const { client, peer } = await talk();
      proxy.apply({ kind: 'hole' }, directions);
      client.socket.write('c');
      peer.socket.write('d');
      await waitUntil(() => proxy.effect.bytes === directions.length, { what: 'the bytes to be lost', ...WAIT });
      await peer.has(atPeer);
      await client.has(atClient);
      expect([client.isClosed, peer.isClosed]).toEqual([false, false]);
      proxy.heal();
      await client.closed();
      await peer.closed();
      expect(client.error).toBe('ECONNRESET');
      await talk();
    },
  );

  it('swallows the news of an end as well, and a connection that lost nothing goes on', async () => {
    const [dying, quiet] = [await talk(), await talk()];
    proxy.apply({ kind: 'hole' });
    dying.client.socket.destroy();
    await waitUntil(() => dying.client.isClosed, { what: 'the client to be gone', ...WAIT });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(dying.peer.isEnded || dying.peer.isClosed).toBe(false);
    proxy.heal();
    await dying.peer.closed();
    quiet.client.socket.write('c');
    await quiet.peer.has('ac');
  });

  it('takes new connections into a hole', async () => {
    proxy.apply({ kind: 'hole' });
    const client = open();
    client.socket.write('lost');
    await waitUntil(() => proxy.effect.bytes === 4, { what: 'the bytes to be lost', ...WAIT });
    expect(accepted[0]?.received.length ?? 0).toBe(0);
    proxy.heal();
    await client.closed();
  });

  it('abandons connections for good', async () => {
    const { client, peer } = await talk();
    expect(proxy.abandon()).toBe(1);
    client.socket.write('c');
    proxy.heal();
    await talk();
    expect(peer.received.toString()).toBe('a');
    expect([client.isClosed, peer.isClosed]).toEqual([false, false]);
    expect(proxy.connections).toHaveLength(1);
    expect(proxy.abandon()).toBe(1);
  });

  it('delays without changing the order, and lets held bytes go when it is healed', async () => {
    const { client, peer } = await talk();
    proxy.apply({ kind: 'delay', ms: 5, jitterMs: 10 }, ['toServer']);
    const text = Array.from({ length: 50 }, (_, index) => `${String(index)},`);
    for (const piece of text) {
      client.socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await peer.has(`a${text.join('')}`);
    expect(proxy.effect).toMatchObject({ connections: 1, bytes: text.join('').length });
    proxy.apply({ kind: 'delay', ms: 3_600_000, jitterMs: 0 }, ['toServer']);
    client.socket.end('!');
    await waitUntil(() => proxy.effect.bytes === 1, { what: 'the byte to be held', ...WAIT });
    expect(peer.isEnded).toBe(false);
    proxy.heal();
    await peer.has(`a${text.join('')}!`);
    await waitUntil(() => peer.isEnded, { what: 'the end', ...WAIT });
  });

  it('narrows the line: everything comes, in pieces', async () => {
    const { client, peer } = await talk();
    proxy.apply({ kind: 'slow', bytesPerSecond: 100_000 });
    const pieces: number[] = [];
    client.socket.on('data', (bytes) => pieces.push(bytes.length));
    const bytes = randomBytes(30_000);
    peer.socket.write(bytes);
    await waitUntil(() => client.received.length === 30_001, { what: 'all bytes', ...WAIT });
    expect(client.received.subarray(1).equals(bytes)).toBe(true);
    expect(pieces.length).toBeGreaterThan(3);
  });

  it('resets after so many bytes, counted per connection', async () => {
    const [one, two] = [await talk(), await talk()];
    proxy.apply({ kind: 'reset-after', bytes: 1_000 }, ['toServer']);
    two.client.socket.write(Buffer.alloc(999));
    one.client.socket.write(Buffer.alloc(5_000));
    await one.client.closed();
    // A kernel may turn a RST behind data that is not yet read into an end.
    await waitUntil(() => one.peer.isEnded || one.peer.isClosed, { what: 'the reset', ...WAIT });
    expect(one.peer.received.length).toBeLessThanOrEqual(1_001);
    await waitUntil(() => two.peer.received.length === 1_000, { what: 'the others bytes', ...WAIT });
    expect(two.client.isClosed).toBe(false);
    expect(proxy.effect.connections).toBe(1);
    two.client.socket.write('x');
    await two.client.closed();
  });

  it.each(['before', 'after'] as const)('cuts %s the server sees certain bytes, once', async (when) => {
    const { client, peer } = await talk();
    proxy.cutAt({ includes: 'COMMIT', when });
    client.socket.write('COMMIT');
    if (when === 'after') {
      await peer.has('aCOMMIT');
      peer.socket.write('done');
    }
    await client.closed();
    await peer.closed();
    expect(client.received.toString()).toBe('b');
    expect(proxy.isCutPending).toBe(false);
    const next = await talk();
    next.client.socket.write('COMMIT');
    await next.peer.has('aCOMMIT');
  });

  it('resets its client while the server is away', async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const client = open();
    await client.closed();
    expect(client.error).toBe('ECONNRESET');
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    await talk();
  });
});
