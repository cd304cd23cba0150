import type { ServiceName } from './identity.ts';

/** Least serious level that an instance writes to its log, from the most talkative one on. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What an instance says of itself in its ephemeral membership node. */
export interface InstanceDescription {
  readonly service: ServiceName;
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
  readonly httpPort: number;
  readonly load: InstanceLoad;
  /** Its share of work beside instances of the same service; 1 is usual. */
  readonly weight: number;
  /** It gives its work away and takes none. */
  readonly draining: boolean;
  /** It keeps what it has and takes nothing new. */
  readonly maintenance?: boolean;
  /** It looks for `window` events beside the event log too; absent = a release before them, which reads the log alone. */
  readonly readsWindows?: boolean;
}

/** `cpu` in cores, `tasks` processes and leases in hand, `eventLoopDelayMs` the 99th percentile since the last figures. */
export interface InstanceLoad {
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly tasks: number;
  readonly eventLoopDelayMs?: number;
}

/** What a person has ordered of an instance; outlives the instance's restarts until it is taken back. */
export interface InstanceOrder {
  readonly draining: boolean;
  readonly maintenance: boolean;
  /** Null = the weight that the instance was started with. */
  readonly weight: number | null;
  /** Null or absent = what is ordered of all instances, else the level that the instance was started with. */
  readonly logLevel?: LogLevel | null;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
}

/** What a person has ordered of all instances, present and later ones; an instance's own order goes before it. */
export interface InstallationOrder {
  /** Null = the level that each instance was started with. */
  readonly logLevel: LogLevel | null;
}

/** Content of a lease node (mainstem, loader). `epoch` is the one that the winner saw; it works only in a larger one. */
export interface LeaseHolder {
  readonly instance: string;
  readonly epoch: number;
  readonly since: string;
}
