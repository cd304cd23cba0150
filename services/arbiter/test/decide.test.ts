import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Command, Permit } from '@lutra/model';
import { decide } from '../src/decide.ts';
import type { DecisionContext } from '../src/decide.ts';
import { command, failure, permit } from './arbiter-fixture.ts';

const context = (change: Partial<DecisionContext> = {}): DecisionContext => ({
  now: new Date('2026-06-01T00:00:00.000Z'),
  jitter: 0,
  isRedelivered: false,
  isDrained: false,
  ...change,
});

const summary = (standing: Permit | null, given: Command, change: Partial<DecisionContext> = {}): string => {
  const decision = decide(standing, given, context(change));
  const written = decision.permit;
  const text =
    written === null ? 'none' : `${written.state}/${String(written.epoch)}${written.draining ? '/draining' : ''}`;
  return `${decision.next === 'drain' ? 'drain' : decision.outcome} ${text}`;
};

const running = permit({ state: 'RUNNING', epoch: 5 });
const paused = permit({ state: 'PAUSED', epoch: 5 });
const stoppedPermit = permit({ state: 'STOPPED', epoch: 5 });
const retrying = permit({ state: 'PAUSED', epoch: 5, attempt: 2, nextAttemptAt: '2026-06-01T00:00:04.000Z' });
const order = { commandId: 'halt', kind: 'PAUSE', issuedAt: '2026-01-01T00:00:00.000Z' } as const;
const draining = permit({ state: 'RUNNING', epoch: 5, draining: true, commandId: 'halt', order });
const stage = { aboutEpoch: 5, author: 'load-1' } as const;

