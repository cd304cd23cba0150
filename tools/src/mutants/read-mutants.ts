import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What must notice a mutant: test files of a Jest project, or the simulation with these arguments. */
export type Check =
  | { readonly kind: 'tests'; readonly project: string; readonly tests: string }
  | { readonly kind: 'simulation'; readonly args: readonly string[] };

/** A patch that takes one guarantee of DESIGN §4 away, and the check that must notice. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly guarantee: number;
  readonly removes: string;
  readonly check: Check;
}

/** Every patch below `folder`, by name. Throws for one whose header lacks a line. */
export function readMutants(folder: string): readonly Mutant[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.patch'));
  return files.sort().map((name) => readMutant(join(folder, name), name.slice(0, -'.patch'.length)));
}

/** Checks on real servers need `npm run servers`, or `npm test`, to be running beside. */
export const needsServers = ({ check }: Mutant): boolean =>
  check.kind === 'tests' && /\.(?:mysql|nats|zk)\b/.test(check.tests);

export const describeCheck = (check: Check): string =>
  check.kind === 'tests' ? `${check.project} ${check.tests}` : `sim ${check.args.join(' ')}`;

function readMutant(file: string, name: string): Mutant {
  const text = readFileSync(file, 'utf8');
  const line = (title: string): string => {
    const found = new RegExp(`^${title}: (.+)$`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`${file} has no line '${title}: …'`);
    return found;
  };
  const [first = '', ...rest] = line('Check').split(' ');
  const check: Check =
    first === 'sim' ? { kind: 'simulation', args: rest } : { kind: 'tests', project: first, tests: rest.join(' ') };
  return { name, file, guarantee: Number(line('Guarantee')), removes: line('Removes'), check };
}
