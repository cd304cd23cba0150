import { createContext, Script } from 'node:vm';
import type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten-core';
import { must, SyncError } from '@lutra/model';
import { findProblem } from './check-script.ts';
import type { ScriptProblem } from './check-script.ts';
import { ENGINE_BYTES_MIN, openEngine } from './engine.ts';
import type { Engine } from './engine.ts';
import {
  FACT_COUNT,
  IMAGES,
  KINDS,
  LINE_CHARACTERS_MAX,
  LINES_MAX,
  NO_RESULT,
  NO_VALUE,
  ROWS_MAX,
  SANDBOX_PROGRAM,
  SCRIPT_FILE,
  scriptProgram,
  shapeProgram,
  THREW,
  UNKNOWN_COLUMN,
} from './sandbox-program.ts';
import { SandboxReader } from './sandbox-values.ts';

/** A script for the rows of one table, and what it may take for a row. */
export interface SandboxSetup {
  readonly source: string;
  /** Names of the columns that a row has. */
  readonly columns: readonly { readonly name: string }[];
  readonly timeMs: number;
  readonly memoryBytes: number;
  /** What `context` says of every row. */
  readonly names: {
    readonly mapping: string;
    readonly schema: string;
    readonly table: string;
  };
}

/**
 * How a run ended: done; the script took too long or too much memory; the machine had no time for it; or QuickJS itself broke.
 * `stack`: where the script was. After anything but done the sandbox is not to be used again.
 */
export type SandboxResult =
  | { readonly kind: 'done'; readonly reader: SandboxReader }
  | { readonly kind: 'time' | 'memory' | 'stalled' | 'broken'; readonly stack: string; readonly cause?: unknown };

/** Which image of the run, which of its columns. */
export type LoadLarge = (image: number, column: number) => ArrayBuffer;

/** The clock of {@link Sandbox.run}'s limit runs only while the process does; this long by the wall clock is too long anyway. */
const WALL_FACTOR = 3;
const WALL_MS_MIN = 500;
const MICROSECONDS = 1_000;
/** A sandbox that a large row has made larger than this is not kept: its memory never shrinks. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;
/** Of the memory that one has from its start rows of up to a batch's size touch about 3 MiB; only what is touched is there. */
const TOUCHED_BYTES = 4 * 1024 * 1024;

/** A script in a QuickJS of its own. */
export class Sandbox {
  private deadlineMs = 0;
  private isLate = false;
  /** Whether another run may follow. */
  isUsable = true;
  /** Whether nothing has run yet: what happens then depends on no row before. */
  isFresh = true;

  private constructor(
    private readonly engine: Engine,
    private readonly runHandle: QuickJSHandle,
    private readonly loader: { load: LoadLarge | null },
    private readonly setup: Pick<SandboxSetup, 'timeMs'>,
  ) {
    engine.context.runtime.setInterruptHandler(() => (this.isLate ||= cpuMs() > this.deadlineMs));
  }

  /** What it takes of the process, about. */
  get heldBytes(): number {
    const { bytes } = this.engine;
    return bytes > ENGINE_BYTES_MIN ? bytes : TOUCHED_BYTES;
  }

  /** Throws MAPPING_SCRIPT_INVALID. */
  static async open(setup: SandboxSetup): Promise<Sandbox> {
    const engine = await openEngine(setup.memoryBytes);
    const { context } = engine;
    const found = findProblem(context, setup.source);
    if (found !== null) throw scriptInvalid(found, setup.names.mapping);
    const main = evaluated(context, SANDBOX_PROGRAM, 'lutra');
    const constants = evaluated(context, `(${JSON.stringify(constantsOf(setup))})`, 'lutra');
    const start = context.unwrapResult(context.callFunction(main, context.undefined, constants));
    const script = evaluated(context, scriptProgram(setup.source), SCRIPT_FILE);
    const shape = evaluated(context, shapeProgram(setup), 'lutra');
    const loader: { load: LoadLarge | null } = { load: null };
    const load = context.newFunction('load', (image, column) => {
      const value = must(loader.load, 'values are loaded while rows run');
      return decoded(context, value(context.getNumber(image), context.getNumber(column)));
    });
    const run = context.unwrapResult(context.callFunction(start, context.undefined, script, shape, load));
    for (const handle of [main, constants, start, script, shape, load]) handle.dispose();
    return new Sandbox(engine, run, loader, setup);
  }

