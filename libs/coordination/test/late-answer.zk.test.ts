// Goal: a session that is given up while the server has not answered yet ends quietly, whatever still arrives: the driver
// takes a late welcome for the answer to its goodbye, finds a session id where an error code should be, and throws.
// Method: a server of our own that welcomes a session only after its client has been closed.
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import { NodeZooKeeperClient } from '../src/zookeeper-client.ts';
import { until } from './coordination-fixture.ts';

let listener: Server;
let greeted: Socket[];

beforeEach(async () => {
  greeted = [];
  listener = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => greeted.push(socket));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  for (const socket of greeted) socket.destroy();
  listener.close();
});

/** ConnectResponse of ZooKeeper's protocol: length, version, timeout, session id, password, read-only. */
function welcome(): Buffer {
  const frame = Buffer.alloc(41);
  frame.writeInt32BE(37, 0);
  frame.writeInt32BE(4_000, 8);
  frame.writeBigInt64BE(0x0100_0000_14de_0001n, 12);
  frame.writeInt32BE(16, 20);
  return frame;
}

it('survives the welcome of a session that it has given up', async () => {
  const { port } = listener.address() as AddressInfo;
  const client = new NodeZooKeeperClient({
    servers: `127.0.0.1:${String(port)}`,
    sessionTimeoutMs: 4_000,
    clock: systemClock,
  });
  await until(() => greeted.length > 0);
  const closing = client.close();
  for (const socket of greeted) socket.write(welcome());
  await closing;
  expect(client.ended.aborted).toBe(true);
  expect(client.isConnected).toBe(false);
});
