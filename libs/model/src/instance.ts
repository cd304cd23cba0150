import type { ServiceName } from './identity.ts';

/** What an instance says of itself in its ephemeral membership node. */
export interface InstanceDescription {
  readonly service: ServiceName;
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
  readonly httpPort: number;
  readonly load: { readonly cpu: number; readonly memoryBytes: number; readonly tasks: number };
  readonly weight: number;
  readonly draining: boolean;
}

/** Content of a lease node (mainstem, loader). `epoch` is the one that the winner saw; it works only in a larger one. */
export interface LeaseHolder {
  readonly instance: string;
  readonly epoch: number;
  readonly since: string;
}
