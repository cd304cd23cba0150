import type { Connection } from 'mysql2/promise';
import { percentileOf } from './measure.ts';

const LOOK_PAUSE_MS = 1;

export interface DelayFigures {
  readonly p50: number;
  readonly p99: number;
  readonly transactionsPerSecond: number;
}

/**
 * Commits single-row transactions at the source at an even pace and watches the highest id that the reader shows. The delay
 * of a row is the time from the answer to its COMMIT until the first look that shows it, so it includes half a look and its
 * pause: about a millisecond. Without a pause the looks alone would keep a core busy, which those who are measured need.
 */
export async function measureDelay(
  writers: readonly Connection[],
  reader: Connection,
  run: { readonly schema: string; readonly perSecond: number; readonly seconds: number; readonly firstId: number },
): Promise<DelayFigures> {
  const count = run.perSecond * run.seconds;
  const committedAt = new Float64Array(count);
  const seenAt = new Float64Array(count);
  const start = performance.now();
  const dueAt = (index: number): number => start + (index * 1000) / run.perSecond;
  const writing = Promise.all(
    writers.map(async (writer, lane) => {
      for (let index = lane; index < count; index += writers.length) {
        const wait = dueAt(index) - performance.now();
        if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
        await writer.query(`INSERT INTO ${run.schema}.pulse VALUES (${String(run.firstId + index)}, NOW(6))`);
        committedAt[index] = performance.now();
      }
    }),
  );
  await watch(reader, run, seenAt);
  await writing;
  const delays = Array.from(seenAt, (seen, index) => Math.max(0, seen - (committedAt[index] ?? 0)));
  return {
    p50: percentileOf(delays, 0.5),
    p99: percentileOf(delays, 0.99),
    transactionsPerSecond: Math.round(count / ((Math.max(...committedAt) - start) / 1000)),
  };
}

/** Marks each id with the time of the first look that shows it. Writers commit in parallel, so ids may appear out of order: the look lists them. */
async function watch(
  reader: Connection,
  run: { readonly schema: string; readonly firstId: number; readonly seconds: number },
  seenAt: Float64Array,
): Promise<void> {
  const limit = performance.now() + (run.seconds + 60) * 1000;
  let lowest = 0;
  while (lowest < seenAt.length) {
    if (performance.now() > limit) throw new Error(`Only ${String(lowest)} of ${String(seenAt.length)} rows arrived`);
    const [rows] = await reader.query({
      sql: `SELECT id FROM ${run.schema}.pulse WHERE id >= ${String(run.firstId + lowest)}`,
      rowsAsArray: true,
    });
    const now = performance.now();
    for (const [id] of rows as unknown as readonly (readonly [number])[]) {
      const index = id - run.firstId;
      if (seenAt[index] === 0) seenAt[index] = now;
    }
    while (lowest < seenAt.length && seenAt[lowest] !== 0) lowest++;
    await new Promise((resolve) => setTimeout(resolve, LOOK_PAUSE_MS));
  }
}
