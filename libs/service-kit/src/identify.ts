import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ServiceName } from '@lutra/model';
import type { InstanceIdentity } from './service-context.ts';

/** Who this process is; without a given name, service and host with six random digits, so that two on one host differ. */
export function identify(service: ServiceName, instance: string | undefined): InstanceIdentity {
  const host = hostname();
  // The name is a token of NATS subjects and of ZooKeeper paths: no dots, no blanks.
  const token = `${service}-${host}-${randomBytes(3).toString('hex')}`.replaceAll(/[^\w-]/g, '-');
  return { service, instance: instance ?? token, host, version: ownVersion() };
}

/** All workspaces share one version; this library's package.json stands one level above src and dist. */
function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
