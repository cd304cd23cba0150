import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RecordedProcess } from '../processes/recorded-process.ts';
import { GiveUp, waitUntil } from '../wait-until.ts';

/** Where one server keeps its things. */
export interface ServerPlace {
  /** 'source', 'nats': unique within the stack. */
  readonly name: string;
  /** Folder of the stack: data, logs and process records are below it. */
  readonly folder: string;
  readonly port: number;
  /** Beside what every server has. */
  readonly env?: Readonly<Record<string, string>>;
}

export const dataFolder = (place: ServerPlace): string => join(place.folder, 'data', place.name);

/** Empties the server's data folder. */
export function freshDataFolder(place: ServerPlace): string {
  const folder = dataFolder(place);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Starts the server and resolves when it answers; throws with the end of its log when it ends instead. */
export async function startServer(
  place: ServerPlace,
  command: readonly [string, ...string[]],
  answers: () => Promise<boolean>,
): Promise<RecordedProcess> {
  const server = await RecordedProcess.start({
    name: place.name,
    command,
    // TZ is UTC so that a log line says the same on every machine.
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: dataFolder(place), TZ: 'UTC', ...place.env },
    cwd: dataFolder(place),
    logFile: join(place.folder, 'logs', `${place.name}.log`),
    runFolder: join(place.folder, 'run'),
  });
  try {
    await waitUntil(
      () => {
        if (!server.isRunning)
          throw new GiveUp(new Error(`${place.name} ended at its start (${String(server.end)}):\n${server.logTail()}`));
        return answers();
      },
      { what: `${place.name} to answer on port ${String(place.port)}`, timeoutMs: START_LIMIT_MS, everyMs: 50 },
    );
    return server;
  } catch (error) {
    await server.stop(STOP_LIMIT_MS);
    throw error;
  }
}

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;
