import { isBuiltin } from 'node:module';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { PROCESSOR_INTERFACE } from '@lutra/processor';
import type { ProcessorDefinition } from '@lutra/processor';
import type { ProcessorFailure, ProcessorOptions } from './processors.ts';

/** Name of a package, with an entry of it or without: nothing that leads elsewhere (../x, /x, file:x, node:x, a\b, %2e). */
const PROCESSOR_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/;

const PROBLEM_CHARACTERS_MAX = 500;

export interface LoadedProcessor {
  readonly definition: ProcessorDefinition;
  /** A copy with defaults; or what is wrong. */
  settingsOf(
    given: Readonly<Record<string, unknown>>,
  ): { readonly settings: unknown; readonly problem: null } | { readonly problem: string };
}

/** Loads a package and looks at what it exports as `processor`. Never throws, and waits no longer than for a call. */
export async function loadProcessor(
  name: string,
  {
    clock,
    timeoutMs,
    importPackage = (wanted) => import(wanted),
  }: Pick<ProcessorOptions, 'clock' | 'timeoutMs' | 'importPackage'>,
): Promise<LoadedProcessor | ProcessorFailure> {
  if (!PROCESSOR_NAME.test(name) || isBuiltin(name)) return { name, problem: 'that is no name of a package' };
  const over = new AbortController();
  try {
    const late = clock.sleep(timeoutMs, over.signal).then(() => null);
    const entry = (await Promise.race([importPackage(name), late])) as { readonly processor?: unknown } | null;
    if (entry === null) return { name, problem: `it takes more than ${timeoutMs} ms` };
    const { processor } = entry;
    const problem = misfitOf(processor);
    return problem === null ? loaded(processor as ProcessorDefinition) : { name, problem };
  } catch (error) {
    return { name, problem: messageOf(error) };
  } finally {
    over.abort();
  }
}

/** What a package of somebody else says went wrong. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error || isErrorLike(error) ? error.message : String(error)).slice(0, PROBLEM_CHARACTERS_MAX);

/** Errors of other realms are no instances of ours. */
const isErrorLike = (error: unknown): error is { readonly message: string } =>
  typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';

function misfitOf(exported: unknown): string | null {
  if (typeof exported !== 'object' || exported === null) return 'it exports nothing called processor';
  const { interfaceVersion, stage, settingsSchema, columns, open } = exported as Partial<Record<string, unknown>>;
  if (interfaceVersion !== PROCESSOR_INTERFACE)
    return `its interface has the version ${String(interfaceVersion)}, and this release knows ${PROCESSOR_INTERFACE}`;
  if (stage !== 'extract' && stage !== 'transform') return 'its stage is neither extract nor transform';
  if (typeof settingsSchema !== 'object' || settingsSchema === null) return 'it has no settingsSchema';
  if (typeof columns !== 'function' || typeof open !== 'function') return 'it lacks columns() or open()';
  return null;
}

/** Throws when the schema is none. */
function loaded(definition: ProcessorDefinition): LoadedProcessor {
  const ajv = new Ajv2020({ allErrors: true, useDefaults: true, strict: false });
  const isValid = ajv.compile(definition.settingsSchema);
  return {
    definition,
    settingsOf: (given) => {
      const settings = structuredClone(given);
      if (isValid(settings)) return { settings, problem: null };
      return { problem: ajv.errorsText(isValid.errors, { dataVar: 'settings' }) };
    },
  };
}
