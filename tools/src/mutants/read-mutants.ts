import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A patch that takes one guarantee of DESIGN §4 away, and the check that must notice. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly guarantee: number;
  readonly removes: string;
  /** Jest project and the pattern of its test files. */
  readonly check: { readonly project: string; readonly tests: string };
}

/** Every patch below `folder`, by name. Throws for one whose header lacks a line. */
export function readMutants(folder: string): readonly Mutant[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.patch'));
  return files.sort().map((name) => readMutant(join(folder, name), name.slice(0, -'.patch'.length)));
}

/** Checks on real servers need `npm run servers`, or `npm test`, to be running beside. */
export const needsServers = ({ check }: Mutant): boolean => /\.(?:mysql|nats|zk)\./.test(check.tests);

function readMutant(file: string, name: string): Mutant {
  const text = readFileSync(file, 'utf8');
  const line = (title: string): string => {
    const found = new RegExp(`^${title}: (.+)$`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`${file} has no line '${title}: …'`);
    return found;
  };
  const [project = '', tests = ''] = line('Check').split(' ');
  return { name, file, guarantee: Number(line('Guarantee')), removes: line('Removes'), check: { project, tests } };
}
