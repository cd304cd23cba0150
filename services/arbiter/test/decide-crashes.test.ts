// Goal: whatever order the steps of several arbiters take and wherever one dies, each command is carried out once, to its end,
// and two at once end as if one had come after the other.
// Method: the model of the desk takes steps that fast-check chooses, arbiters die after any of them, then all comes to rest.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Command, Permit, Seats } from '@lutra/model';
import { DeskModel } from './desk-model.ts';
import { command, failure, permit } from './arbiter-fixture.ts';

const EPOCH = 5;
const starts: Readonly<Record<string, Permit | null>> = {
  never: null,
  running: permit({ state: 'RUNNING', epoch: EPOCH }),
  paused: permit({ state: 'PAUSED', epoch: EPOCH }),
  stopped: permit({ state: 'STOPPED', epoch: EPOCH }),
  retrying: permit({ state: 'PAUSED', epoch: EPOCH, attempt: 2, nextAttemptAt: '2026-01-01T00:00:00.000Z' }),
};
const start = fc.constantFrom(...Object.keys(starts)).map((name) => starts[name] ?? null);
const seats = fc.option(
  fc.record({ mainstem: fc.constantFrom('a', 'b', ''), loader: fc.constantFrom('a', 'b') }, { requiredKeys: [] }),
  { nil: undefined },
);
/** Clocks of the managers that date them differ. */
const issuedAt = fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z');
const restartWith = (isGraceful: boolean, chosen: Seats | undefined): Partial<Command> => ({
  isGraceful,
  ...(chosen === undefined ? {} : { seats: chosen }),
});
const ordered = fc
  .record({
    kind: fc.constantFrom('START', 'STOP', 'PAUSE', 'ROLLBACK', 'RESTART'),
    isGraceful: fc.boolean(),
    chosen: seats,
    issuedAt,
  })
  .map(({ kind, isGraceful, chosen, ...rest }) =>
    command(kind as Command['kind'], { ...rest, ...(kind === 'RESTART' ? restartWith(isGraceful, chosen) : {}) }),
  );
const about = fc
  .record({
    kind: fc.constantFrom('ROLLBACK', 'RESTART'),
    author: fc.constantFrom('load-1', 'arbiter'),
    aboutEpoch: fc.integer({ min: EPOCH - 1, max: EPOCH + 1 }),
    isRetryable: fc.boolean(),
    isGraceful: fc.boolean(),
    chosen: seats,
    issuedAt,
  })
  .map(({ kind, isRetryable, isGraceful, chosen, ...rest }) =>
    kind === 'ROLLBACK'
      ? command('ROLLBACK', { ...rest, failure: failure({ class: isRetryable ? 'retryable' : 'configuration' }) })
      : command('RESTART', { ...rest, ...restartWith(isGraceful && rest.author === 'arbiter', chosen) }),
  );
const anyCommand = fc.oneof(ordered, about);
const withIds = (commands: readonly Command[]): readonly Command[] =>
  commands.map((each, index) => ({ ...each, id: `c${String(index)}` }));
const steps = fc.array(fc.record({ what: fc.nat(30), dies: fc.integer({ min: 0, max: 4 }).map((n) => n === 0) }), {
  maxLength: 60,
});

function run(from: Permit | null, commands: readonly Command[], choices: readonly Parameters<DeskModel['step']>[0][]) {
  const desk = new DeskModel(from, commands);
  for (const choice of choices) desk.step(choice);
  desk.settle();
  return desk;
}

const after = (from: Permit | null, each: Command): Permit | null => run(from, [each], []).permit;

/** What a person sees of a permit. */
const seen = (standing: Permit | null): string =>
  JSON.stringify([
    standing?.state,
    standing?.draining,
    standing?.nextAttemptAt === null,
    standing?.seats?.mainstem,
    standing?.seats?.loader,
  ]);

describe('arbiters that die anywhere', () => {
  it('leave nothing half done, move the epoch once for a command, and tell of each', () => {
    fc.assert(
      fc.property(
        start,
        fc.array(anyCommand, { minLength: 1, maxLength: 5 }).map(withIds),
        steps,
        (from, given, choices) => {
          const desk = run(from, given, choices);
          expect(desk.permit?.draining ?? false).toBe(false);
          expect(desk.permit?.pending).toBeUndefined();
          let epoch = from?.epoch ?? 0;
          const movers: string[] = [];
          for (const written of desk.written) {
            if (!written.draining) movers.push(written.commandId);
            if (written.draining) expect(written.epoch).toBe(epoch);
            else expect(written.epoch).toBeGreaterThan(epoch);
            ({ epoch } = written);
          }
          expect(new Set(movers).size).toBe(movers.length);
          for (const mover of movers) expect(desk.told.get(mover)).toBeDefined();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('end two commands at once as if one had come after the other', () => {
    fc.assert(
      fc.property(start, fc.tuple(anyCommand, anyCommand).map(withIds), steps, (from, given, choices) => {
        const [one, two] = given;
        if (one === undefined || two === undefined) return;
        const allowed = [
          ...[after(after(from, one), two), after(after(from, two), one)],
          // One that was given before the other and is delivered again after it is overtaken, and nothing of it is done.
          ...(one.issuedAt < two.issuedAt ? [after(from, two)] : []),
          ...(two.issuedAt < one.issuedAt ? [after(from, one)] : []),
        ].map(seen);
        expect(allowed).toContain(seen(run(from, given, choices).permit));
      }),
      { numRuns: 500 },
    );
  });
});
