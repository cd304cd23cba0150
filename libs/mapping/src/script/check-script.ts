import type { QuickJSContext } from 'quickjs-emscripten-core';
import { openEngine } from './engine.ts';
import { SCRIPT_FILE } from './sandbox-program.ts';
import { positionIn } from './script-failure.ts';

/** Why a script is none; `line` and `column` from 1, absent when it is the whole. */
export interface ScriptProblem {
  readonly problem: string;
  readonly line?: number;
  readonly column?: number;
}

/** Far more than it takes to compile the longest script that may be saved. */
const CHECK_BYTES = 64 * 1024 * 1024;

/**
 * Looks whether a text is a script, without running any of it: a program of strict JavaScript that declares `transform`.
 * Null = it is.
 */
export async function checkScript(source: string): Promise<ScriptProblem | null> {
  const { context } = await openEngine(CHECK_BYTES);
  return findProblem(context, source);
}

export function findProblem(context: QuickJSContext, source: string): ScriptProblem | null {
  const found = compileError(context, source);
  if (found !== null) return found;
  // Whether a name is declared shows where it may not be declared again.
  const isDeclared = compileError(context, `${source}\n;let transform;`) !== null;
  return isDeclared ? null : { problem: 'There is no function transform(row, context)' };
}

function compileError(context: QuickJSContext, source: string): ScriptProblem | null {
  try {
    const compiled = context.evalCode(source, SCRIPT_FILE, { type: 'global', strict: true, compileOnly: true });
    if (compiled.error === undefined) {
      compiled.value.dispose();
      return null;
    }
    const dumped: unknown = context.dump(compiled.error);
    compiled.error.dispose();
    const { name, message, stack } = dumped as Readonly<Record<string, unknown>>;
    const { where, ...position } = positionIn(String(stack), 0);
    return { problem: `${String(name)}: ${String(message)}${where}`, ...position };
  } catch {
    return { problem: 'It is nested too deep to be compiled' };
  }
}
