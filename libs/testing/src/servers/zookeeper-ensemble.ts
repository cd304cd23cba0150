import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '@lutra/model';
import { freePorts } from '../free-ports.ts';
import { lockFolder } from '../processes/folder-lock.ts';
import type { RecordedProcess } from '../processes/recorded-process.ts';
import { lutraHome } from '../project-paths.ts';
import { waitUntil } from '../wait-until.ts';
import { askSocket } from './ask-socket.ts';
import { removeLeftovers } from './own-server.ts';
import { findPrograms } from './programs.ts';
import type { Program } from './programs.ts';
import { dataFolder } from './server-place.ts';
import { startZookeeper } from './zookeeper-server.ts';

const STOP_LIMIT_MS = 10_000;
const SERVE_LIMIT_MS = 60_000;

/** A ZooKeeper ensemble that belongs to one test, which may kill and start its servers; `close` ends it. */
export class ZookeeperEnsemble {
  private readonly running = new Map<number, RecordedProcess>();

  private constructor(
    private readonly program: Program,
    private readonly folder: string,
    readonly ports: readonly number[],
    private readonly peers: readonly { readonly followPort: number; readonly electionPort: number }[],
    private readonly release: () => void,
  ) {}

  /** Starts `size` servers and waits until each of them serves clients. Throws SetupError when the program cannot be had. */
  static async start(size: number, home = lutraHome()): Promise<ZookeeperEnsemble> {
    const { zookeeper } = await findPrograms(['zookeeper'], { home, onProgress: () => undefined });
    const folder = join(home, 'own', `${String(process.pid)}-${randomBytes(4).toString('hex')}`);
    await removeLeftovers(join(home, 'own'));
    const release = await lockFolder(join(folder, 'lock'), { waitMs: 0 });
    const ports = await freePorts(size * 3);
    const peers = Array.from({ length: size }, (_, index) => ({
      followPort: must(ports[size + index], 'a port'),
      electionPort: must(ports[2 * size + index], 'a port'),
    }));
    const ensemble = new ZookeeperEnsemble(zookeeper, folder, ports.slice(0, size), peers, release);
    try {
      await Promise.all(ensemble.ports.map((_, index) => ensemble.startServer(index)));
      await Promise.all(ensemble.ports.map((_, index) => ensemble.waitServing(index)));
      return ensemble;
    } catch (error) {
      await ensemble.close();
      throw error;
    }
  }

  /** Comma-separated 'host:port' of all servers. */
  get servers(): string {
    return this.ports.map((port) => `127.0.0.1:${String(port)}`).join(',');
  }

  /** Starts a server that is not running, on its own port and data. */
  async startServer(index: number): Promise<void> {
    const place = {
      name: `zookeeper-${String(index + 1)}`,
      folder: this.folder,
      port: must(this.ports[index], 'a port'),
    };
    mkdirSync(dataFolder(place), { recursive: true, mode: 0o700 });
    this.running.set(index, await startZookeeper(this.program, place, { number: index + 1, peers: this.peers }));
  }

  /** Resolves when the server serves clients: it follows a leader, or leads. */
  async waitServing(index: number): Promise<void> {
    const what = `ZooKeeper ${String(index + 1)} to serve`;
    await waitUntil(async () => (await this.mode(index)) !== null, { what, timeoutMs: SERVE_LIMIT_MS, everyMs: 100 });
  }

  /** 'leader', 'follower', or null when the server does not serve. */
  async mode(index: number): Promise<string | null> {
    const port = must(this.ports[index], 'a port');
    const answer = await askSocket(port, 'srvr').catch(() => '');
    return /^Mode: (\w+)/m.exec(answer)?.[1] ?? null;
  }

  /** SIGKILL; resolves when the server is gone. */
  async kill(index: number): Promise<void> {
    const server = this.running.get(index);
    server?.kill('SIGKILL');
    await server?.exit;
    this.running.delete(index);
  }

  /** Ends all servers and removes their data. */
  async close(): Promise<void> {
    await Promise.all([...this.running.values()].map((server) => server.stop(STOP_LIMIT_MS)));
    this.release();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
