import { Worker } from 'node:worker_threads';
import { recordedStreams } from '@lutra/testing';
import { runMutation } from './damage-run.ts';
import type { DamageTotals } from './damage-run.ts';

/** One mutation takes well below a millisecond; a loop that ends by itself is not a hang. */
const HANG_MS = 60_000;

/** A thread that looks on: a hang in the main thread can be told from nowhere else. Plain text, because it is no module. */
const WATCHDOG = `
const { workerData } = require('node:worker_threads');
const { shared, seed, hangMs } = workerData;
let seen = -1;
setInterval(() => {
  const index = Atomics.load(shared, 0);
  if (index !== seen) { seen = index; return; }
  require('node:fs').writeSync(2, 'A mutation hangs: LUTRA_FUZZ_SEED=' + seed + ' LUTRA_FUZZ_INDEX=' + index + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, hangMs);
`;

/**
 * Runs `count` mutations of everything recorded. Seed and index of the first that fails are in its message: set them as
 * LUTRA_FUZZ_SEED and LUTRA_FUZZ_INDEX to run that one alone.
 */
export async function runMutations(count: number): Promise<DamageTotals & { readonly seed: number }> {
  const seed = numberFrom('LUTRA_FUZZ_SEED') ?? Date.now() % 2 ** 31;
  const only = numberFrom('LUTRA_FUZZ_INDEX');
  const streams = recordedStreams();
  const totals = { checksum: 0, packets: 0, resealed: 0, harmless: 0 };
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const watchdog = new Worker(WATCHDOG, { eval: true, workerData: { shared, seed, hangMs: HANG_MS } });
  try {
    for (let index = only ?? 0; index < (only === null ? count : only + 1); index += 1) {
      Atomics.store(shared, 0, index);
      try {
        runMutation(streams, { seed, index }, totals);
      } catch (cause) {
        const replay = `LUTRA_FUZZ_SEED=${String(seed)} LUTRA_FUZZ_INDEX=${String(index)}`;
        throw new Error(`${replay}: ${describe(cause)}`, { cause });
      }
    }
  } finally {
    await watchdog.terminate();
  }
  return { ...totals, seed };
}

function numberFrom(name: string): number | null {
  const text = process.env[name];
  return text === undefined ? null : Number(text);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? (error.stack ?? error.message) : `${error.message} – ${describe(error.cause)}`;
}
