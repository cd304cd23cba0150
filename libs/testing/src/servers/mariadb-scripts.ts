import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface MariadbScripts {
  /** Folder with messages, charsets and scripts. */
  readonly share: string;
  /** The SQL that makes the system tables, in the order in which it has to run. */
  readonly files: readonly string[];
}

/** Finds the scripts below `root` ('' = installed): Debian 13 calls folder and files mariadb, Debian 12 mysql. `null` when they are not complete. */
export function mariadbScripts(root: string): MariadbScripts | null {
  for (const name of ['mariadb', 'mysql']) {
    const share = join(root === '' ? '/' : root, 'usr/share', name);
    const names = [
      `${name}_system_tables.sql`,
      `${name}_performance_tables.sql`,
      `${name}_system_tables_data.sql`,
      'maria_add_gis_sp_bootstrap.sql',
    ];
    const files = names.map((file) => join(share, file));
    if (!files.every((file) => existsSync(file))) continue;
    // The schema sys came with 10.6.
    const sys = join(share, `${name}_sys_schema.sql`);
    return { share, files: existsSync(sys) ? [...files, sys] : files };
  }
  return null;
}
