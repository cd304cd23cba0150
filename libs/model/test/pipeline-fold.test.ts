// Goal: the state of a pipeline follows from what its log says, not from the order or the number of times it is read.
// Method: random events of several publishers whose clocks differ, shuffled, doubled, cut, and taken up from snapshots.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Command, LutraEvent, Permit, PipelineFold } from '../src/index.ts';
import { blockersOf, EMPTY_FOLD, foldPipeline, holdersOf, joinFolds, openProcesses } from '../src/index.ts';

const time = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const base = (second: number, who: string, epoch: number | null, process: number | null = null) =>
  ({ v: 1, at: time(second), who, pipelineId: 'p', epoch, process, traceId: null }) as const;
const permit = (change: Partial<Permit>): Permit => ({
  state: 'RUNNING',
  epoch: 1,
  draining: false,
  commandId: 'c0',
  aboutEpoch: null,
  reason: 'test',
  failure: null,
  since: time(0),
  by: 'operator',
  attempt: 0,
  nextAttemptAt: null,
  ...change,
});
const commandOf = (id: string, second: number): Command => ({
  id,
  kind: 'PAUSE',
  pipelineId: 'p',
  aboutEpoch: null,
  reason: 'test',
  author: 'operator',
  issuedAt: time(second),
});
const granted = (change: Partial<Permit>): LutraEvent => {
  const given = permit(change);
  return { ...base(0, 'arbiter-1', given.epoch), kind: 'permit-granted', permit: given };
};
const told = (id: string, outcome: 'issued' | 'applied' | 'void' | 'repeated', second = 0): LutraEvent => ({
  ...base(second, 'arbiter-1', 1),
  kind: outcome === 'issued' ? 'command-issued' : 'command-done',
  command: commandOf(id, Number(id.slice(1))),
  outcome,
});
const windowOf = (epoch: number, second: number, open: readonly number[], who = 'select-1'): LutraEvent => ({
  ...base(second, who, epoch),
  kind: 'window',
  state: 'streaming',
  cause: null,
  open: open.map((process) => ({ process, ageMs: 10, bytes: 1 })),
  lagMs: 0,
  eventsRead: 0,
  bytesRead: 0,
});
const loadedOf = (epoch: number, process: number, who = 'load-1'): LutraEvent => ({
  ...base(0, who, epoch, process),
  kind: 'loaded',
  end: { done: { kind: 'mysqlGtid', gtidSet: `${String(epoch)}-${String(process)}` }, inside: null },
  revision: 1,
  transactionCount: 1,
  inserted: 1,
  updated: 0,
  deleted: 0,
  skipped: 0,
  conflicts: 0,
  sourceBytes: 1,
  firstCommitMs: 0,
  lastCommitMs: 0,
  stages: [],
});
const blockedOf = (stage: 'extract' | 'load', second: number, message: string | null, who = 'a'): LutraEvent => ({
  ...base(second, who, 1, 3),
  kind: 'blocked',
  stage,
  blocker: message === null ? null : { kind: 'targetLock', message, since: time(second) },
});
const warned = (code: string, second: number): LutraEvent => ({
  ...base(second, 'arbiter-1', 1),
  kind: 'warning',
  code,
  message: code,
});
const fold = (events: readonly LutraEvent[], from: PipelineFold = EMPTY_FOLD): PipelineFold =>
  events.reduce(foldPipeline, from);
const snapshotOf = (state: PipelineFold): LutraEvent => ({
  ...base(0, 'arbiter-1', null),
  kind: 'snapshot',
  form: 1,
  // As the log keeps it.
  state: JSON.parse(JSON.stringify(state)) as PipelineFold,
});

const second = fc.nat(59);
const epoch = fc.integer({ min: 1, max: 3 });
const who = fc.constantFrom('a', 'b', 'c');
const anyEvent: fc.Arbitrary<LutraEvent> = fc.oneof(
  fc
    .record({ epoch, draining: fc.boolean(), since: second.map(time), commandId: fc.constantFrom('c1', 'c2') })
    .map(granted),
  fc
    .tuple(fc.nat(90), fc.constantFrom('issued', 'applied', 'void', 'repeated' as const), second)
    .map(([id, outcome, at]) => told(`c${String(id)}`, outcome, at)),
  // The same command, given anew by another arbiter with another date.
  fc
    .tuple(fc.nat(90), second)
    .map(([id, at]): LutraEvent => ({ ...told(`c${String(id)}`, 'issued'), ...issuedAgain(id, at) })),
  fc.tuple(epoch, second, fc.array(fc.nat(9), { maxLength: 3 }), who).map((args) => windowOf(...args)),
  fc.tuple(epoch, fc.integer({ min: 1, max: 9 }), who).map((args) => loadedOf(...args)),
  fc
    .tuple(fc.constantFrom('extract' as const, 'load' as const), second, fc.option(fc.constantFrom('x', 'y')), who)
    .map((args) => blockedOf(...args)),
  fc.tuple(fc.constantFrom('ONE', 'TWO'), second).map((args) => warned(...args)),
);
const issuedAgain = (id: number, at: number) => ({ command: commandOf(`c${String(id)}`, at) });
const log = fc.array(anyEvent, { maxLength: 150 });

