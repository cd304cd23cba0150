import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '@lutra/model';
import { freePorts } from '../free-ports.ts';
import { lockFolder } from '../processes/folder-lock.ts';
import type { RecordedProcess } from '../processes/recorded-process.ts';
import { lutraHome } from '../project-paths.ts';
import { startNats } from './nats-server.ts';
import type { NatsTls } from './nats-server.ts';
import { removeLeftovers } from './own-server.ts';
import { findPrograms } from './programs.ts';
import type { Program } from './programs.ts';
import { dataFolder } from './server-place.ts';
import type { ServerPlace } from './server-place.ts';

const STOP_LIMIT_MS = 20_000;

/** A NATS server that belongs to one test: with settings of its own, to be stopped and started. `close` in `afterAll`. */
export class OwnNats {
  readonly user = 'own';
  readonly password = randomBytes(9).toString('base64url');
  private running: RecordedProcess | null = null;

  private constructor(
    private readonly program: Program,
    private readonly place: ServerPlace,
    private readonly release: () => void,
  ) {}

  static async start(tls?: NatsTls): Promise<OwnNats> {
    const home = lutraHome();
    const { nats } = await findPrograms(['nats'], { home, onProgress: () => undefined });
    const folder = join(home, 'own', `${String(process.pid)}-${randomBytes(4).toString('hex')}`);
    await removeLeftovers(join(home, 'own'));
    const release = await lockFolder(join(folder, 'lock'), { waitMs: 0 });
    const place = { name: 'nats', folder, port: must((await freePorts(1))[0], 'one port') };
    mkdirSync(dataFolder(place), { recursive: true, mode: 0o700 });
    const server = new OwnNats(nats, place, release);
    try {
      await server.start(tls);
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** 'host:port', the host as the tests' certificates name it. */
  get servers(): string {
    return `localhost:${String(this.place.port)}`;
  }

  /** Starts the stopped server again, on the same port and data. */
  async start(tls?: NatsTls): Promise<void> {
    const { user, password } = this;
    this.running = await startNats(this.program, this.place, { user, password, ...(tls === undefined ? {} : { tls }) });
  }

  async stop(): Promise<void> {
    await this.running?.stop(STOP_LIMIT_MS);
  }

  /** Ends the server and removes its data and logs. */
  async close(): Promise<void> {
    await this.stop();
    this.release();
    rmSync(this.place.folder, { recursive: true, force: true });
  }
}
