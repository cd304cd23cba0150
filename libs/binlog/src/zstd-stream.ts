import { SyncError } from '@lutra/model';
import { ZSTDDecoder } from 'zstddec/stream';

/** What we use of libzstd, compiled to WebAssembly. Pointers and sizes are 32-bit numbers. */
interface ZstdExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(bytes: number): number;
  ZSTD_createDCtx(): number;
  ZSTD_decompressStream(context: number, output: number, input: number): number;
}

interface WasmSource {
  readonly module: object;
}

/** Bytes of compressed input and of output per step; 128 KiB is a block, so that a full block always fits. */
const STEP_BYTES = 128 * 1024;
/** ZSTD_inBuffer and ZSTD_outBuffer: pointer, size, position. */
const BUFFER_STRUCT_BYTES = 12;
/** Results above this are errors: minus their code. */
const ERROR_MIN = 0xffff_ff00;
const ERROR_WINDOW_TOO_LARGE = 16;
const ERROR_OUT_OF_MEMORY = 64;
/** WebAssembly memory never shrinks: an instance that had a larger window than usual is not used again. */
const REUSED_MEMORY_BYTES_MAX = 48 * 1024 * 1024;

/** The library only lends its compiled module: its own streaming neither looks at errors nor gives memory back. */
class ModuleLender extends ZSTDDecoder {
  lent: WasmSource | null = null;

  constructor() {
    super();
    this._init = (source: WasmSource): void => {
      this.lent = source;
    };
  }
}

const lender = new ModuleLender();
await lender.init();

/**
 * Decompresses zstd frames (RFC 8878) step by step: at most 128 KiB of output at a time, whatever the input. Windows up to
 * 128 MiB, which is what the highest level of MySQL needs. Content checksums are verified where a frame has one.
 */
export class ZstdStream {
  private readonly zstd: ZstdExports;
  private readonly context: number;
  private readonly inputAt: number;
  private readonly outputAt: number;
  private readonly structsAt: number;
  private view: DataView;
  private heap: Uint8Array;
  private input: Buffer = EMPTY;
  private isFlushed = true;
  /** True when the last frame is complete and nothing else has begun. */
  isAtFrameEnd = true;

  constructor() {
    this.zstd = instantiate();
    this.inputAt = this.zstd.malloc(STEP_BYTES);
    this.outputAt = this.zstd.malloc(STEP_BYTES);
    this.structsAt = this.zstd.malloc(BUFFER_STRUCT_BYTES * 2);
    this.context = this.zstd.ZSTD_createDCtx();
    this.view = new DataView(this.zstd.memory.buffer);
    this.heap = new Uint8Array(this.zstd.memory.buffer);
  }

  /** False after a large window, and in the middle of a frame: begin with a new stream then. */
  get canBeReused(): boolean {
    return this.isAtFrameEnd && this.heap.length <= REUSED_MEMORY_BYTES_MAX;
  }

  /** More compressed bytes; everything before has been read ({@link read} gave null). They must not change meanwhile. */
  feed(bytes: Buffer): void {
    this.input = bytes;
  }

  /** The next decompressed bytes, which are the caller's, or null when more input is needed. */
  read(): Buffer | null {
    while (this.input.length > 0 || !this.isFlushed) {
      const output = this.step();
      if (output !== null) return output;
    }
    return null;
  }

  private step(): Buffer | null {
    const part = this.input.length > STEP_BYTES ? this.input.subarray(0, STEP_BYTES) : this.input;
    this.heap.set(part, this.inputAt);
    const input = this.structsAt;
    const output = input + BUFFER_STRUCT_BYTES;
    this.setStruct(input, this.inputAt, part.length);
    this.setStruct(output, this.outputAt, STEP_BYTES);
    const result = this.zstd.ZSTD_decompressStream(this.context, output, input) >>> 0;
    if (result > ERROR_MIN) throw failure(2 ** 32 - result);
    if (this.heap.buffer !== this.zstd.memory.buffer) {
      this.view = new DataView(this.zstd.memory.buffer);
      this.heap = new Uint8Array(this.zstd.memory.buffer);
    }
    this.isAtFrameEnd = result === 0;
    this.input = this.input.subarray(this.view.getUint32(input + 8, true));
    const produced = this.view.getUint32(output + 8, true);
    // A full output may have left something inside.
    this.isFlushed = produced < STEP_BYTES || this.isAtFrameEnd;
    return produced === 0 ? null : Buffer.from(this.heap.subarray(this.outputAt, this.outputAt + produced));
  }

  private setStruct(at: number, pointer: number, size: number): void {
    this.view.setUint32(at, pointer, true);
    this.view.setUint32(at + 4, size, true);
    this.view.setUint32(at + 8, 0, true);
  }
}

const EMPTY = Buffer.alloc(0);

function instantiate(): ZstdExports {
  if (lender.lent === null) throw new Error('zstddec has not lent its module');
  const imports = { env: { emscripten_notify_memory_growth: () => undefined } };
  const wasm = (globalThis as unknown as { WebAssembly: { Instance: WasmInstance } }).WebAssembly;
  return new wasm.Instance(lender.lent.module, imports).exports;
}

/** TypeScript knows WebAssembly from its library for browsers only. */
type WasmInstance = new (module: object, imports: object) => { readonly exports: ZstdExports };

function failure(code: number): SyncError {
  if (code === ERROR_WINDOW_TOO_LARGE)
    return new SyncError('SOURCE_EVENT_UNSUPPORTED', {
      problem: 'A compressed transaction needs a zstd window of more than 128 MiB',
      type: 'TRANSACTION_PAYLOAD_EVENT',
      statement: 'SET GLOBAL binlog_transaction_compression_level_zstd = 3',
    });
  if (code === ERROR_OUT_OF_MEMORY)
    return new SyncError('SOURCE_EVENT_TOO_LARGE', {
      problem: 'A compressed transaction needs more memory than zstd has',
    });
  return new SyncError('SOURCE_EVENT_CORRUPT', {
    problem: `The binary log cannot be read: a compressed transaction is damaged (zstd error ${String(code)})`,
  });
}
