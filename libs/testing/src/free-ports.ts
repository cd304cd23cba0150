import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { must } from '@lutra/model';

/** Ports on 127.0.0.1 that nothing listens on. All are held until the last is found, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  for (let index = 0; index < count; index += 1) servers.push(await listen());
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listen(port = 0): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

/** The port itself when nothing listens on it, otherwise a free one. */
export async function portOr(port: number): Promise<number> {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
    return port;
  } catch {
    return must((await freePorts(1))[0], 'one port was asked for');
  }
}
