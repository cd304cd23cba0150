import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type { BlockedEvent, LutraEvent, Stage, WindowEvent } from '@lutra/model';
import { nameBlocker } from '../src/stuck/name-blocker.ts';
import type { Findings } from '../src/stuck/name-blocker.ts';
import { suspect } from '../src/stuck/suspect.ts';
import type { EpochSigns } from '../src/stuck/suspect.ts';
import { StuckWatch } from '../src/stuck/stuck-watch.ts';
import { permit } from './arbiter-fixture.ts';

const LIMITS = { ...DEFAULT_PARAMETERS, queueAgeMaxMs: 10_000, stageAgeMaxMs: 20_000, noProgressMaxMs: 60_000 };
const base = {
  v: 1,
  at: '2026-01-01T00:00:00.000Z',
  who: 'x',
  pipelineId: 'p',
  epoch: 1,
  process: null,
  traceId: null,
} as const;
const window = (change: Partial<WindowEvent> = {}): WindowEvent => ({
  ...base,
  kind: 'window',
  state: 'streaming',
  cause: null,
  open: [],
  lagMs: 0,
  eventsRead: 0,
  bytesRead: 0,
  ...change,
});
const open = (...agesMs: number[]): WindowEvent['open'] =>
  agesMs.map((ageMs, index) => ({ process: index + 1, ageMs, bytes: 1 }));
const signs = (change: Partial<EpochSigns> = {}): EpochSigns => ({
  sinceMs: 0,
  window: window(),
  windowMs: 100_000,
  progressMs: 100_000,
  ...change,
});
const findings = (change: Partial<Findings> = {}): Findings => ({
  queued: { selected: 0, extracted: 0, transformed: 0 },
  blocked: new Map(),
  window: window({ open: open(1) }),
  hasMainstem: true,
  hasLoader: true,
  ...change,
});
const says = (stage: Stage, message: string): ReadonlyMap<Stage, BlockedEvent> =>
  new Map([[stage, { ...base, kind: 'blocked', stage, blocker: { kind: 'targetLock', message, since: base.at } }]]);

describe('a pipeline is suspect', () => {
  const now = 100_500;
  it.each([
    ['never while it does as it should', permit(), signs(), null],
    ['never while nothing comes from its source', permit(), signs({ progressMs: 0 }), null],
    ['never when it may not run', permit({ state: 'PAUSED' }), signs({ windowMs: 0, progressMs: 0 }), null],
    ['never while it is emptied', permit({ draining: true }), signs({ windowMs: 0 }), null],
    ['not by what another epoch said', permit({ epoch: 2 }), signs({ window: window({ open: open(90_000) }) }), null],
    [
      'when a process is older than a queue may make it',
      permit(),
      signs({ window: window({ open: open(10_001) }) }),
      'slow',
    ],
    ['not yet at the limit', permit(), signs({ window: window({ open: open(10_000) }) }), null],
    [
      'when nothing arrives and the window is not empty',
      permit(),
      signs({ progressMs: 1, window: window({ open: open(5) }) }),
      'noProgress',
    ],
    [
      'when nothing arrives and the source is ahead',
      permit(),
      signs({ progressMs: 1, window: window({ lagMs: 5 }) }),
      'noProgress',
    ],
    ['when select says nothing', permit(), signs({ windowMs: 1 }), 'silent'],
    [
      'not when the epoch is young',
      permit(),
      signs({ sinceMs: 99_000, windowMs: 0, window: null, progressMs: 0 }),
      null,
    ],
  ])('%s', (_name, standing, seen, kind) => {
    expect(suspect(standing, seen, LIMITS, now)?.kind ?? null).toBe(kind);
  });

  it('by its oldest process', () => {
    const seen = signs({ window: window({ open: open(1, 50_000, 3) }) });
    expect(suspect(permit(), seen, LIMITS, now)).toEqual({ kind: 'slow', process: 2, ageMs: 50_000 });
  });
});

describe('the blocker is named', () => {
  const slow = { kind: 'slow', process: 7, ageMs: 25_000 } as const;
  const lock = 'load waits for lock held by connection 812 at target: ALTER TABLE t';
  it.each([
    ['as the missing select', slow, findings({ hasMainstem: false }), 'MAINSTEM_VACANT', 'no select instance'],
    ['as the missing load', slow, findings({ hasLoader: false }), 'LOADER_VACANT', 'no load instance'],
    [
      'as load says it',
      slow,
      findings({ blocked: says('load', lock), queued: { selected: 3, extracted: 0, transformed: 2 } }),
      'STAGE_TOO_OLD',
      lock,
    ],
    [
      'as extract says it',
      slow,
      findings({
        blocked: says('extract', 'extract has process 7 in hand and waits for memory'),
        queued: { selected: 1, extracted: 0, transformed: 0 },
      }),
      'STAGE_TOO_OLD',
      'extract has process 7',
    ],
    [
      'as the stage that nobody does',
      slow,
      findings({ queued: { selected: 0, extracted: 4, transformed: 0 } }),
      'QUEUE_TOO_OLD',
      '4 wait for an instance of transform',
    ],
    [
      'as load when its queue holds it',
      slow,
      findings({ queued: { selected: 0, extracted: 0, transformed: 1 } }),
      'STAGE_TOO_OLD',
      'load has it in hand',
    ],
    ['as a lost message', slow, findings(), 'QUEUE_TOO_OLD', 'in no queue'],
    [
      'as the source when nothing is under way',
      { kind: 'noProgress', forMs: 61_000 } as const,
      findings({ window: window({ state: 'connecting', cause: 'No route to db1:3306' }) }),
      'NO_PROGRESS',
      'No route to db1:3306',
    ],
    ['as select itself', { kind: 'silent', forMs: 61_000 } as const, findings(), 'SELECT_SILENT', '61 s'],
  ])('%s', (_name, suspicion, found, code, message) => {
    const verdict = nameBlocker(suspicion, found, LIMITS);
    expect(verdict?.code).toBe(code);
    expect(verdict?.message).toContain(message);
  });

  it('not before the limit of the place where it stands is reached', () => {
    const inHand = findings({ blocked: says('load', lock) });
    expect(nameBlocker({ ...slow, ageMs: 15_000 }, inHand, LIMITS)).toBeNull();
    const waiting = findings({ queued: { selected: 1, extracted: 0, transformed: 0 } });
    expect(nameBlocker({ ...slow, ageMs: 15_000 }, waiting, LIMITS)).not.toBeNull();
  });
});

