import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Permit } from '@lutra/model';
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
