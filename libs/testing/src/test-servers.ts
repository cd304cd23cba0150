import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DatabaseKind } from '@lutra/model';

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

const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Addresses of the running servers. Throws with the command to start them when there are none. */
export function testServers(): TestServers {
  const file = join(projectRoot, '.lutra', 'test-servers.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TestServers;
  } catch (cause) {
    throw new Error('No test servers: run `npm test`, or keep some up with `npm run servers`.', { cause });
  }
}