/** A watch whose waiting takes no time; `during` happens while it waits for answers. */
function watchOf() {
  const time = { ms: 0 };
  const told: string[] = [];
  const work = { during: (): void => undefined };
  const clock = {
    now: () => new Date(time.ms),
    monotonicMs: () => time.ms,
    sleep: () => Promise.resolve(),
    callAfter: (ms: number, call: () => void) => {
      queueMicrotask(() => {
        work.during();
        time.ms += ms;
        call();
      });
      return () => undefined;
    },
  };
  const watch = new StuckWatch({
    clock,
    log: pino({ level: 'silent' }),
    bus: { queuedProcesses: () => Promise.resolve({ selected: 0, extracted: 0, transformed: 1 }) },
    coordinator: { leaseHolder: () => Promise.resolve({ instance: 'x', epoch: 1, since: base.at }) },
    announcer: {
      inquiry: () => Promise.resolve(),
      warning: (_pipelineId, { code, message }) => {
        told.push(`${code}: ${message}`);
        return Promise.resolve();
      },
    },
    pipelineId: 'p',
    parameters: () => LIMITS,
  });
  const at = (ms: number, ...events: readonly LutraEvent[]): void => {
    time.ms = ms;
    for (const event of events) watch.onEvent(event);
  };
  return { at, look: () => watch.look(permit(), new AbortController().signal), told, work };
}
const loaded = (process: number): LutraEvent => ({ ...base, kind: 'loaded', process }) as unknown as LutraEvent;
const HOUR_MS = 3_600_000;

describe('a watch', () => {
  it('leaves a pipeline alone whose source has been idle for hours and begins again', async () => {
    const { at, look, told } = watchOf();
    at(0, window());
    for (let ms = 0; ms < HOUR_MS; ms += 30_000) at(ms, window({ state: 'idle' }));
    at(HOUR_MS, window({ open: open(100) }));
    expect(await look()).toBeNull();
    expect(told).toEqual([]);
  });

  it('restarts one where nothing arrives, once in an epoch', async () => {
    const { at, look, told } = watchOf();
    await look();
    for (let ms = 0; ms <= 61_000; ms += 1_000) at(ms, window({ open: open(9_000) }));
    expect(await look()).toMatchObject({ kind: 'RESTART', aboutEpoch: 1 });
    expect(told).toHaveLength(1);
    at(80_000, window({ open: open(9_000) }));
    expect(await look()).toBeNull();
  });

  it('takes back what it suspected when events that were late come while it asks', async () => {
    const { at, look, told, work } = watchOf();
    at(0, window());
    at(61_000);
    work.during = () => {
      at(61_000, window());
    };
    expect(await look()).toBeNull();
    expect(told).toEqual([]);
  });

  it('names no blocker of a process that is loaded', async () => {
    const { at, look, told } = watchOf();
    const blocker = { kind: 'memory', message: 'waits for memory', since: base.at } as const;
    at(0, { ...base, kind: 'blocked', stage: 'transform', process: 7, blocker }, window());
    at(1_000, loaded(7), window({ open: open(25_000) }));
    await look();
    expect(told).toEqual([expect.stringContaining('load has it in hand')]);
  });

  it('leaves one alone that says it is throttled, and looks again when it has stopped saying so', async () => {
    const { at, look, told } = watchOf();
    const blocker = {
      kind: 'throttle',
      message: 'throttled: target runs 40 threads, limit 32',
      since: base.at,
    } as const;
    const old = window({ open: open(300_000) });
    for (let ms = 0; ms <= 300_000; ms += 10_000) {
      at(ms, { ...base, kind: 'blocked', stage: 'load', blocker }, old);
      expect(await look()).toBeNull();
    }
    at(305_000, { ...base, kind: 'blocked', stage: 'load', blocker: null }, old);
    expect(await look()).toBeNull();
    expect(told).toEqual([]);
    at(316_000, old);
    await look();
    expect(told).toHaveLength(1);
  });
});
