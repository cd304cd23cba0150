import { resolve } from 'node:path';
import { abortOnSignals, runTool } from '../run-tool.ts';
import { openBenchSite } from './bench-site.ts';
import { benchCapture } from './capture-bench.ts';
import { benchDelay } from './delay-bench.ts';
import { benchLoad } from './load-benches.ts';
import { benchManager } from './manager-bench.ts';
import { describeMeasure } from './measure.ts';
import type { Measure } from './measure.ts';
import { benchScale } from './scale-bench.ts';
import { benchTransform } from './transform-bench.ts';
import { LOAD_BENCHES } from './workloads.ts';
import type { LoadBench } from './workloads.ts';

// `npm run bench -- [name …] [--json] [--runs N] [--scale F]`: see docs/performance.md.
const GROUPS = ['capture', 'e2e', 'load'] as const;
const NAMES = [...GROUPS, ...LOAD_BENCHES, 'manager', 'scale', 'transform'] as const;
type BenchName = (typeof NAMES)[number];

interface BenchChoice {
  readonly names: readonly BenchName[];
  readonly isJson: boolean;
  readonly runs: number;
  readonly scale: number;
  readonly memoryBytes: number;
  readonly program: 'mariadb' | 'mysql';
  readonly profileFolder: string | null;
}

const RUNS = 5;
const FLAGS_WITH_VALUE = ['--runs', '--scale', '--memory', '--profile'];
const USAGE = `Usage: npm run bench -- [${NAMES.join('|')}] [--json] [--runs N] [--scale F] [--memory GB] [--mysql] [--profile FOLDER]`;

function parse(args: readonly string[]): BenchChoice {
  const numberAfter = (flag: string, otherwise: number): number =>
    args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : otherwise;
  const runs = numberAfter('--runs', RUNS);
  const scale = numberAfter('--scale', 1);
  const memoryGigabytes = numberAfter('--memory', 1);
  const asked = args.filter((arg, index) => !arg.startsWith('--') && !FLAGS_WITH_VALUE.includes(args[index - 1] ?? ''));
  const unknown = asked.filter((name) => !(NAMES as readonly string[]).includes(name));
  if (unknown.length > 0 || !(runs >= 1) || !(scale > 0) || !(memoryGigabytes > 0)) throw new Error(USAGE);
  return {
    names: asked.length === 0 ? GROUPS : NAMES.filter((name) => asked.includes(name)),
    isJson: args.includes('--json'),
    runs,
    scale,
    memoryBytes: memoryGigabytes * 1e9,
    program: args.includes('--mysql') ? 'mysql' : 'mariadb',
    profileFolder: args.includes('--profile') ? resolve(args[args.indexOf('--profile') + 1] ?? '.') : null,
  };
}

await runTool(async () => {
  const { names, isJson, runs, scale, memoryBytes, program, profileFolder } = parse(process.argv.slice(2));
  // With --json only measures go to standard output.
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const stopped = abortOnSignals(() => {
    say('Stopping after the present run …');
  });
  const print = (measure: Measure): void =>
    void process.stdout.write(`${isJson ? JSON.stringify(flat(measure)) : describeMeasure(measure)}\n`);
  if (names.includes('capture')) await benchCapture({ runs, scale, memoryBytes, program, say, print });
  if (names.includes('transform')) await benchTransform({ runs, scale, say, print });
  if (names.includes('manager') && !stopped.aborted) await benchManager({ scale, say, print, profileFolder });
  if (names.includes('scale') && !stopped.aborted) print(await benchScale({ runs, scale, say }));
  const isLoad = (bench: LoadBench): boolean => names.includes('load') || names.includes(bench);
  const benches = LOAD_BENCHES.filter(isLoad);
  // The delay belongs to both: it is the other half of load's budget.
  const withDelay = names.includes('e2e') || names.includes('load');
  if ((benches.length === 0 && !withDelay) || stopped.aborted) return 0;
  const site = await openBenchSite({ profileFolder });
  try {
    if (withDelay) (await benchDelay(site, { runs, scale, say })).forEach(print);
    for (const bench of benches) if (!stopped.aborted) print(await benchLoad(site, bench, { runs, scale, say }));
  } finally {
    await site.stop();
  }
  return 0;
});

const flat = ({ vs, ...rest }: Measure): unknown => ({ ...rest, vs: vs?.name ?? null });
