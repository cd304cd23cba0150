import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { endLeftovers, lockFolder, LockHeld, processMemory, processStartMark, RecordedProcess } from '@lutra/testing';

let folder = '';
const started: RecordedProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lutra-process-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop(1_000)));
  rmSync(folder, { recursive: true, force: true });
});

async function startSleeper(name: string): Promise<RecordedProcess> {
  const made = await RecordedProcess.start({
    name,
    command: [process.execPath, '-e', 'setInterval(() => {}, 1000); console.log("here")'],
    env: {},
    cwd: folder,
    logFile: join(folder, 'logs', `${name}.log`),
    runFolder: join(folder, 'run'),
  });
  started.push(made);
  return made;
}

describe('recorded processes', () => {
  it('are ended by the next run when they were left behind', async () => {
    const sleeper = await startSleeper('left');
    expect(await endLeftovers(join(folder, 'run'))).toEqual(['left']);
    await sleeper.exit;
    expect(sleeper.end).toBe('SIGTERM');
    expect(processStartMark(sleeper.pid)).toBeNull();
    expect(readdirSync(join(folder, 'run'))).toEqual([]);
  });

  it('are left alone when the id now belongs to another process', async () => {
    const sleeper = await startSleeper('foreign');
    const record = JSON.stringify({ name: 'foreign', pid: sleeper.pid, mark: 'of another boot 1' });
    writeFileSync(join(folder, 'run', 'foreign.json'), record);
    expect(await endLeftovers(join(folder, 'run'))).toEqual([]);
    expect(sleeper.isRunning).toBe(true);
  });

  it('tell their memory while they run', async () => {
    const sleeper = await startSleeper('big');
    const { rssBytes, peakRssBytes } = processMemory(sleeper.pid);
    expect(rssBytes).toBeGreaterThan(0);
    expect(peakRssBytes).toBeGreaterThanOrEqual(rssBytes);
    await sleeper.stop(1_000);
    expect(() => processMemory(sleeper.pid)).toThrow('does not run');
  });

  it('say why a program cannot be started', async () => {
    const spec = { name: 'none', env: {}, cwd: folder, logFile: join(folder, 'l'), runFolder: join(folder, 'run') };
    await expect(RecordedProcess.start({ ...spec, command: ['/nothing/here'] })).rejects.toThrow(
      'none cannot be started',
    );
  });
});

describe('a folder lock', () => {
  it('is held by one, and free again after the release', async () => {
    const release = await lockFolder(join(folder, 'lock'), { waitMs: 0 });
    await expect(lockFolder(join(folder, 'lock'), { waitMs: 0 })).rejects.toBeInstanceOf(LockHeld);
    release();
    (await lockFolder(join(folder, 'lock'), { waitMs: 0 }))();
  });

  it('is taken over from a process that no longer runs', async () => {
    const sleeper = await startSleeper('holder');
    const mark = processStartMark(sleeper.pid);
    await lockFolder(join(folder, 'lock'), { waitMs: 0 });
    writeFileSync(join(folder, 'lock', 'holder.json'), JSON.stringify({ pid: sleeper.pid, mark }));
    await expect(lockFolder(join(folder, 'lock'), { waitMs: 0 })).rejects.toBeInstanceOf(LockHeld);
    await sleeper.stop(1_000);
    (await lockFolder(join(folder, 'lock'), { waitMs: 0 }))();
  });
});
