import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '@lutra/model';
import { freePorts } from '../free-ports.ts';
import { lockFolder } from '../processes/folder-lock.ts';
import { endLeftovers } from '../processes/recorded-process.ts';
import type { RecordedProcess } from '../processes/recorded-process.ts';
import type { DatabaseOptions } from './database-options.ts';
import { programVersion } from './program-version.ts';
import type { Program } from './programs.ts';
import { dataFolder, freshDataFolder } from './server-place.ts';
import type { ServerPlace } from './server-place.ts';

/** A database server that is about to be started in its place for the first time. */
export interface FirstStart {
  readonly program: Program;
  readonly start: (program: Program, place: ServerPlace, options: DatabaseOptions) => Promise<RecordedProcess>;
  readonly place: ServerPlace;
  readonly options: DatabaseOptions;
}

/** Bump when a prepared folder would differ although the program is the same. */
const RECIPE = 1;
const LOCK_WAIT_MS = 120_000;
const STOP_LIMIT_MS = 60_000;

/**
 * Fills the place's data folder with what an empty server of this program has after its first start. That is made once per
 * version of the program below `home`, by a server that is started and stopped in order, and copied from then on: MySQL
 * starts in one second instead of six. Options that shape the data folder have to be the same for all starts.
 */
export async function copyPreparedData(home: string, first: FirstStart): Promise<void> {
  const folder = join(home, 'servers', 'prepared');
  const name = `${first.program.name}@${await programVersion(first.program)}@${String(RECIPE)}`;
  if (!existsSync(join(folder, name))) await prepare(folder, name, first);
  cpSync(join(folder, name), join(freshDataFolder(first.place), 'db'), { recursive: true });
}

async function prepare(folder: string, name: string, { program, start, options }: FirstStart): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = await lockFolder(join(folder, `${program.name}.lock`), { waitMs: LOCK_WAIT_MS });
  try {
    if (existsSync(join(folder, name))) return;
    for (const other of readdirSync(folder))
      if (other.startsWith(`${program.name}@`)) rmSync(join(folder, other), { recursive: true, force: true });
    const workshop = join(folder, `making-${program.name}`);
    await endLeftovers(join(workshop, 'run'));
    const place = { name: program.name, folder: workshop, port: must((await freePorts(1))[0], 'one port') };
    freshDataFolder(place);
    const server = await start(program, place, { ...options, extra: [...(options.extra ?? []), '--skip-log-bin'] });
    await server.stop(STOP_LIMIT_MS);
    const data = join(dataFolder(place), 'db');
    // Each copy gets a server_uuid of its own.
    rmSync(join(data, 'auto.cnf'), { force: true });
    renameSync(data, join(folder, name));
    rmSync(workshop, { recursive: true, force: true });
  } finally {
    release();
  }
}
