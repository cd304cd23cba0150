import { join } from 'node:path';
import { findOnPath } from '../packages/apt-archive.ts';
import { writePrivateFile } from '../private-file.ts';
import type { RecordedProcess } from '../processes/recorded-process.ts';
import { askSocket } from './ask-socket.ts';
import { programCommand } from './library-loader.ts';
import type { Program } from './programs.ts';
import { dataFolder, startServer } from './server-place.ts';
import type { ServerPlace } from './server-place.ts';

/**
 * Its heap is a few megabytes of small things, through which all bodies pass: without this it collects every few bodies, which
 * is a third of its CPU (docs/performance.md). As in compose.yaml.
 */
const GO_ENV = { GOGC: '400', GOMEMLIMIT: '1GiB' };

export interface NatsLogin {
  readonly user: string;
  readonly password: string;
}

/** Files in PEM: what the server shows, and who signed what its clients have to show. */
export interface NatsTls {
  readonly certificateFile: string;
  readonly privateKeyFile: string;
  readonly clientAuthorityFile: string;
}

/** Starts NATS with JetStream on 127.0.0.1; only the given user may connect, and with `tls` only who has a certificate. */
export function startNats(
  program: Program,
  place: ServerPlace,
  { tls, ...login }: NatsLogin & { readonly tls?: NatsTls },
): Promise<RecordedProcess> {
  const folder = dataFolder(place);
  const config = join(folder, 'nats.conf');
  const text = [
    `listen: "127.0.0.1:${String(place.port)}"`,
    // Streams reserve their limits, whatever they hold: room for many namespaces side by side, not a size on disk.
    `jetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))}, max_file_store: 1TB }`,
    `authorization { user: ${JSON.stringify(login.user)}, password: ${JSON.stringify(login.password)} }`,
    ...(tls === undefined ? [] : [tlsSection(tls)]),
  ];
  writePrivateFile(config, `${text.join('\n')}\n`);
  const command = program.root === '' ? (findOnPath('nats-server') ?? '') : join(program.root, 'usr/sbin/nats-server');
  return startServer({ ...place, env: GO_ENV }, [...programCommand(program.root, command), '-c', config], async () =>
    (await askSocket(place.port, '')).startsWith('INFO'),
  );
}

function tlsSection({ certificateFile, privateKeyFile, clientAuthorityFile }: NatsTls): string {
  const files = { cert_file: certificateFile, key_file: privateKeyFile, ca_file: clientAuthorityFile };
  const lines = Object.entries(files).map(([name, file]) => `${name}: ${JSON.stringify(file)}`);
  return `tls { ${lines.join(', ')}, verify: true }`;
}
