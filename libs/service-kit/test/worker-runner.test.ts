import { describe, expect, it } from '@jest/globals';
import { WorkerRunner } from '../src/worker-runner.ts';
import type { Worker } from '../src/worker.ts';
import { FakeClock, settled } from './fake-clock.ts';
import { recordingLog } from './recording-log.ts';

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });

function runnerOf(...workers: Worker[]): { runner: WorkerRunner; clock: FakeClock; lines: Record<string, unknown>[] } {
  const clock = new FakeClock();
  const { log, lines } = recordingLog();
  return { runner: new WorkerRunner(workers, { clock, log }), clock, lines };
}

describe('WorkerRunner', () => {
  it('starts a failed worker again after 1, 2, 4 … at most 30 seconds', async () => {
    const starts: number[] = [];
    const { runner, clock, lines } = runnerOf({
      name: 'unlucky',
      run: async () => {
        starts.push(clock.monotonicMs() / 1_000);
        throw new Error('no luck');
      },
    });
    runner.start();
    await clock.advance(100_000);
    expect(starts).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
    expect(lines.filter(({ msg, code }) => msg === 'worker failed' && code === 'INTERNAL')).toHaveLength(8);
  });

  it('begins with the short wait again after a worker has run for a minute', async () => {
    const starts: number[] = [];
    const { runner, clock } = runnerOf({
      name: 'recovered',
      run: async (signal) => {
        starts.push(clock.monotonicMs() / 1_000);
        if (starts.length > 3) await clock.sleep(60_000, signal);
        throw new Error('later');
      },
    });
    runner.start();
    await clock.advance(70_000);
    expect(starts).toEqual([0, 1, 3, 7, 68]);
  });

  it('keeps one bad worker from touching the others', async () => {
    const { runner, clock } = runnerOf(
      { name: 'bad', run: () => Promise.reject(new Error('bad')) },
      { name: 'good', run: untilAborted },
    );
    runner.start();
    await clock.advance(10_000);
    expect(runner.whyNotReady()).toContain('worker bad does not run');
    expect(runner.whyNotReady()).not.toContain('good');
    await runner.stop(1_000);
  });

  it('is live through short troubles and not after five minutes of failing', async () => {
    const { runner, clock } = runnerOf({ name: 'bad', run: () => Promise.reject(new Error('bad')) });
    runner.start();
    await clock.advance(200_000);
    expect(runner.whyNotLive()).toBe('');
    await clock.advance(200_000);
    expect(runner.whyNotLive()).toContain('worker bad keeps failing');
  });

  it('drains before it aborts, and does not start a worker again that ended by draining', async () => {
    const story: string[] = [];
    const drained = new AbortController();
    const { runner } = runnerOf({
      name: 'orderly',
      run: async (signal) => {
        await untilAborted(AbortSignal.any([signal, drained.signal]));
        story.push(signal.aborted ? 'ended by abort' : 'ended by drain');
      },
      drain: async () => {
        story.push('drain');
        drained.abort();
      },
    });
    runner.start();
    await runner.drain(1_000);
    await settled();
    await runner.stop(1_000);
    expect(story).toEqual(['drain', 'ended by drain']);
  });

  it('gives up waiting for a worker that does not drain', async () => {
    const { runner, clock, lines } = runnerOf({
      name: 'stubborn',
      run: untilAborted,
      drain: () => new Promise(() => undefined),
    });
    runner.start();
    const draining = runner.drain(20_000);
    await clock.advance(20_000);
    await draining;
    expect(lines.at(-1)).toMatchObject({ msg: 'workers did not drain in time', limitMs: 20_000 });
  });

  it('adds up what workers have in hand', () => {
    const { runner } = runnerOf(
      { name: 'a', run: untilAborted, tasks: () => 2 },
      { name: 'b', run: untilAborted },
      { name: 'c', run: untilAborted, tasks: () => 3 },
    );
    expect(runner.tasks()).toBe(5);
  });
});