  /**
   * Runs the script over images as {@link SANDBOX_PROGRAM} takes them; all of them together have the time of one. `load` gives a
   * large value that was left out of an image, as an array of one.
   */
  run(images: ArrayBuffer, load: LoadLarge): SandboxResult {
    const { timeMs } = this.setup;
    this.loader.load = load;
    this.isFresh = false;
    this.isLate = false;
    this.engine.wasRefused = false;
    const beganMs = cpuMs();
    this.deadlineMs = beganMs + timeMs;
    let result: SandboxResult;
    try {
      result = within(Math.max(WALL_MS_MIN, timeMs * WALL_FACTOR), () => this.call(images));
    } catch (cause) {
      const kind = isTimeout(cause) ? (cpuMs() - beganMs > timeMs ? 'time' : 'stalled') : 'broken';
      result = { kind, stack: '', cause };
    }
    // A script may have caught the error, and would then go on differently wherever there is more memory.
    if (this.engine.wasRefused) result = { kind: 'memory', stack: result.kind === 'done' ? '' : result.stack };
    this.isUsable =
      result.kind === 'done' && this.engine.bytes <= KEPT_BYTES_MAX && !this.engine.context.runtime.hasPendingJob();
    return result;
  }

  private call(images: ArrayBuffer): SandboxResult {
    const { context } = this.engine;
    const values = decoded(context, images);
    if (this.engine.wasRefused) return { kind: 'memory', stack: '' };
    const called = context.callFunction(this.runHandle, context.undefined, values);
    if (called.error !== undefined) return this.failed(called.error);
    values.dispose();
    const encoded = context.encodeBinaryJSON(called.value);
    called.value.dispose();
    if (this.engine.wasRefused) return { kind: 'memory', stack: '' };
    const bytes = context.getArrayBuffer(encoded);
    // A copy: the memory behind it is QuickJS's own.
    const reader = new SandboxReader(Buffer.from(bytes.value));
    bytes.dispose();
    encoded.dispose();
    return { kind: 'done', reader };
  }

  private failed(error: QuickJSHandle): SandboxResult {
    const { context } = this.engine;
    this.deadlineMs = Infinity;
    const dumped: unknown = this.engine.wasRefused ? null : context.dump(error);
    const stack = typeof dumped === 'object' && dumped !== null && 'stack' in dumped ? String(dumped.stack) : '';
    return { kind: this.isLate ? 'time' : 'broken', stack, cause: dumped };
  }
}

/** An array as {@link SandboxWriter} writes it. */
function decoded(context: QuickJSContext, bytes: ArrayBuffer): QuickJSHandle {
  const buffer = context.newArrayBuffer(bytes);
  const values = context.decodeBinaryJSON(buffer);
  buffer.dispose();
  return values;
}

function constantsOf({ names }: SandboxSetup): object {
  const limits = { lines: LINES_MAX, characters: LINE_CHARACTERS_MAX, rows: ROWS_MAX, facts: FACT_COUNT };
  return { ...names, images: IMAGES, kinds: KINDS, ...limits, THREW, NO_RESULT, UNKNOWN_COLUMN, NO_VALUE };
}

function scriptInvalid({ problem, ...position }: ScriptProblem, mapping: string): SyncError {
  const details = { problem: `The script of mapping ${mapping} does not compile: ${problem}`, mapping, ...position };
  return new SyncError('MAPPING_SCRIPT_INVALID', details);
}

/** `code` is an expression. */
function evaluated(context: QuickJSContext, code: string, file: string): QuickJSHandle {
  return context.unwrapResult(context.evalCode(code, file, { type: 'global' }));
}

const isTimeout = (cause: unknown): boolean =>
  typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/** Processor time of the whole process in ms: a machine that is busy with others makes no script late. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / MICROSECONDS;
}

const CALL = new Script('call()');
let present: (() => unknown) | null = null;
const outside = createContext({ call: () => present?.() });

/**
 * QuickJS asks between its own instructions whether it is late, but not inside of a built-in function, of which some can be
 * told to go on for years (`indexOf` on an object whose length is 2^53): Node's own watchdog ends those.
 */
function within<T>(wallMs: number, work: () => T): T {
  present = work;
  try {
    return CALL.runInContext(outside, { timeout: wallMs }) as T;
  } finally {
    present = null;
  }
}
