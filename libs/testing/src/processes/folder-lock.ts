import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../error-code.ts';
import { processStartMark } from './proc-status.ts';

export interface FolderLockOptions {
  /** How long to wait for another holder; 0 = do not wait. */
  readonly waitMs: number;
  /** Called once when another process holds the lock and we wait for it. */
  readonly onWait?: (holderPid: number) => void;
}

interface Holder {
  readonly pid: number;
  readonly mark: string | null;
}

/** Another process holds the lock. */
export class LockHeld extends Error {
  constructor(
    readonly folder: string,
    readonly holderPid: number,
  ) {
    super(`Process ${String(holderPid)} holds ${folder}`);
  }
}

/**
 * Takes a lock that is a folder (mkdir is atomic) with the holder's process id and start time in it. A holder that no
 * longer runs does not count: its lock is taken over. Returns the release. Throws {@link LockHeld} when the wait is over.
 */
export async function lockFolder(folder: string, options: FolderLockOptions): Promise<() => void> {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const deadline = performance.now() + options.waitMs;
  let hasTold = false;
  for (;;) {
    const holder = tryToTake(folder);
    if (holder === null) {
      return () => {
        rmSync(folder, { recursive: true, force: true });
      };
    }
    if (performance.now() >= deadline) throw new LockHeld(folder, holder.pid);
    if (!hasTold) options.onWait?.(holder.pid);
    hasTold = true;
    await sleep(200);
  }
}

/** `null` when the lock is ours now; otherwise who has it. */
function tryToTake(folder: string): Holder | null {
  const file = join(folder, 'holder.json');
  for (;;) {
    try {
      mkdirSync(folder, { mode: 0o700 });
      writeFileSync(file, JSON.stringify({ pid: process.pid, mark: processStartMark(process.pid) }));
      return null;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const holder = readHolder(file);
    if (holder !== null && processStartMark(holder.pid) === holder.mark) return holder;
    rmSync(folder, { recursive: true, force: true });
  }
}

function readHolder(file: string): Holder | null {
  // A holder writes its name right after mkdir: an empty lock is one whose taker was killed in between, or is just at it.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Holder;
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  return null;
}
