import type { Clock } from '@lutra/model';
import type { ServiceName } from '@lutra/model';
import { Connection } from './network.ts';
import type { SimServer } from './network.ts';
import type { World } from './world.ts';

/** Wall-clock time at which every run begins. */
export const WALL_START_MS = Date.UTC(2026, 0, 1);

/** One process of the operating system: has a clock and connections; can be killed, or stopped for a while. */
export class SimNode {
  state: 'up' | 'frozen' | 'dead' = 'up';
  readonly stash: Parameters<World['thaw']>[0]['stash'] = [];
  readonly clock: Clock;
  private readonly connections = new Map<SimServer, Connection>();

  constructor(
    readonly world: World,
    readonly name: string,
    readonly index: number,
    readonly service: ServiceName,
  ) {
    this.clock = virtualClock(world, this);
  }

  connection(server: SimServer): Connection {
    let connection = this.connections.get(server);
    if (connection === undefined) {
      connection = new Connection(this, server);
      this.connections.set(server, connection);
      server.connections.add(connection);
    }
    return connection;
  }

  /** SIGKILL. What it sent is on its way; nothing of it goes on. */
  kill(): void {
    this.state = 'dead';
    this.stash.length = 0;
    for (const connection of this.connections.values()) connection.abandon();
    this.world.trace.say(this.world.nowMs, `-- ${this.name} killed`);
  }

  /** SIGSTOP. Its connections stay open and silent. */
  freeze(): void {
    if (this.state !== 'up') return;
    this.state = 'frozen';
    this.world.trace.say(this.world.nowMs, `-- ${this.name} frozen`);
    for (const connection of this.connections.values()) connection.server.nodeFrozen(this);
  }

  thaw(): void {
    if (this.state !== 'frozen') return;
    this.world.trace.say(this.world.nowMs, `-- ${this.name} thawed`);
    this.world.thaw(this);
    for (const connection of this.connections.values()) connection.server.nodeThawed(this);
  }
}

function virtualClock(world: World, node: SimNode): Clock {
  return {
    now: () => new Date(WALL_START_MS + Math.floor(world.nowMs)),
    monotonicMs: () => world.nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const end = (): void => {
          cancel();
          signal?.removeEventListener('abort', end);
          resolve();
        };
        const cancel = world.at(node, ms, end);
        signal?.addEventListener('abort', end, { once: true });
      }),
    callAfter: (ms, call) => world.at(node, ms, call),
  };
}
