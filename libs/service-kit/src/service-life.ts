import type { RequestListener } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { openCoordinator } from '@lutra/coordination';
import type { Membership } from '@lutra/coordination';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { ByteBudget, must, SyncError, systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Logger } from 'pino';
import type { BaseEnv } from './base.env.ts';
import { connect } from './connect.ts';
import { Health } from './health.ts';
import { openHttpFront } from './http-front.ts';
import type { HttpFront } from './http-front.ts';
import { keepMembership } from './keep-membership.ts';
import type { RawEnvironment } from './load-env.ts';
import { natsTlsOf } from './nats-tls.ts';
import type { LogFeed } from './log-feed.ts';
import { nestLog } from './nest-log.ts';
import type { ServiceDefinition } from './run-service.ts';
import { startRuntimeMeter } from './runtime-meter.ts';
import type { InstanceIdentity, ServiceContext } from './service-context.ts';
import { ServiceModule } from './service.module.ts';
import { startTelemetry } from './telemetry.ts';
import type { Telemetry } from './telemetry.ts';
import { tlsFilesOf } from './tls-files.ts';
import { WorkerRunner } from './worker-runner.ts';

/** How long workers may take to finish what is in hand before their work is aborted. */
const DRAIN_MS = 20_000;
/** How long an aborted worker may take to end. */
const STOP_MS = 5_000;
/** How long each connection may take to close in order. */
const CLOSE_MS = 3_000;

export interface LifeParts<E extends BaseEnv> {
  readonly env: Readonly<E>;
  readonly identity: InstanceIdentity;
  readonly log: Logger;
  /** Its warnings and errors, for the bus; absent = they stay in the log. */
  readonly logFeed?: LogFeed;
  readonly environment: RawEnvironment;
  readonly clock?: Clock;
}

/** What is undone at the end, newest first. */
interface Undo {
  readonly what: string;
  readonly run: () => Promise<void>;
}

/** Start and stop of one service. Each step that succeeds leaves what undoes it, so a stop in the middle of a start is in order too. */
export class ServiceLife<E extends BaseEnv> {
  private readonly health = new Health();
  private readonly stopping = new AbortController();
  private readonly undos: Undo[] = [];
  private readonly clock: Clock;
  private front: HttpFront | null = null;
  private runner: WorkerRunner | null = null;
  private membership: Membership | null = null;

  constructor(
    private readonly definition: ServiceDefinition<E>,
    private readonly parts: LifeParts<E>,
  ) {
    this.clock = parts.clock ?? systemClock;
  }

  get port(): number {
    return must(this.front, 'the service listens').port;
  }

  /** Resolves when everything is up, or when a stop was asked for meanwhile. */
  async start(): Promise<void> {
    try {
      await this.startAll();
    } catch (error) {
      if (!this.stopping.signal.aborted) throw error;
    }
  }

  private async startAll(): Promise<void> {
    const { env, identity, log, environment } = this.parts;
    this.health.setPhase('starting');
    const telemetry = startTelemetry(identity, environment, this.clock);
    this.undo('telemetry', () => telemetry.shutdown());
    await this.listen(telemetry);
    const budget = new ByteBudget(env.LUTRA_MEMORY_BYTES_MAX);
    const stopMeter = startRuntimeMeter(budget, this.clock);
    this.undo('meter', () => {
      stopMeter();
      return Promise.resolve();
    });
    const { bus, coordinator } = await this.connectAll();
    const context: ServiceContext<E> = { env, identity, clock: this.clock, log, bus, coordinator, budget };
    await this.startNest(context);
    await this.startWorkers(context);
    this.health.setPhase('');
    log.info({ port: this.port, version: identity.version }, 'service started');
  }

  /** Stops in order; never rejects. Safe at any moment, also before the start has finished. */
  async stop(): Promise<void> {
    this.health.setPhase('stopping');
    this.stopping.abort();
    const { membership } = this;
    if (membership !== null)
      await this.runUndo({ what: 'draining flag', run: () => membership.update({ draining: true }) });
    await this.runner?.drain(DRAIN_MS);
    await this.runner?.stop(STOP_MS);
    for (let next = this.undos.pop(); next !== undefined; next = this.undos.pop()) await this.runUndo(next);
    this.parts.log.info('service stopped');
    this.parts.log.flush();
  }

  private undo(what: string, run: () => Promise<void>): void {
    this.undos.push({ what, run });
  }

  private async runUndo({ what, run }: Undo): Promise<void> {
    const { log } = this.parts;
    const timer = new AbortController();
    const limit = this.clock.sleep(CLOSE_MS, timer.signal).then(() => {
      if (!timer.signal.aborted) log.warn({ what, limitMs: CLOSE_MS }, 'part did not close in time');
    });
    try {
      await Promise.race([run(), limit]);
    } catch (error) {
      log.warn({ what, err: error }, 'part did not close in order');
    } finally {
      timer.abort();
    }
  }

