import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { PASS } from './link-fault.ts';
import type { CutAt, Direction, LinkEffect, LinkFault } from './link-fault.ts';
import { ProxiedConnection } from './proxied-connection.ts';

export interface FaultProxyOptions {
  readonly host: string;
  readonly port: number;
  /** From 0 to 1, for jitter; Math.random unless a run shall be replayed. */
  readonly random?: () => number;
}

const BOTH: readonly Direction[] = ['toServer', 'toClient'];

/**
 * A TCP proxy before a server, on a port of 127.0.0.1 of its own, that does to connections what networks do. Until told
 * otherwise bytes pass unchanged and in order, FIN and RST too, and a slow reader slows its writer. A fault holds for present
 * and for new connections until the next one or `heal`.
 */
export class FaultProxy {
  private readonly open = new Set<ProxiedConnection>();
  private readonly faults: Record<Direction, LinkFault> = { toServer: PASS, toClient: PASS };
  private isRefusing = false;
  private pendingCut: CutAt | null = null;
  private accepted = 0;
  private refused = 0;
  /** Affected connections that have closed meanwhile. */
  private gone = { connections: 0, bytes: 0 };
  private readonly server: Server;

  private constructor(private readonly options: FaultProxyOptions) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.accept(client);
    });
  }

  static async open(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.server.once('error', reject);
      proxy.server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  readonly host = '127.0.0.1';

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** '127.0.0.1:4222' */
  get address(): string {
    return `${this.host}:${String(this.port)}`;
  }

  /** Those that are not abandoned. */
  get connections(): readonly ProxiedConnection[] {
    return [...this.open].filter(({ isAbandoned }) => !isAbandoned);
  }

  /** Connections since the proxy was opened. */
  get acceptedCount(): number {
    return this.accepted;
  }

  /** What came of the faults since the last call of `apply`, `cut`, `refuse` or `abandon`. */
  get effect(): LinkEffect {
    const { gone, refused } = this;
    const affected = this.connections.filter(({ isAffected }) => isAffected);
    const bytes = affected.reduce((sum, { affectedBytes }) => sum + affectedBytes, gone.bytes);
    return { connections: affected.length + gone.connections, bytes, refused };
  }

  /** True while the cut that `cutAt` asked for has not met its bytes. */
  get isCutPending(): boolean {
    return this.pendingCut !== null;
  }

  /** Puts a fault on one direction, or both; the other one stays as it is. */
  apply(fault: LinkFault, directions: readonly Direction[] = BOTH): void {
    this.forget();
    for (const direction of directions) this.faults[direction] = fault;
    for (const connection of this.open) connection.set(fault, directions);
  }

  /** Cuts every connection, once; new ones pass. Returns how many there were. */
  cut(how: 'reset' | 'end' = 'reset'): number {
    this.forget();
    const cut = this.connections;
    for (const connection of cut) connection.cut(how);
    return cut.length;
  }

  /** New connections are reset before the server hears of them, until `heal`. */
  refuse(): void {
    this.forget();
    this.isRefusing = true;
  }

  /** Present connections are half-open from now on, for ever; new ones pass. Returns how many there were. */
  abandon(): number {
    this.forget();
    const left = this.connections;
    for (const connection of left) connection.abandon();
    return left.length;
  }

  /** Cuts the first connection that sends these bytes to the server in one piece, once. */
  cutAt(cut: CutAt): void {
    this.pendingCut = cut;
  }

  /** Everything passes again; connections that lost bytes to a hole are reset, those that were abandoned stay so. */
  heal(): void {
    this.isRefusing = false;
    this.pendingCut = null;
    this.faults.toServer = PASS;
    this.faults.toClient = PASS;
    for (const connection of this.connections) connection.heal();
  }

  /** Ends every connection and stops listening. */
  async close(): Promise<void> {
    for (const connection of this.open) connection.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(client: Socket): void {
    if (this.isRefusing) {
      this.refused += 1;
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    this.accepted += 1;
    const { host, port, random = Math.random } = this.options;
    const connection: ProxiedConnection = new ProxiedConnection(client, {
      target: { host, port },
      random,
      takeCut: (bytes) => this.takeCut(bytes),
      onClosed: () => {
        this.onClosed(connection);
      },
    });
    this.open.add(connection);
    for (const direction of BOTH) connection.set(this.faults[direction], [direction]);
  }

  private onClosed(connection: ProxiedConnection): void {
    // Called for either side that closes.
    if (!this.open.delete(connection)) return;
    if (!connection.isAffected || connection.isAbandoned) return;
    this.gone.connections += 1;
    this.gone.bytes += connection.affectedBytes;
  }

  private takeCut(bytes: Buffer): CutAt['when'] | null {
    const cut = this.pendingCut;
    if (cut === null || !bytes.includes(cut.includes)) return null;
    this.pendingCut = null;
    return cut.when;
  }

  private forget(): void {
    this.refused = 0;
    this.gone = { connections: 0, bytes: 0 };
    for (const connection of this.open) connection.forgetEffect();
  }
}
