import { readFileSync } from 'node:fs';
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';
import packaged from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, newVariant } from 'quickjs-emscripten-core';
import type { QuickJSContext, QuickJSSyncVariant } from 'quickjs-emscripten-core';
import { must } from '@lutra/model';

/** What the sandbox has from its start; it cannot be told to do with less. */
export const ENGINE_BYTES_MIN = 16 * 1024 * 1024;
const PAGE_BYTES = 64 * 1024;
/** As the package declares its memory; a sandbox may never have more. */
const PAGES_MAX = 32_768;
/** QuickJS answers deeper recursion with an error of its own, long before the stack of Node ends. */
const STACK_BYTES = 192 * 1024;
/** Of struct tm: all of it is zero in UTC but what this sets, and nobody asks for more than the offset. */
const TM_WORDS = 11;

/** One QuickJS with a memory of its own: whoever throws it away has all of it back. */
export interface Engine {
  readonly context: QuickJSContext;
  /** Memory was asked for beyond the limit since this was last set to false: a script may have caught the error. */
  wasRefused: boolean;
  readonly bytes: number;
}

/**
 * Starts a QuickJS that knows no time, no zone and no chance of the machine, and no memory beyond `bytesMax`. The program is
 * compiled once per process. About 1 ms.
 */
export async function openEngine(bytesMax: number): Promise<Engine> {
  const { Memory, Instance } = webAssembly();
  const memory = new Memory({ initial: ENGINE_BYTES_MIN / PAGE_BYTES, maximum: PAGES_MAX });
  const limits = { bytesMax: Math.max(bytesMax, ENGINE_BYTES_MIN), wasRefused: false, zoneAsked: 0 };
  const instantiateWasm = ({ a }: Imports, onInstance: (instance: object) => void): object => {
    onInstance(new Instance(program(), { a: withoutWorld(a, memory, limits) }));
    return {};
  };
  const silent = (): void => undefined;
  const quickjs = await newQuickJSWASMModuleFromVariant(
    newVariant(packaged as unknown as QuickJSSyncVariant, {
      wasmMemory: memory as never,
      emscriptenModule: { instantiateWasm: instantiateWasm as never, ...{ print: silent, printErr: silent } },
    }),
  );
  const runtime = quickjs.newRuntime();
  runtime.setMaxStackSize(STACK_BYTES);
  const context = runtime.newContext();
  const engine: Engine = {
    context,
    get wasRefused() {
      return limits.wasRefused;
    },
    set wasRefused(is) {
      limits.wasRefused = is;
    },
    get bytes() {
      return memory.buffer.byteLength;
    },
  };
  checkImports(context, limits);
  return engine;
}

type Import = (...given: never[]) => unknown;
interface Imports {
  readonly a: Readonly<Record<string, Import>>;
}
interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
interface Limits {
  readonly bytesMax: number;
  wasRefused: boolean;
  zoneAsked: number;
}

/**
 * What the program asks its host for, under the short names that the pinned version of the package gives: k: more memory,
 * p: the time, m: the parts of a local time. {@link checkImports} finds out whether they still mean that.
 */
function withoutWorld(imports: Imports['a'], memory: WasmMemory, limits: Limits): Imports['a'] {
  const grow = must(imports['k'], 'the package asks for memory as k') as (bytes: number) => boolean;
  return {
    ...imports,
    k: (bytes: number) => {
      if (bytes >>> 0 <= limits.bytesMax) return grow(bytes);
      limits.wasRefused = true;
      return false;
    },
    p: () => 0,
    m: (_seconds: bigint, at: number) => {
      limits.zoneAsked += 1;
      new Int32Array(memory.buffer).fill(0, at / 4, at / 4 + TM_WORDS);
    },
  };
}

/** Another version of the package could give the names another meaning: no script must run then. */
function checkImports(context: QuickJSContext, limits: Limits): void {
  const asked = context.unwrapResult(
    context.evalCode('new Date(0).getTimezoneOffset() + Reflect.construct(Date, []).getTime()'),
  );
  assert(context.getNumber(asked) === 0 && limits.zoneAsked > 0, 'the sandbox knows no time and no zone');
  asked.dispose();
}

interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: Imports) => object;
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => WasmMemory;
}

/** TypeScript knows WebAssembly from its library for browsers only. */
const webAssembly = (): WebAssemblyGlobal => (globalThis as unknown as { WebAssembly: WebAssemblyGlobal }).WebAssembly;

let compiled: object | null = null;

function program(): object {
  const file = '@jitl/quickjs-wasmfile-release-sync/wasm';
  return (compiled ??= new (webAssembly().Module)(readFileSync(createRequire(import.meta.url).resolve(file))));
}
