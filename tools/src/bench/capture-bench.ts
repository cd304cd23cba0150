import { benchDecode } from './capture-decode.ts';
import { benchFraming } from './capture-framing.ts';
import { measureOf } from './measure.ts';
import type { Measure } from './measure.ts';

/** Framing and decoding on one core, without a network: the part of capture that is Lutra's own code. */
export async function benchCapture(options: { readonly runs: number; readonly scale: number }): Promise<Measure[]> {
  const rates: number[] = [];
  for (let run = 0; run < options.runs; run++)
    rates.push((await benchFraming({ transactions: Math.max(20_000, 1_000_000 * options.scale) })).rowsPerSecond);
  const framing = measureOf('capture.framing', 'rows/s', {
    ours: rates,
    note: 'single-row transactions, checksums on',
  });
  return [framing, ...(await benchDecode({ runs: options.runs }))];
}
