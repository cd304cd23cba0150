import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** What happens to the connection when the client sends COMMIT. */
export type CutAtCommit = 'before' | 'after' | 'never';

/** A TCP proxy to a database that cuts a connection around a COMMIT: before the server sees it, or after, without an answer. */
export class CuttingProxy {
  cut: CutAtCommit = 'never';
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.server = createServer((client) => {
      const upstream = connect(target);
      for (const socket of [client, upstream]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => this.sockets.delete(socket));
      }
      let isMuted = false;
      client.on('data', (bytes) => {
        const isCommit = this.cut !== 'never' && bytes.includes('COMMIT');
        if (!isCommit) upstream.write(bytes);
        else if (this.cut === 'before') client.destroy();
        else {
          isMuted = true;
          upstream.write(bytes);
        }
        if (isCommit) this.cut = 'never';
      });
      upstream.on('data', (bytes) => {
        // The answer to the COMMIT is here: the server has done it, and nobody will hear of it.
        if (isMuted) client.destroy();
        else client.write(bytes);
      });
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
    });
  }

  static async open(target: { readonly host: string; readonly port: number }): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
