// Goal: whatever a pipeline is found in, the runbook has a section for it, and its address never changes by accident.
// Method: all combinations of what is known of a pipeline; the keys, written down once more.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anchorOf, conditionOf, ERRORS, PIPELINE_CONDITIONS, runbookOfCode } from '../src/index.ts';
import type { ConditionFacts, ErrorCode, Permit } from '../src/index.ts';

const failure = {
  code: 'TARGET_TABLE_MISSING',
  class: 'configuration',
  message: 'shop.a is missing',
  workaround: 'Create it',
  stage: 'load',
  instance: 'load-1',
  epoch: 3,
  process: 7,
  at: '2026-11-21T10:00:00.000Z',
} as const;

const permit = (change: Partial<Permit> = {}): Permit => ({
  state: 'RUNNING',
  epoch: 3,
  draining: false,
  commandId: 'C',
  aboutEpoch: null,
  reason: 'go',
  failure: null,
  since: '2026-11-21T10:00:00.000Z',
  by: 'admin',
  attempt: 0,
  nextAttemptAt: null,
  ...change,
});

const facts = (change: Partial<ConditionFacts> = {}): ConditionFacts => ({
  permit: permit(),
  isOrderedToRun: true,
  hasMainstem: true,
  hasLoader: true,
  isBlocked: false,
  selectState: 'streaming',
  ...change,
});

describe('conditionOf', () => {
  it.each<[string, ConditionFacts, keyof typeof PIPELINE_CONDITIONS]>([
    ['all is well', facts(), 'running'],
    ['nothing to read is well too', facts({ selectState: 'idle' }), 'running'],
    ['a draining one is not asked for more', facts({ permit: permit({ draining: true }) }), 'running-draining'],
    ['nobody reads', facts({ hasMainstem: false, selectState: null }), 'running-without-mainstem'],
    ['nobody writes', facts({ hasLoader: false }), 'running-without-loader'],
    ['who cannot be asked is not missing', facts({ hasMainstem: null, hasLoader: null }), 'running'],
    ['a lock in the way', facts({ isBlocked: true, selectState: 'catchingUp' }), 'running-and-blocked'],
    ['no word of select', facts({ selectState: null }), 'running-but-select-is-silent'],
    ['no connection', facts({ selectState: 'connecting' }), 'running-but-the-source-connects'],
    ['looks for its place', facts({ selectState: 'seeking' }), 'running-but-the-source-seeks'],
    ['about to be paused', facts({ selectState: 'failed' }), 'running-but-the-source-failed'],
    ['behind', facts({ selectState: 'catchingUp' }), 'running-and-catching-up'],
    [
      'tries again',
      facts({ permit: permit({ state: 'PAUSED', failure, nextAttemptAt: '2026-11-21T10:00:02.000Z' }) }),
      'paused-waits-for-a-retry',
    ],
    ['has to be mended', facts({ permit: permit({ state: 'PAUSED', failure }) }), 'paused-waits-for-a-person'],
    ['was told to pause', facts({ permit: permit({ state: 'PAUSED' }) }), 'paused-by-an-order'],
    ['was told to stop', facts({ permit: permit({ state: 'STOPPED' }) }), 'stopped'],
    ['was never told anything', facts({ permit: null, isOrderedToRun: false }), 'never-started'],
    ['was told to run, and nobody knows', facts({ permit: null }), 'permit-lost'],
    ['ZooKeeper is silent', facts({ permit: 'unknown' }), 'unknown'],
  ])('%s', (_what, given, expected) => {
    expect(conditionOf(given)).toBe(expected);
  });

  it('answers with a section of the runbook whatever is known', () => {
    const anyFacts = fc.record<ConditionFacts>({
      permit: fc.oneof(
        fc.constantFrom(null, 'unknown' as const),
        fc
          .record({
            state: fc.constantFrom('RUNNING' as const, 'PAUSED' as const, 'STOPPED' as const),
            draining: fc.boolean(),
            failure: fc.constantFrom(null, failure),
            nextAttemptAt: fc.constantFrom(null, '2026-11-21T10:00:02.000Z'),
          })
          .map(permit),
      ),
      isOrderedToRun: fc.boolean(),
      hasMainstem: fc.constantFrom(true, false, null),
      hasLoader: fc.constantFrom(true, false, null),
      isBlocked: fc.boolean(),
      selectState: fc.constantFrom(
        ...([null, 'connecting', 'seeking', 'streaming', 'idle', 'catchingUp', 'drained', 'failed'] as const),
      ),
    });
    fc.assert(fc.property(anyFacts, (given) => conditionOf(given) in PIPELINE_CONDITIONS));
  });
});

describe('anchors', () => {
  it('of conditions are their keys', () => {
    const wrong = Object.entries(PIPELINE_CONDITIONS).filter(([key, { title }]) => anchorOf(title) !== key);
    expect(wrong).toEqual([]);
  });

  // A link that somebody has put into an alarm must work for ever: take none of these away.
  it('of conditions stay', () => {
    expect(Object.keys(PIPELINE_CONDITIONS)).toEqual(
      expect.arrayContaining([
        ...['running', 'running-draining', 'running-without-mainstem', 'running-without-loader', 'running-and-blocked'],
        ...['running-but-the-source-connects', 'running-but-the-source-seeks', 'running-but-the-source-failed'],
        ...['running-but-select-is-silent', 'running-and-catching-up', 'paused-waits-for-a-retry'],
        ...['paused-waits-for-a-person', 'paused-by-an-order', 'stopped', 'never-started', 'permit-lost', 'unknown'],
      ]),
    );
  });
});

describe('runbookOfCode', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('%s: says what it means, what to do and what happens then', (code) => {
    const { title, meaning, workaround, command, next } = runbookOfCode(code);
    expect(title).toBe(code);
    for (const text of [meaning, workaround, command, next]) expect(text.length).toBeGreaterThan(5);
    for (const sentence of [meaning, next]) expect(sentence).toMatch(/[.`]$/);
    expect(workaround).not.toMatch(/^Nothing to do\.?$/);
  });
});
