import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stepAlarm } from '../../src/alarms/step-alarm.ts';
import type { AlarmLife, Sighting, Step, Timing } from '../../src/alarms/step-alarm.ts';

const BREACHED: Sighting = { state: 'breached', value: 7, message: 'too much' };
const OK: Sighting = { state: 'ok', value: 1, message: 'well' };
const UNKNOWN: Sighting = { state: 'unknown', message: 'no answer' };
const GONE: Sighting = { state: 'gone', message: 'removed' };
const TIMING: Timing = { forMs: 0, repeatMs: null, isMuted: false, recovery: null, canOrder: true };

const acknowledged = (alarm: AlarmLife | null): AlarmLife | null =>
  alarm?.state === 'firing' ? { ...alarm, state: 'acknowledged' } : alarm;

/**
 * Looks once a second; 'b' breached, 'o' ok, 'u' unknown, 'g' gone, 'B' breached and muted, 'U' unknown and muted, 'n' breached with
 * nothing to order, 'a' acknowledged by a person.
 */
function live(
  looks: string,
  timing: Partial<Timing> = {},
  lookMs = 1_000,
): { readonly told: string[]; readonly alarm: AlarmLife | null } {
  const told: string[] = [];
  let alarm: AlarmLife | null = null;
  Array.from(looks).forEach((look, second) => {
    if (look === 'a') {
      alarm = acknowledged(alarm);
      return;
    }
    const sighting = { b: BREACHED, B: BREACHED, n: BREACHED, o: OK, u: UNKNOWN, U: UNKNOWN, g: GONE }[look] ?? OK;
    const step: Step = stepAlarm(alarm, sighting, {
      ...TIMING,
      ...timing,
      isMuted: look === 'B' || look === 'U',
      canOrder: look !== 'n',
      nowMs: second * lookMs,
    });
    if (step.change !== null) told.push(`${step.change}@${String(second)}`);
    if (step.command !== null) told.push(`${step.command}@${String(second)}`);
    alarm = step.alarm;
  });
  return { told, alarm };
}

