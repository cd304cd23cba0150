import type { SyncError } from '@lutra/model';
import { fieldRefusal } from '../http/refuse-field.ts';
import { oldestKept, ROLLUP, slotOf, STEPS } from './rollup-steps.ts';
import type { KeptSteps, Step } from './rollup-steps.ts';
import type { SlotRange } from './rollup-store.ts';

export interface RangeWish {
  readonly from?: string;
  readonly to?: string;
  readonly step?: Step;
}

/** Which steps may answer, and how long they are kept; by default all, and at most. */
export interface StepChoice {
  readonly steps?: readonly Step[];
  readonly kept?: KeptSteps | undefined;
}

export interface StepRange extends SlotRange {
  readonly step: Step;
}

const HOUR_MS = 3_600_000;
/** More points are one answer of more than a megabyte. */
const POINTS_MAX = 2_000;
/** As many as a screen has room for: what is chosen when nobody says how fine. */
const CHOSEN_POINTS_MAX = 750;
const DEFAULT_STEPS = 60;

/**
 * The slots that answer a question. Throws REQUEST_INVALID naming the field when the time is empty, longer than one answer holds,
 * or older than the step is kept.
 */
export function readRange(wish: RangeWish, nowMs: number, { steps = STEPS, kept }: StepChoice = {}): StepRange {
  const toMs = wish.to === undefined ? nowMs : Date.parse(wish.to);
  const widthMs = wish.step === undefined ? HOUR_MS : DEFAULT_STEPS * ROLLUP[wish.step].ms;
  const fromMs = wish.from === undefined ? toMs - widthMs : Date.parse(wish.from);
  requireOrder(fromMs, toMs);
  if (wish.step !== undefined && !steps.includes(wish.step))
    throw fieldRefusal('step', `step must be one of the following values: ${steps.join(', ')}`);
  const step = wish.step ?? chosenStep(fromMs, toMs, { nowMs, steps, kept });
  if (!isKept(step, fromMs, { nowMs, kept })) throw tooOld(step, fromMs, { nowMs, steps, kept });
  const range = { step, first: slotOf(fromMs, step), last: slotOf(toMs - 1, step) };
  const points = range.last - range.first + 1;
  if (points > POINTS_MAX)
    throw fieldRefusal(
      'step',
      `step ${step} gives ${String(points)} points between from and to, more than ${String(POINTS_MAX)}: choose a wider step or a shorter time`,
    );
  return range;
}

/** Throws REQUEST_INVALID unless `fromMs` is before `toMs`. */
export function requireOrder(fromMs: number, toMs: number): void {
  if (fromMs >= toMs) throw fieldRefusal('from', 'from must be before to');
}

interface Known {
  readonly nowMs: number;
  readonly steps: readonly Step[];
  readonly kept: KeptSteps | undefined;
}

const isKept = (step: Step, fromMs: number, { nowMs, kept }: Pick<Known, 'nowMs' | 'kept'>): boolean =>
  slotOf(fromMs, step) >= oldestKept(nowMs, step, kept);

function chosenStep(fromMs: number, toMs: number, known: Known): Step {
  const fitting = known.steps.find(
    (step) => isKept(step, fromMs, known) && (toMs - fromMs) / ROLLUP[step].ms <= CHOSEN_POINTS_MAX,
  );
  return fitting ?? '1d';
}

function tooOld(step: Step, fromMs: number, known: Known): SyncError {
  const { nowMs, steps, kept } = known;
  const oldest = new Date(oldestKept(nowMs, step, kept) * ROLLUP[step].ms).toISOString();
  const wider = steps.find((other) => isKept(other, fromMs, known));
  const advice = wider === undefined ? '' : `, or choose step ${wider}`;
  return fieldRefusal('from', `from must not be before ${oldest}: older figures of step ${step} are not kept${advice}`);
}