describe('a command and the permit it meets', () => {
  it.each<[string, Permit | null, Command, string]>([
    ['START opens the first epoch', null, command('START'), 'applied RUNNING/1'],
    ['START runs a paused pipeline', paused, command('START'), 'applied RUNNING/6'],
    ['START runs a stopped pipeline', stoppedPermit, command('START'), 'applied RUNNING/6'],
    ['START changes nothing that runs', running, command('START'), 'repeated none'],
    ['START ends a halt that is on its way', draining, command('START'), 'applied RUNNING/6'],
    ['PAUSE lets the window empty first', running, command('PAUSE'), 'drain RUNNING/5/draining'],
    ['PAUSE of a paused pipeline is done already', paused, command('PAUSE'), 'repeated none'],
    ['PAUSE ends the retries', retrying, command('PAUSE'), 'applied PAUSED/6'],
    ['PAUSE of a stopped pipeline is void', stoppedPermit, command('PAUSE'), 'void none'],
    ['PAUSE before the first start is void', null, command('PAUSE'), 'void none'],
    ['STOP lets the window empty first', running, command('STOP'), 'drain RUNNING/5/draining'],
    ['STOP takes a PAUSE over', draining, command('STOP'), 'drain RUNNING/5/draining'],
    ['STOP of a paused pipeline needs no draining', paused, command('STOP'), 'applied STOPPED/6'],
    ['STOP ends the retries', retrying, command('STOP'), 'applied STOPPED/6'],
    ['STOP of a stopped pipeline is done already', stoppedPermit, command('STOP'), 'repeated none'],
    ['RESTART by an operator moves the epoch in one write', running, command('RESTART'), 'applied RUNNING/6'],
    ['RESTART by an operator runs a paused pipeline', paused, command('RESTART'), 'applied RUNNING/6'],
    ['RESTART by a lease winner moves a running pipeline', running, command('RESTART', stage), 'applied RUNNING/6'],
    ['RESTART by a lease winner leaves a paused one', paused, command('RESTART', stage), 'void none'],
    ['RESTART by a lease winner leaves a stopped one', stoppedPermit, command('RESTART', stage), 'void none'],
    ['RESTART by a lease winner leaves the retries alone', retrying, command('RESTART', stage), 'void none'],
    ['RESTART by a lease winner does not undo a halt', draining, command('RESTART', stage), 'void none'],
    ['RESTART about a passed epoch is void', running, command('RESTART', { ...stage, aboutEpoch: 4 }), 'void none'],
    [
      'RESTART about a higher epoch goes above it',
      running,
      command('RESTART', { aboutEpoch: 9 }),
      'applied RUNNING/10',
    ],
    [
      'RESTART by the arbiter is the retry',
      retrying,
      command('RESTART', { author: 'arbiter', aboutEpoch: 5 }),
      'applied RUNNING/6',
    ],
    [
      'RESTART by the arbiter leaves what an operator paused',
      paused,
      command('RESTART', { author: 'arbiter', aboutEpoch: 5 }),
      'void none',
    ],
    ['ROLLBACK pauses', running, command('ROLLBACK', { ...stage, failure: failure() }), 'applied PAUSED/6'],
    ['ROLLBACK of a paused pipeline is void', paused, command('ROLLBACK', stage), 'void none'],
    ['ROLLBACK about a passed epoch is void', running, command('ROLLBACK', { aboutEpoch: 4 }), 'void none'],
    ['ROLLBACK ends a draining', draining, command('ROLLBACK', stage), 'applied PAUSED/6'],
    [
      'ROLLBACK goes above the epoch found at the target',
      running,
      command('ROLLBACK', { ...stage, failure: failure({ code: 'TARGET_EPOCH_AHEAD', aboveEpoch: 41 }) }),
      'applied PAUSED/42',
    ],
    ['ROLLBACK by an operator pauses', running, command('ROLLBACK'), 'applied PAUSED/6'],
    ['WARNING changes nothing', running, command('WARNING', stage), 'applied none'],
  ])('%s', (_behaviour, standing, given, expected) => {
    expect(summary(standing, given)).toBe(expected);
  });

  it.each<[string, Permit, Command, Partial<DecisionContext>, string]>([
    [
      'PAUSE writes after the draining',
      draining,
      command('PAUSE', { id: 'halt' }),
      { isDrained: true },
      'applied PAUSED/6',
    ],
    [
      'STOP writes after the draining',
      draining,
      command('STOP', { id: 'halt' }),
      { isDrained: true },
      'applied STOPPED/6',
    ],
    [
      'a redelivered PAUSE goes on draining',
      draining,
      command('PAUSE', { id: 'halt' }),
      { isRedelivered: true },
      'drain none',
    ],
    [
      'STOP goes on when a failure paused the pipeline while it drained',
      permit({ state: 'PAUSED', epoch: 6, commandId: 'rollback', order }),
      command('STOP', { id: 'halt' }),
      { isDrained: true },
      'applied STOPPED/7',
    ],
    [
      'PAUSE gives way to a START that came while it drained',
      permit({ state: 'RUNNING', epoch: 6, order: { ...order, commandId: 'start' } }),
      command('PAUSE', { id: 'halt' }),
      { isDrained: true },
      'void none',
    ],
    [
      'a redelivered PAUSE does not undo a later START',
      permit({
        state: 'RUNNING',
        epoch: 6,
        order: { commandId: 'start', kind: 'START', issuedAt: '2026-02-01T00:00:00.000Z' },
      }),
      command('PAUSE', { id: 'halt', issuedAt: '2026-01-01T00:00:00.000Z' }),
      { isRedelivered: true },
      'void none',
    ],
    [
      'a redelivered START does not run a pipeline that has failed since',
      permit({ state: 'PAUSED', epoch: 7, commandId: 'rollback', order: { ...order, commandId: 'start' } }),
      command('START', { id: 'start' }),
      { isRedelivered: true },
      'repeated none',
    ],
    [
      'a redelivered RESTART moves nothing',
      permit({ commandId: 'c' }),
      command('RESTART', { id: 'c' }),
      { isRedelivered: true },
      'repeated none',
    ],
  ])('%s', (_behaviour, standing, given, change, expected) => {
    expect(summary(standing, given, change)).toBe(expected);
  });
});

