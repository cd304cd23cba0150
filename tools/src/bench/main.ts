import { abortOnSignals, runTool } from '../run-tool.ts';
import { openBenchSite } from './bench-site.ts';
import { benchCapture } from './capture-bench.ts';
import { benchDelay, benchLoad } from './load-benches.ts';
import { describeMeasure } from './measure.ts';
import type { Measure } from './measure.ts';

// `npm run bench -- [name] [--json] [--runs N] [--scale F]`: see docs/performance.md.
const NAMES = ['capture', 'e2e', 'load'] as const;
type BenchName = (typeof NAMES)[number];

interface BenchChoice {
  readonly names: readonly BenchName[];
  readonly isJson: boolean;
  /** Null: as many as the bench wants. */
  readonly runs: number | null;
  readonly scale: number;
  readonly memoryBytes: number;
  readonly program: 'mariadb' | 'mysql';
}

const RUNS = 3;
const CAPTURE_RUNS = 5;
const USAGE = `Usage: npm run bench -- [${NAMES.join('|')}] [--json] [--runs N] [--scale F] [--memory GB] [--mysql]`;

function parse(args: readonly string[]): BenchChoice {
  const numberAfter = (flag: string, otherwise: number): number =>
    args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : otherwise;
  const runs = args.includes('--runs') ? numberAfter('--runs', RUNS) : null;
  const scale = numberAfter('--scale', 1);
  const memoryGigabytes = numberAfter('--memory', 1);
  const asked = args.filter(
    (arg, index) => !arg.startsWith('--') && !['--runs', '--scale', '--memory'].includes(args[index - 1] ?? ''),
  );
  const unknown = asked.filter((name) => !(NAMES as readonly string[]).includes(name));
  if (unknown.length > 0 || !(runs === null || runs >= 1) || !(scale > 0) || !(memoryGigabytes > 0))
    throw new Error(USAGE);
  return {
    names: asked.length === 0 ? NAMES : NAMES.filter((name) => asked.includes(name)),
    isJson: args.includes('--json'),
    runs,
    scale,
    memoryBytes: memoryGigabytes * 1e9,
    program: args.includes('--mysql') ? 'mysql' : 'mariadb',
  };
}

await runTool(async () => {
  const { names, isJson, scale, memoryBytes, program, ...choice } = parse(process.argv.slice(2));
  // With --json only measures go to standard output.
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const stopped = abortOnSignals(() => {
    say('Stopping after the present run …');
  });
  const print = (measure: Measure): void =>
    void process.stdout.write(`${isJson ? JSON.stringify(flat(measure)) : describeMeasure(measure)}\n`);
  if (names.includes('capture'))
    await benchCapture({ runs: choice.runs ?? CAPTURE_RUNS, scale, memoryBytes, program, say, print });
  const runs = choice.runs ?? RUNS;
  if (names.every((name) => name === 'capture') || stopped.aborted) return 0;
  const site = await openBenchSite();
  try {
    if (names.includes('e2e') && !stopped.aborted) (await benchDelay(site, { runs, scale, say })).forEach(print);
    if (names.includes('load') && !stopped.aborted) (await benchLoad(site, { runs, scale, say })).forEach(print);
  } finally {
    await site.stop();
  }
  return 0;
});

const flat = ({ vs, ...rest }: Measure): unknown => ({ ...rest, vs: vs?.name ?? null });
