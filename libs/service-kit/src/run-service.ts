import { setMaxListeners } from 'node:events';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { SyncError } from '@lutra/model';
import type { ServiceName } from '@lutra/model';
import type { BaseEnv } from './base.env.ts';
import { armFailPoints } from './fail-point.ts';
import { secretsOf } from './hide-secrets.ts';
import { identify } from './identify.ts';
import { describeEnvProblems, loadEnv } from './load-env.ts';
import type { LoadedEnv } from './load-env.ts';
import { createLog } from './log.ts';
import { natsTlsOf } from './nats-tls.ts';
import { LogFeed } from './log-feed.ts';
import type { ServiceContext } from './service-context.ts';
import { processHost } from './service-host.ts';
import type { ServiceHost } from './service-host.ts';
import { ServiceLife } from './service-life.ts';
import type { Worker } from './worker.ts';

/** `EX_CONFIG` of sysexits: a supervisor that knows it does not start the service again. */
const EXIT_CODE_CONFIG = 78;

export interface ServiceDefinition<E extends BaseEnv> {
  readonly service: ServiceName;
  readonly Env: new () => E;
  /** The service's own NestJS module, when it has controllers or providers of its own (manager). Gets the context by SERVICE_CONTEXT. */
  readonly module?: (context: ServiceContext<E>) => Type | DynamicModule;
  /** Last word on the NestJS application before it starts (pipes, API page). */
  readonly configure?: (app: INestApplication, context: ServiceContext<E>) => void;
  /** The workers of the service, built from the context. */
  readonly workers: (context: ServiceContext<E>) => readonly Worker[];
}

/**
 * Starts a service and returns when all of it is up: environment (all problems at once, exit 78), log, telemetry, HTTP with
 * /health/live, /health/ready and /metrics, NATS, ZooKeeper (waits for them however long it takes), NestJS, membership,
 * workers. SIGTERM and SIGINT stop it in order: readiness off, drain workers, stop workers, leave, close connections, flush
 * telemetry (at most 2 s), exit 0; a second signal exits at once. An uncaught error is logged and ends the process with 1.
 */
export async function runService<E extends BaseEnv>(
  definition: ServiceDefinition<E>,
  host: ServiceHost = processHost,
): Promise<void> {
  const loaded = readEnv(definition, host);
  if (loaded === null) return;
  const { env, unknown } = loaded;
  const identity = identify(definition.service, env.LUTRA_INSTANCE);
  const logFeed = new LogFeed(identity, secretsOf(env, host.environment));
  const log = createLog(identity, { level: env.LUTRA_LOG_LEVEL, destination: logFeed.destination });
  host.onCrash((error) => {
    log.fatal({ err: error, code: SyncError.of(error).code }, 'uncaught error');
    host.exit(1);
  });
  if (unknown.length > 0) log.warn({ variables: unknown }, 'unknown variables are ignored');

  // The signal that stops the service has one listener per pipeline and delivery: no sign of a leak here.
  setMaxListeners(0);
  const life = new ServiceLife(definition, { env, identity, log, logFeed, environment: host.environment });
  let stopRequests = 0;
  host.onStop((signal) => {
    stopRequests += 1;
    log.info({ signal, stopRequests }, 'service stops');
    if (stopRequests > 1) host.exit(1);
    else
      void life.stop().then(() => {
        host.exit(0);
      });
  });
  await life.start();
}

/** Null when the environment is not valid and the host was told to exit. */
function readEnv<E extends BaseEnv>(definition: ServiceDefinition<E>, host: ServiceHost): LoadedEnv<E> | null {
  try {
    const loaded = loadEnv(definition.Env, host.environment);
    // A file that is not there is a mistake as a missing variable is.
    natsTlsOf(loaded.env);
    armFailPoints(loaded.env.LUTRA_FAIL_POINTS ?? '');
    return loaded;
  } catch (error) {
    host.writeError(describeEnvProblems(SyncError.of(error), definition.service));
    host.exit(EXIT_CODE_CONFIG);
    return null;
  }
}
