import { describe, expect, it } from '@jest/globals';
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
const restarting = permit({
  ...draining,
  seats: { mainstem: 'select-1', loader: 'load-1' },
  pending: command('RESTART', { id: 'halt', isGraceful: true, seats: { mainstem: 'select-2' } }),
  order: { ...order, kind: 'RESTART' },
});
const movingBySelf = permit({
  ...restarting,
  commandId: 'self',
  pending: command('RESTART', { id: 'self', isGraceful: true, author: 'arbiter', aboutEpoch: 5 }),
});
const graceful = { isGraceful: true, seats: { loader: 'load-2' } } as const;
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
    [
      "the manager's START for a lost permit is void where one stands",
      paused,
      command('START', { author: 'manager', aboutEpoch: 0 }),
      'void none',
    ],
    [
      "the manager's START for a lost permit grants one",
      null,
      command('START', { author: 'manager', aboutEpoch: 0 }),
      'applied RUNNING/1',
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
    [
      'a graceful RESTART lets the window empty first',
      running,
      command('RESTART', graceful),
      'drain RUNNING/5/draining',
    ],
    [
      'a graceful RESTART by the arbiter does so too',
      running,
      command('RESTART', { ...graceful, ...stage, author: 'arbiter' }),
      'drain RUNNING/5/draining',
    ],
    [
      'a graceful RESTART by the arbiter is void when its epoch has passed',
      running,
      command('RESTART', { ...graceful, aboutEpoch: 4, author: 'arbiter' }),
      'void none',
    ],
    [
      'a graceful RESTART by the arbiter is not the retry',
      retrying,
      command('RESTART', { ...graceful, aboutEpoch: 5, author: 'arbiter' }),
      'void none',
    ],
    [
      'a graceful RESTART by the arbiter does not undo a halt',
      draining,
      command('RESTART', { ...graceful, aboutEpoch: 5, author: 'arbiter' }),
      'void none',
    ],
    [
      'a graceful RESTART by the arbiter does not overtake one that is on its way',
      restarting,
      command('RESTART', { ...graceful, aboutEpoch: 5, author: 'arbiter' }),
      'void none',
    ],
    ['a graceful RESTART runs a paused pipeline at once', paused, command('RESTART', graceful), 'applied RUNNING/6'],
    ['a graceful RESTART overtakes a PAUSE', draining, command('RESTART', graceful), 'drain RUNNING/5/draining'],
    [
      'a graceful RESTART overtakes the other one',
      restarting,
      command('RESTART', graceful),
      'drain RUNNING/5/draining',
    ],
    ['a RESTART at once ends the draining of the other one', restarting, command('RESTART'), 'applied RUNNING/6'],
    ['PAUSE overtakes a graceful RESTART', restarting, command('PAUSE'), 'drain RUNNING/5/draining'],
    ['STOP overtakes a graceful RESTART', restarting, command('STOP'), 'drain RUNNING/5/draining'],
    ['START leaves a graceful RESTART alone: it runs', restarting, command('START'), 'repeated none'],
    [
      'a lease that is won while it drains for a RESTART ends the epoch at once',
      restarting,
      command('RESTART', stage),
      'applied RUNNING/6',
    ],
    [
      'a failure while it drains for a RESTART ends the epoch at once',
      restarting,
      command('ROLLBACK', { ...stage, failure: failure({ class: 'configuration' }) }),
      'applied RUNNING/6',
    ],
    [
      'a failure while it drains for a RESTART goes above the epoch found at the target',
      restarting,
      command('ROLLBACK', { ...stage, failure: failure({ aboveEpoch: 41 }) }),
      'applied RUNNING/42',
    ],
    ["an operator's ROLLBACK overtakes a graceful RESTART", restarting, command('ROLLBACK'), 'applied PAUSED/6'],
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
      'a graceful RESTART writes after the draining',
      restarting,
      command('RESTART', { id: 'halt', isGraceful: true }),
      { isDrained: true, isRedelivered: true },
      'applied RUNNING/6',
    ],
    [
      'a graceful RESTART by the arbiter writes after the draining',
      movingBySelf,
      command('RESTART', { id: 'self', isGraceful: true, author: 'arbiter', aboutEpoch: 5 }),
      { isDrained: true, isRedelivered: true },
      'applied RUNNING/6',
    ],
    [
      'a redelivered graceful RESTART goes on draining',
      restarting,
      command('RESTART', { id: 'halt', isGraceful: true }),
      { isRedelivered: true },
      'drain none',
    ],
    [
      'a redelivered graceful RESTART by the arbiter goes on draining',
      movingBySelf,
      command('RESTART', { id: 'self', isGraceful: true, author: 'arbiter', aboutEpoch: 5 }),
      { isRedelivered: true },
      'drain none',
    ],
    [
      'a graceful RESTART gives way to the PAUSE that came while it drained',
      draining,
      command('RESTART', { id: 'c', isGraceful: true }),
      { isDrained: true, isRedelivered: true },
      'void none',
    ],
    [
      'a graceful RESTART was done when a failure ended its epoch',
      permit({ state: 'PAUSED', epoch: 6, commandId: 'rollback', order: { ...order, kind: 'RESTART' } }),
      command('RESTART', { id: 'halt', isGraceful: true }),
      { isDrained: true, isRedelivered: true },
      'repeated none',
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
      'a redelivered PAUSE does not undo a START that a slower clock dated before it',
      permit({ epoch: 7, order: { ...order, commandId: 'start', kind: 'START' }, orders: ['halt', 'start'] }),
      command('PAUSE', { id: 'halt', issuedAt: '2026-01-02T00:00:00.000Z' }),
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

describe('seats', () => {
  const after = (standing: Permit | null, given: Command, change: Partial<DecisionContext> = {}) =>
    decide(standing, given, context(change)).permit?.seats;
  const seated = permit({ epoch: 5, seats: { mainstem: 'select-1', loader: 'load-1' } });

  it.each<[string, Permit | null, Command, Permit['seats']]>([
    [
      'of a RESTART stand in the next epoch',
      running,
      command('RESTART', { seats: { loader: 'load-2' } }),
      { loader: 'load-2' },
    ],
    [
      'that a RESTART does not name stay',
      seated,
      command('RESTART', { seats: { loader: 'load-2' } }),
      { mainstem: 'select-1', loader: 'load-2' },
    ],
    ['become free by an empty name', seated, command('RESTART', { seats: { loader: '' } }), { mainstem: 'select-1' }],
    [
      'are no more when the last is free',
      permit({ seats: { loader: 'x' } }),
      command('RESTART', { seats: { loader: '' } }),
      undefined,
    ],
    ["stay when a lease's winner restarts", seated, command('RESTART', stage), seated.seats],
    ['stay over ROLLBACK', seated, command('ROLLBACK', stage), seated.seats],
    ['stay over START', { ...seated, state: 'STOPPED' }, command('START'), seated.seats],
    ['stay while the window empties', restarting, command('PAUSE'), restarting.seats],
    [
      'asked for by a RESTART are taken on when a failure comes first',
      restarting,
      command('ROLLBACK', stage),
      { mainstem: 'select-2', loader: 'load-1' },
    ],
    [
      "asked for by a RESTART are taken on when a lease's winner comes first",
      restarting,
      command('RESTART', stage),
      { mainstem: 'select-2', loader: 'load-1' },
    ],
  ])('%s', (_behaviour, standing, given, expected) => {
    expect(after(standing, given)).toEqual(expected);
  });

  it('of two graceful RESTARTs and a PAUSE that overtake one another are all taken on', () => {
    const first = decide(restarting, command('RESTART', graceful), context()).permit;
    expect(first?.pending?.seats).toEqual({ mainstem: 'select-2', loader: 'load-2' });
    const pause = command('PAUSE');
    const second = decide(first, pause, context()).permit;
    expect(after(second, pause, { isDrained: true })).toEqual({ mainstem: 'select-2', loader: 'load-2' });
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
