import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { runTool } from '../run-tool.ts';
import { CASES, playCase } from './cases/all-cases.ts';
import { NOT_SIMULATED } from './cases/not-simulated.ts';
import { parseSimOptions } from './options.ts';
import type { SimOptions } from './options.ts';
import { runSeed, SeedFailure } from './run-seed.ts';
import type { SeedReport } from './run-seed.ts';
import { SeedTally } from './seed-tally.ts';

/** Runs go on behind a failure, but not for ever. */
const FAILURES_MAX = 5;
const TRACE_LINES = 150;
const PROGRESS_MS = 5_000;
/** Tasks of killed instances wait for ever, and what they hold stays with them: a worker ends after so many seeds and takes it along. */
const SEEDS_PER_WORKER = 100;

type Answer = { readonly report: SeedReport } | { readonly seed: number; readonly problem: string };

if (isMainThread) await runTool(() => main(parseSimOptions(process.argv.slice(2))));
else await work(workerData as Portion);

async function main(options: SimOptions): Promise<number> {
  if (options.caseName !== null) return playCases(options.caseName, options);
  if (options.isSingle) return replay(options.seed);
  return runSeeds(options);
}

/** The named case, or all; each with as many seeds as were asked for, or one. */
async function playCases(name: string, { seed, seeds, hasSeeds }: SimOptions): Promise<number> {
  if (name === 'list') {
    for (const each of CASES) process.stdout.write(`${each.name}: ${each.claim}\n`);
    for (const [left, reason] of Object.entries(NOT_SIMULATED))
      process.stdout.write(`${left} is no case here: ${reason}\n`);
    return 0;
  }
  const chosen = CASES.filter((each) => name === 'all' || each.name === name);
  if (chosen.length === 0) throw new Error(`There is no case ${name}: see --case list`);
  for (const each of chosen)
    for (let chance = seed; chance < seed + (hasSeeds ? seeds : 1); chance += 1) {
      try {
        await playCase(each, { seed: chance, isTraced: true });
      } catch (error) {
        if (error instanceof SeedFailure) process.stdout.write(`${error.trace.slice(-TRACE_LINES).join('\n')}\n`);
        process.stdout.write(`${each.name} failed with seed ${String(chance)}: ${String(error)}\n`);
        return 1;
      }
    }
  process.stdout.write(`${String(chosen.length)} cases passed, 0 failed\n`);
  return 0;
}

/** One seed with its trace. */
async function replay(seed: number): Promise<number> {
  try {
    const report = await runSeed(seed, { isTraced: true });
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return 0;
  } catch (error) {
    const trace = error instanceof SeedFailure ? error.trace.slice(-TRACE_LINES) : [];
    const problem = error instanceof Error ? error.message : String(error);
    process.stdout.write(`${trace.join('\n')}\n\nSeed ${String(seed)} failed: ${problem}\n`);
    return 1;
  }
}

async function runSeeds({ seed, seeds, workers }: SimOptions): Promise<number> {
  const tally = new SeedTally();
  const failures: { readonly seed: number; readonly problem: string }[] = [];
  const startMs = Date.now();
  const ticker = setInterval(() => {
    process.stdout.write(
      `${String(tally.count + failures.length)} of ${String(seeds)} seeds, ${rate(tally.count, startMs)}\n`,
    );
  }, PROGRESS_MS);
  let next = seed;
  const portions = async (): Promise<void> => {
    while (next < seed + seeds && failures.length < FAILURES_MAX) {
      const first = next;
      const count = Math.min(SEEDS_PER_WORKER, seed + seeds - first);
      next += count;
      await runPortion({ first, count }, (answer) => {
        if ('report' in answer) tally.add(answer.report);
        else failures.push(answer);
        return failures.length < FAILURES_MAX;
      });
    }
  };
  const running = Array.from({ length: workers }, portions);
  await Promise.all(running);
  clearInterval(ticker);
  process.stdout.write(`${tally.describe()}\n${rate(tally.count, startMs)} with ${String(workers)} workers\n`);
  const [first] = failures;
  if (first === undefined) {
    process.stdout.write(`${String(tally.count)} seeds passed, 0 failed\n`);
    return 0;
  }
  await replay(first.seed);
  for (const failure of failures)
    process.stdout.write(
      `Seed ${String(failure.seed)}: ${failure.problem}\n  npm run sim -- --seed ${String(failure.seed)}\n`,
    );
  return 1;
}

interface Portion {
  readonly first: number;
  readonly count: number;
}

/** Runs some seeds in a worker of their own; `take` says whether to go on. */
function runPortion(portion: Portion, take: (answer: Answer) => boolean): Promise<void> {
  const worker = new Worker(import.meta.filename, { workerData: portion });
  return new Promise<void>((resolve, reject) => {
    worker.on('message', (answer: Answer) => {
      if (!take(answer)) void worker.terminate();
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      resolve();
    });
  });
}

/** What a worker does: its seeds, one after the other. */
async function work({ first, count }: Portion): Promise<void> {
  // The code under test makes errors by the thousand, and nobody reads where.
  Error.stackTraceLimit = 0;
  for (let seed = first; seed < first + count; seed += 1) {
    let answer: Answer;
    try {
      answer = { report: await runSeed(seed) };
    } catch (error) {
      answer = { seed, problem: error instanceof Error ? error.message : String(error) };
    }
    parentPort?.postMessage(answer);
    // Messages leave between seeds only.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function rate(count: number, startMs: number): string {
  const seconds = (Date.now() - startMs) / 1_000;
  return `${(count / Math.max(seconds, 0.001)).toFixed(1)} seeds/s in ${seconds.toFixed(0)} s`;
}