describe('laws of the fold', () => {
  it('a fold from a snapshot of any prefix ends as the fold of all', () => {
    fc.assert(
      fc.property(log, fc.nat(150), (events, cut) => {
        const snapshot = snapshotOf(fold(events.slice(0, cut)));
        expect(fold([snapshot, ...events.slice(cut)])).toEqual(fold(events));
      }),
    );
  });

  it('a snapshot that comes late, or has not seen what stands right before it, takes nothing away', () => {
    fc.assert(
      fc.property(log, fc.nat(150), fc.nat(150), (events, seen, place) => {
        const snapshot = snapshotOf(fold(events.slice(0, seen)));
        expect(fold(events.toSpliced(place, 0, snapshot))).toEqual(fold(events));
      }),
    );
  });

  it('neither the order of events nor their repeats matter, whoever published them', () => {
    fc.assert(
      fc.property(
        log.chain((events) => fc.tuple(fc.constant(events), fc.shuffledSubarray([...events, ...events]))),
        ([events, again]) => {
          expect(fold([...again, ...events])).toEqual(fold(events));
        },
      ),
    );
  });

  it('two readers of different parts know together what one reader of all knows', () => {
    fc.assert(
      fc.property(log, fc.nat(150), (events, cut) => {
        const joined = joinFolds(fold(events.slice(cut)), fold(events.slice(0, cut)));
        expect(joined).toEqual(fold(events));
      }),
    );
  });

  it('what is of another version or kind changes nothing', () => {
    const state = fold([granted({}), loadedOf(1, 1)]);
    const later = { ...loadedOf(1, 2), v: 2 } as unknown as LutraEvent;
    const unknown = { ...base(0, 'x', 9), kind: 'moved' } as unknown as LutraEvent;
    const form = { ...snapshotOf(fold([loadedOf(9, 9)])), form: 2 } as unknown as LutraEvent;
    expect(fold([later, unknown, form], state)).toBe(state);
  });
});

describe('what the fold tells', () => {
  it('keeps the permit of the highest epoch, and the draining one of an epoch', () => {
    const events = [
      granted({ epoch: 2, draining: true }),
      granted({ epoch: 2, since: time(9) }),
      granted({ epoch: 1 }),
    ];
    expect(fold(events).permit).toMatchObject({ epoch: 2, draining: true });
  });

  it('keeps what became of a command over its repeats', () => {
    const events = [told('c1', 'repeated', 9), told('c1', 'applied', 3), told('c1', 'issued'), told('c2', 'issued')];
    expect(fold(events).commands.map(({ command: { id }, outcome, decidedAt }) => [id, outcome, decidedAt])).toEqual([
      ['c1', 'applied', time(3)],
      ['c2', 'issued', null],
    ]);
  });

  it('takes what is loaded off the window, and only in the running epoch', () => {
    const events = [granted({ epoch: 2 }), windowOf(2, 5, [3, 4, 5]), loadedOf(2, 3), loadedOf(1, 9)];
    expect(openProcesses(fold(events)).map(({ process }) => process)).toEqual([4, 5]);
    expect(openProcesses(fold([...events, granted({ epoch: 3 })]))).toEqual([]);
    expect(openProcesses(fold([...events, granted({ epoch: 2, draining: true })]))).toHaveLength(2);
  });

  it('says which stage holds a process, until the stage says that it waits no more', () => {
    const events = [granted({}), windowOf(1, 1, [3]), blockedOf('load', 2, 'a lock')];
    expect(openProcesses(fold(events))[0]?.stage).toBe('load');
    expect(blockersOf(fold(events)).map(({ blocker }) => blocker?.message)).toEqual(['a lock']);
    expect(blockersOf(fold([...events, blockedOf('load', 3, null)]))).toEqual([]);
    // A stage that answered once and died, or has nothing in hand any more, takes nothing back.
    expect(blockersOf(fold([...events, loadedOf(1, 2)]))).toHaveLength(1);
    expect(blockersOf(fold([...events, loadedOf(1, 3)]))).toEqual([]);
    expect(openProcesses(fold([...events, blockedOf('load', 3, null)]))[0]?.stage).toBeNull();
  });

  it('names the holders of the leases in the running epoch', () => {
    const events = [granted({}), windowOf(1, 1, [], 'select-2'), loadedOf(1, 1, 'load-2')];
    expect(holdersOf(fold(events))).toEqual({ mainstem: 'select-2', loader: 'load-2' });
    expect(holdersOf(fold([...events, granted({ epoch: 2 })]))).toEqual({ mainstem: null, loader: null });
  });
});