describe('an alarm', () => {
  it.each<[string, string, Partial<Timing>, string[]]>([
    ['fires at once and is resolved once', 'obboo', {}, ['firing@1', 'resolved@3']],
    ['fires when the condition has held long enough', 'bbbbo', { forMs: 2_000 }, ['firing@2', 'resolved@4']],
    ['does not fire when it held too shortly', 'bobobo', { forMs: 2_000 }, []],
    ['begins anew after its end', 'bobo', {}, ['firing@0', 'resolved@1', 'firing@2', 'resolved@3']],
    ['is repeated at its interval', 'bbbbb', { repeatMs: 2_000 }, ['firing@0', 'repeat@2', 'repeat@4']],
    [
      'is not repeated once somebody has it, and ends all the same',
      'babbbo',
      { repeatMs: 1_000 },
      ['firing@0', 'resolved@5'],
    ],
    ['does not begin while muted, and begins at once afterwards', 'BBBb', { forMs: 1_000 }, ['firing@3']],
    ['is not repeated while muted, and ends all the same', 'bBBBo', { repeatMs: 1_000 }, ['firing@0', 'resolved@4']],
    ['that began while muted and ended so is told to nobody', 'BBo', {}, []],
    ['neither begins nor ends by what is not known', 'uubuuo', {}, ['firing@2', 'resolved@5']],
    ['ends when its subject is gone', 'bg', {}, ['firing@0', 'resolved@1']],
    [
      'restarts at one telling and stops at a later one',
      'bbbbb',
      { repeatMs: 1_000, recovery: { restartAt: 2, stopAt: 4 } },
      ['firing@0', 'repeat@1', 'RESTART@1', 'repeat@2', 'repeat@3', 'STOP@3', 'repeat@4'],
    ],
    [
      'gives its order at the next telling when there was nothing to order at its own',
      'bnnbb',
      { repeatMs: 1_000, recovery: { restartAt: 2, stopAt: null } },
      ['firing@0', 'repeat@1', 'repeat@2', 'repeat@3', 'RESTART@3', 'repeat@4'],
    ],
    [
      'does nothing once somebody has it',
      'babbb',
      { repeatMs: 1_000, recovery: { restartAt: 2, stopAt: null } },
      ['firing@0'],
    ],
  ])('%s', (_behaviour, looks, timing, expected) => {
    expect(live(looks, timing).told).toEqual(expected);
  });

  it.each<[string, string, Partial<Timing>, string[]]>([
    ['is told once, and that it is over', 'uuuuuo', {}, ['unknown@2', 'resolved@5']],
    ['is told after the for-duration when that is longer', 'uuuuuo', { forMs: 120_000 }, ['unknown@4', 'resolved@5']],
    ['is told to nobody when it was short', 'uuouuo', {}, []],
    ['is told to nobody while muted', 'UUUUo', {}, []],
    ['ends when its subject is gone', 'uuug', {}, ['unknown@2', 'resolved@3']],
    [
      'is over when the condition shows, which is told as another alarm',
      'uuubb',
      {},
      ['unknown@2', 'resolved@3', 'firing@4'],
    ],
    [
      'does not trigger a recovery',
      'uuubb',
      { recovery: { restartAt: 1, stopAt: null } },
      ['unknown@2', 'resolved@3', 'firing@4', 'RESTART@4'],
    ],
    ['is nothing new about an alarm that fires', 'buuuuo', {}, ['firing@0', 'resolved@5']],
  ])('what cannot be judged %s', (_behaviour, looks, timing, expected) => {
    expect(live(looks, timing, 30_000).told).toEqual(expected);
  });

  it('is unknown while its input cannot be read, and there is none when that ends well', () => {
    expect(live('u').alarm).toMatchObject({ state: 'unknown', unknownReason: 'no answer', value: null });
    expect(live('uo').alarm).toBeNull();
    expect(live('bu').alarm).toMatchObject({ state: 'firing', unknownReason: 'no answer', value: 7 });
  });

  // Goal: none lost, none doubled, whatever comes in whatever order.
  // Method: random looks at random intervals; what was told is checked against a plain account of the condition.
  it('is told of as the laws say', () => {
    const looks = fc.array(
      fc.record({
        look: fc.constantFrom('b', 'b', 'o', 'u', 'u', 'g', 'B', 'a'),
        afterMs: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 90_000 })),
      }),
      { maxLength: 60 },
    );
    const timings = fc.record({
      forMs: fc.constantFrom(0, 1_000, 4_000),
      repeatMs: fc.constantFrom(null, 1_000, 7_000),
      recovery: fc.constantFrom(null, { restartAt: 2, stopAt: 3 }),
    });
    fc.assert(
      fc.property(looks, timings, (given, timing) => {
        let alarm: AlarmLife | null = null;
        let nowMs = 0;
        let open = 0;
        let tellings = 0;
        // Since when the condition has held as far as is known: what is unknown neither begins nor ends it.
        let heldSinceMs: number | null = null;
        for (const { look, afterMs } of given) {
          nowMs += afterMs;
          if (look === 'a') {
            alarm = acknowledged(alarm);
            continue;
          }
          const sighting = { b: BREACHED, B: BREACHED, o: OK, u: UNKNOWN, g: GONE }[look] ?? OK;
          const before: AlarmLife | null = alarm;
          const step: Step = stepAlarm(before, sighting, {
            ...{ ...timing, isMuted: look === 'B', canOrder: true, nowMs },
          });
          if (sighting.state === 'breached') heldSinceMs ??= nowMs;
          if (sighting.state === 'ok' || sighting.state === 'gone') heldSinceMs = null;
          if (step.change === 'unknown') {
            open += 1;
            tellings = 0;
            expect([look, before?.state, before?.tellings, step.command]).toEqual(['u', 'unknown', 0, null]);
          }
          // The condition that shows after that counts from the next look on.
          const isJudgedAgain = step.change === 'resolved' && before?.state === 'unknown';
          if (isJudgedAgain) heldSinceMs = null;
          if (step.change === 'firing') {
            open += 1;
            tellings = 0;
            expect(nowMs - (heldSinceMs ?? Infinity)).toBeGreaterThanOrEqual(timing.forMs);
          }
          if (step.change === 'resolved') open -= 1;
          if (step.change !== null) expect(step.alarm?.tellings).toBe((tellings += 1));
          if (step.change === 'repeat') expect([look, before?.state]).toEqual(['b', 'firing']);
          if (step.command !== null) expect(before?.state).not.toBe('acknowledged');
          // Whoever was told of a beginning is told of exactly one end.
          expect(open).toBe((step.alarm?.tellings ?? 0) > 0 && step.alarm?.state !== 'resolved' ? 1 : 0);
          // None is lost: what holds for long enough and is not muted fires now.
          if (look === 'b' && heldSinceMs !== null && nowMs - heldSinceMs >= timing.forMs) expect(open).toBe(1);
          alarm = step.alarm;
        }
      }),
    );
  });
});
