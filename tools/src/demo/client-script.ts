import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lutraHome } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

/** Writes a script that opens the MariaDB client at a server, when the client came with the unpacked server. Returns its path. */
export function writeClientScript(file: string, server: DatabaseServer): string | null {
  const root = join(lutraHome(), 'servers', 'mariadb', 'root');
  const client = join(root, 'usr/bin/mariadb');
  const loader = join(root, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
  const usrLoader = join(root, 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
  if (!existsSync(client)) return null;
  const start = existsSync(loader) ? loader : usrLoader;
  const libraries = `${join(root, 'lib/x86_64-linux-gnu')}:${join(root, 'usr/lib/x86_64-linux-gnu')}`;
  const login = `--host=127.0.0.1 --port=${String(server.port)} --user=${server.user} --default-character-set=utf8mb4`;
  const command = `exec '${start}' --library-path '${libraries}' '${client}' --no-defaults ${login} "$@"`;
  writeFileSync(file, `#!/bin/sh\nMYSQL_PWD='${server.password}'\nexport MYSQL_PWD\n${command}\n`, { mode: 0o700 });
  return file;
}
