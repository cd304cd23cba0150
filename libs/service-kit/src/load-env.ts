import { readFileSync } from 'node:fs';
import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { SyncError } from '@lutra/model';

/** Variables of this prefix that no class knows are probably misspelt. */
const PREFIX = 'LUTRA_';
const FILE_SUFFIX = '_FILE';

/** What the process was given, as text; undefined = not set. */
export type RawEnvironment = Readonly<Record<string, string | undefined>>;

export interface LoadedEnv<E extends object> {
  readonly env: Readonly<E>;
  /** Names that begin with LUTRA_ and mean nothing to this service. */
  readonly unknown: readonly string[];
}

/**
 * Reads and checks the environment against the class. An empty text counts as not set. Throws CONFIG_ENV_INVALID with all
 * problems at once in `details.problems`; none of them repeats a value, because values may be secrets.
 */
export function loadEnv<E extends object>(Env: new () => E, raw: RawEnvironment): LoadedEnv<E> {
  const known = new Set(Object.keys(new Env()));
  const direct = Object.entries(raw).filter(([, value]) => value !== undefined && value.trim() !== '');
  const files = readFiles(direct, known);
  const given = [...direct, ...files.values];
  const env = plainToInstance(Env, Object.fromEntries(given.filter(([name]) => known.has(name))), {
    exposeDefaultValues: true,
  });
  const invalid = validateSync(env).filter(({ property }) => !files.broken.has(property));
  const found = invalid.map(({ property, constraints }) => {
    const isGiven = given.some(([name]) => name === property);
    // The decorator next to the field comes last and says the most; 'not a number' needs no 'not below 0' beside it.
    return (isGiven ? Object.values(constraints ?? {}).at(-1) : undefined) ?? `${property} is required and not set`;
  });
  const problems = [...files.broken.values(), ...found];
  if (problems.length > 0)
    throw new SyncError('CONFIG_ENV_INVALID', { problem: problems.join('; '), problems, service: Env.name });
  const unknown = given.map(([name]) => name).filter((name) => name.startsWith(PREFIX) && !known.has(name));
  return { env: Object.freeze(env), unknown };
}

/** A variable X whose class has X_FILE too may be given by that file: what container platforms call secrets are files. */
function readFiles(
  given: readonly (readonly [string, string | undefined])[],
  known: ReadonlySet<string>,
): { readonly values: readonly (readonly [string, string])[]; readonly broken: ReadonlyMap<string, string> } {
  const values: (readonly [string, string])[] = [];
  const broken = new Map<string, string>();
  for (const [name, path = ''] of given) {
    const variable = name.slice(0, -FILE_SUFFIX.length);
    if (!name.endsWith(FILE_SUFFIX) || !known.has(name) || !known.has(variable)) continue;
    if (given.some(([other]) => other === variable)) broken.set(variable, `${variable} and ${name} exclude each other`);
    else
      try {
        values.push([variable, readFileSync(path, 'utf8').replace(/\r?\n$/, '')]);
      } catch {
        broken.set(variable, `${name} names a file that cannot be read`);
      }
  }
  return { values, broken };
}

/** The problems for standard error: one JSON line for machines, then a line per problem for people. */
export function describeEnvProblems(error: SyncError, service: string): string {
  const problems = Array.isArray(error.details['problems']) ? error.details['problems'].map(String) : [error.message];
  const line = JSON.stringify({ level: 'fatal', service, code: error.code, problems, msg: 'environment is not valid' });
  return [
    line,
    `${service} cannot start, its environment is not valid:`,
    ...problems.map((text) => `  - ${text}`),
    '',
  ].join('\n');
}
