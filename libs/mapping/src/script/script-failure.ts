import { SyncError } from '@lutra/model';
import { LINES_ABOVE, NO_RESULT, SCRIPT_FILE } from './sandbox-program.ts';
import type { SandboxResult } from './sandbox.ts';

/** Names that an error may be called by in ours; others are made up by the script, maybe of a row's values. */
const ERROR_NAME = /^(?:Eval|Range|Reference|Syntax|Type|URI|Internal|Aggregate)?Error$/;
const COLUMN_CHARACTERS_MAX = 64;

/** What says where a script was when it failed. */
export interface ScriptPlace {
  readonly mapping: string;
  readonly timeMs: number;
  readonly memoryBytes: number;
}

/** A script that took too much, for this row alone. */
export function tookTooMuch(
  { kind, stack, cause }: Exclude<SandboxResult, { kind: 'done' }>,
  { mapping, timeMs, memoryBytes }: ScriptPlace,
): SyncError {
  const { where, ...position } = positionIn(stack);
  switch (kind) {
    case 'memory': {
      const problem = `The script of mapping ${mapping} needs more than ${String(memoryBytes)} bytes for a row${where}`;
      return new SyncError('ROW_SCRIPT_MEMORY', { problem, mapping, memoryBytes, ...position });
    }
    case 'time':
    case 'stalled': {
      const problem = `The script of mapping ${mapping} takes more than ${String(timeMs)} ms for a row${where}`;
      return new SyncError('ROW_SCRIPT_TIME', { problem, mapping, timeMs, ...position });
    }
    case 'broken': {
      const problem = `The script of mapping ${mapping} went too deep into a row for a built-in function`;
      return new SyncError('ROW_SCRIPT_FAILED', { problem, mapping }, { cause });
    }
  }
}

/** The script threw. What it says may hold values of the row: it is only the cause. */
export function scriptThrew(
  { name, message, stack }: Record<'name' | 'message' | 'stack', string>,
  mapping: string,
): SyncError {
  const { where, ...position } = positionIn(stack);
  const what = ERROR_NAME.test(name) ? name : 'an error';
  const problem = `The script of mapping ${mapping} threw ${what}${where}`;
  return new SyncError('ROW_SCRIPT_FAILED', { problem, mapping, ...position }, { cause: new Error(message) });
}

/** `what`: of no result what is wrong, of an unknown column its name. */
export function noRow(status: number, what: string, mapping: string): SyncError {
  const problem =
    status === NO_RESULT
      ? `The script of mapping ${mapping} does not return a row, rows or null: ${what}`
      : `The script of mapping ${mapping} gives the column ${what.slice(0, COLUMN_CHARACTERS_MAX)}, which its rows do not have`;
  return new SyncError('ROW_SCRIPT_RESULT', { problem, mapping });
}

export function noValue({ mapping, column, expected }: Record<'mapping' | 'column' | 'expected', string>): SyncError {
  const problem = `The script of mapping ${mapping} gives column ${column} something else than ${expected}`;
  return new SyncError('ROW_SCRIPT_VALUE', { problem, mapping, column, expected });
}

/** Line and column in the script as its author sees it, of the innermost place; nothing when the stack does not tell. */
export function positionIn(
  stack: string,
  linesAbove = LINES_ABOVE,
): { readonly where: string; readonly line?: number; readonly column?: number } {
  const match = POSITION.exec(stack);
  if (match === null) return { where: '' };
  const [line, column] = [Math.max(Number(match[1]) - linesAbove, 1), Number(match[2])];
  return { where: ` at line ${String(line)}, column ${String(column)}`, line, column };
}

const POSITION = new RegExp(`\\b${SCRIPT_FILE}:(\\d+):(\\d+)`);
