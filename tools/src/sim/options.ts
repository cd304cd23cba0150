export const SIM_USAGE = `npm run sim -- [--seeds N] [--seed S] [--case NAME] [--workers W]
  --seeds N    so many random runs, from seed S on (default 1000)
  --seed S     first seed (default 1); alone: this one seed, with its trace
  --case NAME  a named interleaving (B2b, I9, …); 'all' runs every one, 'list' lists them`;

export interface SimOptions {
  readonly seeds: number;
  readonly seed: number;
  readonly isSingle: boolean;
  readonly hasSeeds: boolean;
  readonly caseName: string | null;
  readonly workers: number;
}

const DEFAULT_SEEDS = 1_000;
const WORKERS_MAX = 64;

/** Throws an Error with the usage for what it does not understand. */
export function parseSimOptions(args: readonly string[]): SimOptions {
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at += 2) {
    const [name = '', value] = [args[at], args[at + 1]];
    if (!['--seeds', '--seed', '--case', '--workers'].includes(name) || value === undefined)
      throw new Error(`Unknown option ${name}\n${SIM_USAGE}`);
    given.set(name, value);
  }
  const number = (name: string, otherwise: number): number => {
    const value = Number(given.get(name) ?? otherwise);
    if (!Number.isInteger(value) || value < 1) throw new Error(`${name} wants a whole number above 0\n${SIM_USAGE}`);
    return value;
  };
  return {
    seeds: number('--seeds', DEFAULT_SEEDS),
    seed: number('--seed', 1),
    hasSeeds: given.has('--seeds'),
    isSingle: given.has('--seed') && !given.has('--seeds'),
    caseName: given.get('--case') ?? null,
    workers: Math.min(number('--workers', 2), WORKERS_MAX),
  };
}
