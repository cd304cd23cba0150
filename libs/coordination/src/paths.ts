import type { ServiceName } from '@lutra/model';
import type { LeaseKind } from './coordinator.ts';

/** The only place that knows how Lutra's tree in ZooKeeper is laid out. */
export interface Paths {
  readonly root: string;
  readonly instances: (service: ServiceName) => string;
  readonly instance: (service: ServiceName, instance: string) => string;
  readonly installationOrder: string;
  readonly orders: string;
  readonly order: (instance: string) => string;
  readonly pipelines: string;
  readonly pipeline: (pipelineId: string) => string;
  readonly permit: (pipelineId: string) => string;
  readonly lease: (pipelineId: string, kind: LeaseKind) => string;
  readonly lock: (pipelineId: string) => string;
  readonly leader: (role: string) => string;
}

/** Paths below `root` ('/lutra'; '' or '/' puts everything directly below the chroot). */
export function pathsBelow(root: string): Paths {
  const base = root.replace(/\/+$/, '');
  const pipeline = (pipelineId: string): string => `${base}/pipelines/${segment(pipelineId)}`;
  return {
    root: base === '' ? '/' : base,
    instances: (service) => `${base}/instances/${service}`,
    instance: (service, instance) => `${base}/instances/${service}/${segment(instance)}`,
    installationOrder: `${base}/installation-order`,
    orders: `${base}/orders`,
    order: (instance) => `${base}/orders/${segment(instance)}`,
    pipelines: `${base}/pipelines`,
    pipeline,
    permit: (pipelineId) => `${pipeline(pipelineId)}/permit`,
    lease: (pipelineId, kind) => `${pipeline(pipelineId)}/${kind}`,
    lock: (pipelineId) => `${pipeline(pipelineId)}/lock`,
    leader: (role) => `${base}/leader/${segment(role)}`,
  };
}

/** A name as one path element: a slash in an instance's name must not open another folder, nor '..' leave one. */
function segment(name: string): string {
  const encoded = encodeURIComponent(name);
  return /^\.{1,2}$/.test(encoded) ? encoded.replaceAll('.', '%2E') : encoded;
}

/** The name that {@link segment} encoded. */
export const nameOf = (pathElement: string): string => decodeURIComponent(pathElement);
