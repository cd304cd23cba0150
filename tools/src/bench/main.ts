import { abortOnSignals, runTool } from '../run-tool.ts';
import { openBenchSite } from './bench-site.ts';
import { benchCapture } from './capture-bench.ts';
import { benchDelay, benchLoad } from './load-benches.ts';
import { describeMeasure } from './measure.ts';
import type { Measure } from './measure.ts';

// `npm run bench -- [name] [--json] [--runs N] [--scale F]`: see docs/performance.md.
const NAMES = ['capture', 'e2e', 'load'] as const;
type BenchName = (typeof NAMES)[number];

function parse(args: readonly string[]): { names: readonly BenchName[]; isJson: boolean; runs: number; scale: number } {
  const numberAfter = (flag: string, otherwise: number): number =>
    args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : otherwise;
  const runs = numberAfter('--runs', 3);
  const scale = numberAfter('--scale', 1);
  const asked = args.filter(
    (arg, index) => !arg.startsWith('--') && !['--runs', '--scale'].includes(args[index - 1] ?? ''),
  );
  const unknown = asked.filter((name) => !(NAMES as readonly string[]).includes(name));
  if (unknown.length > 0 || !(runs >= 1) || !(scale > 0))
    throw new Error(`Usage: npm run bench -- [${NAMES.join('|')}] [--json] [--runs N] [--scale F]`);
  return {
    names: asked.length === 0 ? NAMES : NAMES.filter((name) => asked.includes(name)),
    isJson: args.includes('--json'),
    runs,
    scale,
  };
}

await runTool(async () => {
  const { names, isJson, runs, scale } = parse(process.argv.slice(2));
  // With --json only measures go to standard output.
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const stopped = abortOnSignals(() => {
    say('Stopping after the present run …');
  });
  const print = (measure: Measure): void =>
    void process.stdout.write(`${isJson ? JSON.stringify(flat(measure)) : describeMeasure(measure)}\n`);
  if (names.includes('capture')) (await benchCapture({ runs, scale })).forEach(print);
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
