import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository, whether this runs from `src` or from `dist`. */
export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Everything that Lutra's tools keep on this machine: `.lutra`, or another folder by LUTRA_HOME. */
export const lutraHome = (): string => process.env['LUTRA_HOME'] ?? join(projectRoot, '.lutra');
