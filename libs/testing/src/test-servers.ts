import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseKind } from '@lutra/model';
import { lutraHome } from './project-paths.ts';

export interface DatabaseServer {
  readonly kind: DatabaseKind;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** The real servers of a test run: started once by `npm test` (or kept up by `npm run servers`); tests isolate themselves by database name, namespace and root path. */
export interface TestServers {
  readonly mariadbSource: DatabaseServer;
  readonly mariadbTarget: DatabaseServer;
  /** MySQL 9. */
  readonly mysql: DatabaseServer;
  readonly nats: { readonly servers: string; readonly user: string; readonly password: string };
  readonly zookeeper: { readonly servers: string; readonly auth: string };
}

/** Where the addresses of the running test servers are written. */
export const testServersFile = (): string => join(lutraHome(), 'test-servers.json');

/** Addresses of the running servers. Throws with the command to start them when there are none. */
export function testServers(): TestServers {
  try {
    return JSON.parse(readFileSync(testServersFile(), 'utf8')) as TestServers;
  } catch (cause) {
    throw new Error('No test servers: run `npm test`, or keep some up with `npm run servers`.', { cause });
  }
}
