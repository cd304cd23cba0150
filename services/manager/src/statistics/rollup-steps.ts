/** Widths of a slot of statistics. A slot is known by its number since 1970 in its step. */
export const STEPS = ['1s', '1m', '1h', '1d'] as const;
export type Step = (typeof STEPS)[number];

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Width of a step, how long its slots are kept at most, and where. Days are those of UTC. */
export const ROLLUP: Readonly<
  Record<
    Step,
    { readonly ms: number; readonly keptMs: number; readonly table: string; readonly tableCounts: string | null }
  >
> = {
  '1s': { ms: SECOND_MS, keptMs: HOUR_MS, table: 'statistic_1s', tableCounts: null },
  '1m': { ms: MINUTE_MS, keptMs: 7 * DAY_MS, table: 'statistic_1m', tableCounts: 'statistic_table_1m' },
  '1h': { ms: HOUR_MS, keptMs: 90 * DAY_MS, table: 'statistic_1h', tableCounts: 'statistic_table_1h' },
  '1d': { ms: DAY_MS, keptMs: 5 * 366 * DAY_MS, table: 'statistic_1d', tableCounts: 'statistic_table_1d' },
};

/** Steps in which rows are counted by table too. */
export const TABLE_STEPS: readonly Step[] = STEPS.filter((step) => ROLLUP[step].tableCounts !== null);

export const slotOf = (atMs: number, step: Step): number => Math.floor(atMs / ROLLUP[step].ms);

/** How long each step is kept, ms. */
export type KeptSteps = Readonly<Record<Step, number>>;

/** The oldest slot of a step that is still kept; without `kept` at most. */
export const oldestKept = (nowMs: number, step: Step, kept?: KeptSteps): number =>
  slotOf(nowMs - (kept?.[step] ?? ROLLUP[step].keptMs), step);