  private async listen(telemetry: Telemetry): Promise<void> {
    const { env, log } = this.parts;
    const address = { host: env.LUTRA_HTTP_HOST, port: env.LUTRA_HTTP_PORT };
    const { clock, health } = this;
    const front = await openHttpFront(address, { health, telemetry, clock, log, tls: tlsFilesOf(env) });
    this.front = front;
    this.undo('http', () => front.close());
    log.info({ host: address.host, port: front.port }, 'health and metrics are served');
  }

  private async connectAll(): Promise<Pick<ServiceContext, 'bus' | 'coordinator'>> {
    const { env, identity, log } = this.parts;
    const parts = { clock: this.clock, log, signal: this.stopping.signal };
    const tls = natsTlsOf(env);
    this.health.setPhase('starting: waiting for NATS');
    const bus = await connect(
      {
        name: 'NATS',
        address: env.LUTRA_NATS_SERVERS,
        open: () =>
          openBus({
            servers: env.LUTRA_NATS_SERVERS,
            user: env.LUTRA_NATS_USER,
            password: env.LUTRA_NATS_PASSWORD,
            name: identity.instance,
            namespace: env.LUTRA_NAMESPACE,
            ...(tls === null ? {} : { tls }),
            ...(env.LUTRA_EVENTS_MIB === undefined ? {} : { eventsBytesMax: env.LUTRA_EVENTS_MIB * 1024 * 1024 }),
            onBroken: (failure) => {
              log.warn({ err: failure, code: failure.code }, 'a stream does not work');
            },
          }),
      },
      parts,
    );
    this.undo('bus', () => bus.close());
    this.feedLog(bus);
    this.health.addReadyCheck(() => (bus.isHealthy() ? '' : 'NATS is not reachable'));
    this.health.setPhase('starting: waiting for ZooKeeper');
    const coordinator = await connect(
      {
        name: 'ZooKeeper',
        address: env.LUTRA_ZOOKEEPER_SERVERS,
        open: () =>
          openCoordinator({
            servers: env.LUTRA_ZOOKEEPER_SERVERS,
            root: env.LUTRA_ZOOKEEPER_ROOT,
            auth: env.LUTRA_ZOOKEEPER_AUTH,
            sessionTimeoutMs: env.LUTRA_ZOOKEEPER_SESSION_TIMEOUT_MS,
            fastSessionTimeoutMs: env.LUTRA_ZOOKEEPER_FAST_SESSION_TIMEOUT_MS,
          }),
      },
      parts,
    );
    this.undo('coordinator', () => coordinator.close());
    this.health.addReadyCheck(() => (coordinator.isHealthy() ? '' : 'ZooKeeper is not reachable'));
    return { bus, coordinator };
  }

  private feedLog(bus: Bus): void {
    const over = new AbortController();
    const feeding = this.parts.logFeed?.run(bus, this.clock, over.signal);
    this.undo('log feed', async () => {
      over.abort();
      await feeding;
    });
  }

  private async startNest(context: ServiceContext<E>): Promise<void> {
    this.health.setPhase('starting: application');
    const own = this.definition.module?.(context);
    const app = await NestFactory.create(ServiceModule.of(context, own), {
      logger: nestLog(this.parts.log),
      abortOnError: false,
    });
    this.undo('application', () => app.close());
    this.definition.configure?.(app, context);
    await app.init();
    must(this.front, 'the service listens').forwardTo(listenerOf(app));
  }

  private async startWorkers(context: ServiceContext<E>): Promise<void> {
    const { log } = this.parts;
    this.health.setPhase('starting: workers');
    const runner = new WorkerRunner(this.definition.workers(context), { clock: this.clock, log });
    await runner.prepare();
    const self = { httpPort: this.port, tasks: () => runner.tasks() };
    const membership = await keepMembership(context, self, this.stopping.signal);
    this.membership = membership;
    this.undo('membership', () => membership.leave());
    // A stop that was asked for meanwhile has looked for a runner already.
    if (this.stopping.signal.aborted) throw new SyncError('INTERNAL', { problem: 'Stopped while starting' });
    this.runner = runner;
    this.health.addReadyCheck(() => runner.whyNotReady());
    this.health.addLiveCheck(() => runner.whyNotLive());
    runner.start();
  }
}

/** Express's own function: NestJS hands it out untyped. */
const listenerOf = (app: INestApplication): RequestListener => app.getHttpAdapter().getInstance() as RequestListener;
