/** Goal: whoever has to wait does so visibly, obeys what is changed meanwhile, and keeps its sessions alive. */
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type { BlockedEvent, Clock, LutraEvent, PipelineParameters } from '@lutra/model';
import type { PipelineSession } from '@lutra/service-kit';
import { Throttle } from '../../src/throttle/throttle.ts';

/** Time passes only where somebody sleeps; `meanwhile` is what happens then. */
function throttleOf(meanwhile: (nowMs: number) => void = () => undefined) {
  let nowMs = 0;
  const state: { parameters: PipelineParameters; overload: string | null } = {
    parameters: DEFAULT_PARAMETERS,
    overload: null,
  };
  const said: (string | null)[] = [];
  const clock: Clock = {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    sleep: (ms) => {
      nowMs += ms;
      meanwhile(nowMs);
      return Promise.resolve();
    },
    callAfter: () => () => undefined,
  };
  const nothing = (): void => undefined;
  const pipeline = {
    pipelineId: 'p',
    epoch: 1,
    latestDefinition: () => ({ parameters: state.parameters }),
    log: { info: nothing, debug: nothing },
  } as unknown as PipelineSession;
  const publishEvent = (event: LutraEvent): Promise<void> => {
    said.push((event as BlockedEvent).blocker?.message ?? null);
    return Promise.resolve();
  };
  let waitedMs = 0;
  const throttle = new Throttle({
    bus: { publishEvent },
    clock,
    pipeline,
    instance: 'load-1',
    overload: () => state.overload,
    countWait: (ms) => {
      waitedMs += ms;
    },
  });
  /** Lets the teller look `times` times. */
  const tell = async (times: number): Promise<void> => {
    const stop = new AbortController();
    let looks = 0;
    const signal = new Proxy(stop.signal, {
      get: (target, key) => (key === 'aborted' ? (looks += 1) > times : (Reflect.get(target, key) as unknown)),
    });
    await throttle.run(signal);
  };
  return { throttle, state, said, tell, now: () => nowMs, waited: () => waitedMs };
}

const forEver = new AbortController().signal;

describe('a throttle', () => {
  it('lets everything pass while there is no limit', async () => {
    const { throttle, now } = throttleOf();
    await throttle.pass(1_000_000, forEver);
    await throttle.pass(1_000_000, forEver);
    expect(now()).toBe(0);
  });

  it('keeps to the rows per second, lets a large one pass and has it paid by the next', async () => {
    const { throttle, state, now, waited } = throttleOf();
    state.parameters = { ...DEFAULT_PARAMETERS, throttleRowsPerSecond: 100 };
    await throttle.pass(1_000, forEver);
    expect(now()).toBe(0);
    await throttle.pass(1, forEver);
    expect([now(), waited()]).toEqual([10_000, 10_000]);
  });

  it('obeys a change of the limit while it waits', async () => {
    const { throttle, state, now } = throttleOf((nowMs) => {
      if (nowMs >= 1_000) state.parameters = DEFAULT_PARAMETERS;
    });
    state.parameters = { ...DEFAULT_PARAMETERS, throttleRowsPerSecond: 1 };
    await throttle.pass(1_000, forEver);
    await throttle.pass(1, forEver);
    expect(now()).toBe(1_000);
  });

  it('waits while the target is busy, keeps the sessions alive, and ends with the epoch', async () => {
    const { throttle, state, now } = throttleOf((nowMs) => {
      if (nowMs >= 30_000) state.overload = null;
    });
    state.overload = 'target runs 40 threads, limit 32';
    let alive = 0;
    const keepAlive = (): Promise<void> => Promise.resolve(void (alive += 1));
    await throttle.pass(1, forEver, keepAlive);
    expect(now()).toBe(30_000);
    expect(alive).toBe(30);
    state.overload = 'target runs 40 threads, limit 32';
    await throttle.pass(1, AbortSignal.abort(), keepAlive);
    expect(now()).toBe(30_000);
  });

  it('throws what the sessions say about themselves', async () => {
    const { throttle, state } = throttleOf();
    state.overload = 'busy';
    await expect(throttle.pass(1, forEver, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
  });

  it('tells a long wait, repeats it, and tells its end', async () => {
    let isOver = false;
    const { throttle, state, said, tell } = throttleOf((nowMs) => {
      if (nowMs >= 3_000 && !isOver) {
        isOver = true;
        state.overload = null;
      }
    });
    state.overload = 'target runs 40 threads, limit 32';
    await throttle.pass(1, forEver);
    await tell(1);
    expect(said).toEqual(['throttled: target runs 40 threads, limit 32', null]);
  });
});