describe('failures', () => {
  const fail = (standing: Permit, report = failure()) =>
    decide(standing, command('ROLLBACK', { ...stage, failure: report }), context()).permit;

  it('that may pass are tried again, later each time, for ever', () => {
    const delays = [0, 1, 2, 5, 6, 7, 1_000].map((attempt) => {
      const at = fail(permit({ epoch: 5, attempt }))?.nextAttemptAt;
      return Date.parse(at ?? '') - context().now.getTime();
    });
    expect(delays).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it.each(['configuration', 'poison', 'internal'] as const)('of class %s wait for a person', (kind) => {
    expect(fail(running, failure({ class: kind }))).toMatchObject({ state: 'PAUSED', nextAttemptAt: null });
  });

  it('while an operator halts the pipeline are shown, not retried', () => {
    expect(fail(draining)).toMatchObject({ state: 'PAUSED', nextAttemptAt: null, failure: failure() });
  });

  it('count their restarts until an operator starts anew', () => {
    const retry = decide(retrying, command('RESTART', { author: 'arbiter', aboutEpoch: 5 }), context()).permit;
    expect(retry).toMatchObject({ state: 'RUNNING', attempt: 3, nextAttemptAt: null, failure: null });
    expect(decide(retrying, command('START'), context()).permit).toMatchObject({ attempt: 0 });
  });
});

describe('laws', () => {
  const noPermit = (): Permit | null => null;
  const kinds = fc.constantFrom('START', 'STOP', 'PAUSE', 'ROLLBACK', 'RESTART', 'WARNING' as const);
  const step = fc.record({
    id: fc.integer({ min: 0, max: 5 }).map(String),
    kind: kinds,
    behind: fc.option(fc.integer({ min: -1, max: 2 })),
    isRetryable: fc.boolean(),
    author: fc.constantFrom('arbiter', 'load-1', 'operator'),
    isDrained: fc.boolean(),
    isRedelivered: fc.boolean(),
  });
  const apply = (standing: Permit | null, each: ReturnType<typeof toStep>): Permit | null =>
    decide(standing, each.command, each.context).permit ?? standing;
  type StepInput = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const toStep = (standing: Permit | null, input: StepInput) => ({
    command: command(input.kind, {
      id: input.id,
      author: input.author,
      aboutEpoch: input.behind === null ? null : (standing?.epoch ?? 1) - input.behind,
      failure: failure({ class: input.isRetryable ? 'retryable' : 'poison' }),
    }),
    context: context({ isDrained: input.isDrained, isRedelivered: input.isRedelivered }),
  });

  it('epochs only grow, and each change of state is a new epoch', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let standing = noPermit();
        for (const input of steps) {
          const before = standing;
          standing = apply(standing, toStep(standing, input));
          const [old, now] = [before?.epoch ?? 0, standing?.epoch ?? 0];
          expect(now).toBeGreaterThanOrEqual(old);
          if (before?.state !== standing?.state) expect(now).toBeGreaterThan(old);
          if (standing?.draining === true) expect(standing.state).toBe('RUNNING');
          if (standing !== null && standing.nextAttemptAt !== null) expect(standing.state).toBe('PAUSED');
        }
      }),
    );
  });

  it('a command that is delivered again at once changes nothing more', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        let standing = noPermit();
        for (const [index, input] of steps.entries()) {
          const given = toStep(standing, { ...input, id: `c${String(index)}`, isDrained: false, isRedelivered: false });
          standing = apply(standing, given);
          const isDrained: boolean = standing?.draining === true && input.isDrained;
          if (isDrained) standing = apply(standing, { ...given, context: context({ isDrained }) });
          expect(decide(standing, given.command, context({ isRedelivered: true })).permit).toBeNull();
        }
      }),
    );
  });

  it('one incident moves the epoch once, however many report it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.shuffledSubarray(['a', 'b', 'c'], { minLength: 1 }),
        (epoch, ids) => {
          const end = ids.reduce<Permit | null>(
            (standing, id) =>
              decide(standing, command('RESTART', { id, aboutEpoch: epoch }), context()).permit ?? standing,
            permit({ state: 'RUNNING', epoch }),
          );
          expect(end).toMatchObject({ state: 'RUNNING', epoch: epoch + 1 });
        },
      ),
    );
  });
});
