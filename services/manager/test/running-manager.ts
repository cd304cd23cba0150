import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { NestFactory } from '@nestjs/core';
import type { INestApplication } from '@nestjs/common';
import { pino } from 'pino';
import { createConnection } from 'mysql2/promise';
import { openCoordinator } from '@lutra/coordination';
import type { Coordinator } from '@lutra/coordination';
import { openBus, removeNamespace } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { ByteBudget, systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { configureHttp } from '../src/http/configure-http.ts';
import { buildManagerParts } from '../src/manager-parts.ts';
import { ManagerEnv } from '../src/manager.env.ts';
import { ManagerModule } from '../src/manager.module.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // Tests read answers as clients do: by field.
  readonly body: Record<string, unknown> & { readonly items?: readonly Record<string, unknown>[] };
}

/** A store, a namespace and a root of their own; managers come and go in them. */
export class Installation {
  readonly database: string;
  readonly namespace: string;
  readonly root: string;
  readonly logLines: string[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'lutra-manager-'));
  private readonly managers = new Set<RunningManager>();

  /** `namespace` of another installation: both see the same event log. */
  constructor(
    readonly store: DatabaseServer = testServers().mariadbTarget,
    options: { readonly namespace?: string } = {},
  ) {
    const suffix = randomBytes(5).toString('hex');
    this.database = `manager_${suffix}`;
    this.namespace = options.namespace ?? `test_${suffix}`;
    this.root = `/test-${suffix}`;
  }

  get tokenFile(): string {
    return join(this.folder, 'admin-token');
  }

  token(): string {
    return readFileSync(this.tokenFile, 'utf8').trim();
  }

  /** Starts a manager and waits until its store is open. `storePort` sends it to another server (or to none). */
  async start(
    options: {
      readonly storePort?: number;
      readonly waits?: boolean;
      readonly env?: Partial<ManagerEnv>;
      readonly clock?: Clock;
    } = {},
  ): Promise<RunningManager> {
    const { storePort = this.store.port, env = {}, clock = systemClock } = options;
    const manager = await RunningManager.start(this, { MANAGER_DATABASE_PORT: storePort, ...env }, clock);
    this.managers.add(manager);
    if (options.waits !== false)
      await waitUntil(() => manager.whyNotReady() === '', { what: 'the store to open', timeoutMs: 60_000 });
    return manager;
  }

  /** Tables are named with their database, unless it is given. */
  async sql(statement: string, database?: string): Promise<Record<string, unknown>[]> {
    const { host, port, user, password } = this.store;
    const connection = await createConnection({ host, port, user, password, ...(database ? { database } : {}) });
    try {
      const [rows] = await connection.query(statement);
      return rows as Record<string, unknown>[];
    } finally {
      await connection.end();
    }
  }

  async close(): Promise<void> {
    for (const manager of this.managers) await manager.stop();
    await this.sql(`DROP DATABASE IF EXISTS ${this.database}`);
    const { nats, zookeeper } = testServers();
    await removeNamespace({ ...nats, name: 'clean', namespace: this.namespace });
    const coordinator = await openCoordinator({ ...zookeeper, root: this.root });
    for (const id of await coordinator.pipelines()) await coordinator.forgetPipeline(id);
    await coordinator.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** One manager in this process: its HTTP application and its workers, as service-kit runs them. */
export class RunningManager {
  private isStopped = false;

  private constructor(
    private readonly installation: Installation,
    private readonly parts: {
      readonly app: INestApplication;
      readonly bus: Bus;
      readonly coordinator: Coordinator;
      readonly stop: AbortController;
      readonly runs: readonly Promise<void>[];
      readonly whyNotReady: () => string;
      readonly address: string;
    },
  ) {}

  static async start(installation: Installation, given: Partial<ManagerEnv>, clock: Clock): Promise<RunningManager> {
    const { nats, zookeeper } = testServers();
    const { store } = installation;
    const instance = `manager-${randomBytes(3).toString('hex')}`;
    const bus = await openBus({ ...nats, name: instance, namespace: installation.namespace });
    const coordinator = await openCoordinator({ ...zookeeper, root: installation.root });
    const env = Object.assign(new ManagerEnv(), {
      LUTRA_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
      LUTRA_ADMIN_TOKEN_FILE: installation.tokenFile,
      LUTRA_PROCESSORS: '@lutra/example-processor',
      MANAGER_DATABASE_HOST: store.host,
      MANAGER_DATABASE_USER: store.user,
      MANAGER_DATABASE_PASSWORD: store.password,
      MANAGER_DATABASE_NAME: installation.database,
      ...given,
    });
    const lines = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        installation.logLines.push(chunk.toString());
        done();
      },
    });
    const log = pino({ level: 'trace' }, lines);
    const identity = { service: 'manager', instance, host: 'test', version: '0' } as const;
    const context = { env, identity, clock, log, bus, coordinator, budget: new ByteBudget(1) };
    const { services, workers } = buildManagerParts(context);
    const app = await NestFactory.create(ManagerModule.of(services, log), { logger: false });
    configureHttp(app, env);
    await app.listen(0, '127.0.0.1');
    // The client ends idle connections. A server that does so, too, now and then ends one under its next request.
    (app.getHttpServer() as Server).keepAliveTimeout = 0;
    const stop = new AbortController();
    const runs = workers.map((worker) => worker.run(stop.signal));
    const whyNotReady = (): string => workers.map((worker) => worker.whyNotReady?.() ?? '').join('');
    const address = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    return new RunningManager(installation, { app, bus, coordinator, stop, runs, whyNotReady, address });
  }

  get bus(): Bus {
    return this.parts.bus;
  }

  get coordinator(): Coordinator {
    return this.parts.coordinator;
  }

  whyNotReady(): string {
    return this.parts.whyNotReady();
  }

  /** A request with the admin token, unless `headers` say otherwise. */
  async request(
    method: string,
    path: string,
    options: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.parts.address}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.installation.token()}`,
        'content-type': 'application/json',
        ...options.headers,
      },
      signal: AbortSignal.timeout(60_000),
      ...(options.body === undefined
        ? {}
        : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (isJson ? JSON.parse(text) : {}) as Answer['body'],
    };
  }

  /** Posts below /api/v1 and returns the id; throws what the API said when it refuses. */
  async create(path: string, body: unknown): Promise<string> {
    const answer = await this.request('POST', `/api/v1/${path}`, { body });
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.text}`);
    return String(answer.body['id']);
  }

  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    const { app, bus, coordinator, stop, runs } = this.parts;
    stop.abort();
    await Promise.allSettled(runs);
    await app.close();
    await bus.close();
    await coordinator.close();
  }
}
