import { EventFramer, EVENT_FLAG_ARTIFICIAL, PayloadUnwrapper, readRotate } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { decodeRawProcess } from '@lutra/messaging';
import { compileMappings, must, SyncError } from '@lutra/model';
import type { MappingDefinition, Place, ProcessHeader, RawTransaction } from '@lutra/model';
import { PrepareSearch } from '../src/find-xa-prepare.ts';
import { PreparedTransactions } from '../src/prepared-transactions.ts';
import type { LogPlace, PreparedTransaction } from '../src/prepared-transactions.ts';
import { ProcessBuilder } from '../src/process-builder.ts';
import type { BuilderLimits, BuiltProcess } from '../src/built-process.ts';
import type { EventRange } from '../src/savepoints.ts';
import type { Judgement } from '../src/statement-judge.ts';
import { TableFilter } from '../src/table-filter.ts';

export const HARMLESS: Judgement = {
  warning: null,
  stop: null,
  isSkipped: false,
  opensTransaction: false,
  travels: null,
};
const LIMITS: BuilderLimits = { maxRows: 1000, maxBytes: 1_000_000, bytesPerRow: 1e9, eventBytesMax: 100_000_000 };
export const START: Place = { done: { kind: 'mariadbGtid', gtidList: '' }, inside: null };

const mapping = (table: string): MappingDefinition => ({
  id: table,
  source: { schema: 'shop', table: { exact: table } },
  target: { schema: 'copy' },
  columns: { mode: 'all' },
});

export interface Published extends BuiltProcess {
  readonly transactions: readonly RawTransaction[];
}

export interface BuildOptions {
  readonly limits?: Partial<BuilderLimits>;
  readonly start?: Place;
  readonly mapped?: readonly string[];
  readonly judge?: (statement: string, schema: string) => Judgement;
  readonly chunkBytes?: number;
  readonly serverUuid?: string;
  /** What select remembers from before; default: nothing. */
  readonly prepared?: PreparedTransactions;
  readonly revision?: number;
  /** Stops after so many processes, as a broken dump would. */
  readonly processesMax?: number;
  /** Called at a statement or an event that ends the pipeline. */
  readonly onStop?: (stop: SyncError | null) => void;
}

/**
 * Runs a stream through a builder as the epoch does: closes a process when it has to be, and at the end; brings the rows
 * of XA transactions; begins anew after the last process when a transaction was rolled back in part.
 */
export function build(stream: Buffer, options: BuildOptions = {}): Published[] {
  const published: Published[] = [];
  const undone = new Map<string, readonly EventRange[]>();
  const prepared = options.prepared ?? new PreparedTransactions();
  for (;;) {
    const start = published.at(-1)?.end ?? options.start ?? START;
    const run = new Run(stream, { ...options, start, prepared }, { undone, published });
    run.all();
    if (run.builder.undone === null) return published;
    undone.set(run.builder.undone.gtid, run.builder.undone.ranges);
  }
}

class Run {
  readonly builder: ProcessBuilder;
  private sink: Uint8Array[] = [];

  constructor(
    private readonly stream: Buffer,
    private readonly options: BuildOptions & { readonly start: Place; readonly prepared: PreparedTransactions },
    private readonly state: { readonly undone: Map<string, readonly EventRange[]>; readonly published: Published[] },
  ) {
    const { start, serverUuid = 'server' } = options;
    const seq = state.published.at(-1)?.seq ?? 0;
    this.builder = new ProcessBuilder({
      start: { place: start, serverUuid, seq, commitMsOf: (ms) => ms, undone: state.undone },
      filter: new TableFilter(compileMappings((options.mapped ?? ['item']).map(mapping))),
      judge: options.judge ?? (() => HARMLESS),
      limits: () => ({ ...LIMITS, ...options.limits }),
      revision: () => options.revision ?? 1,
      prepared: options.prepared,
      openSink: () => ({
        write: (bytes) => this.sink.push(Buffer.from(bytes)),
        isFull: false,
        drain: () => Promise.resolve(),
      }),
    });
  }

  all(): void {
    const { builder, stream } = this;
    const framer = new EventFramer({ hasChecksum: true });
    const unwrapper = new PayloadUnwrapper();
    const size = this.options.chunkBytes ?? stream.length;
    for (let at = 0; at < stream.length; at += size) {
      const outer: FramedEvent[] = [];
      framer.push(stream.subarray(at, at + size), outer);
      unwrapper.push(outer);
      for (let events = unwrapper.take(); events !== null; events = unwrapper.take())
        for (
          let next = builder.consume(events, 0);
          next < events.length || !builder.canConsume;
          next = builder.consume(events, next)
        ) {
          if (builder.mustClose) this.close();
          else if (builder.xaWanted !== null) this.replay();
          else {
            this.stop();
            return;
          }
          if (this.isFull) return;
        }
    }
    if (builder.hasProgress) this.close();
  }

  private get isFull(): boolean {
    return this.state.published.length >= (this.options.processesMax ?? Infinity);
  }

  private stop(): void {
    if (this.builder.stop === null) return;
    if (this.builder.hasProgress) this.close();
    this.options.onStop?.(this.builder.stop);
  }

  private close(): void {
    const built = this.builder.close();
    for (const xid of built.decidedXids) this.options.prepared.forget(xid);
    const body = Buffer.concat(this.sink);
    this.sink = [];
    this.state.published.push({ ...built, transactions: decodeRawProcess({} as ProcessHeader, body).transactions });
  }

  private replay(): void {
    const { builder } = this;
    const wanted = must(builder.xaWanted, 'rows are wanted');
    const prepared = wanted.prepared ?? this.search(wanted);
    builder.beginReplay(prepared.drops);
    const kept = prepared.isCompleteFor(builder.revision) ? prepared.kept : null;
    const batch = kept ?? { events: this.eventsFrom(prepared.place), numbers: null };
    for (let next = 0; next < batch.events.length && builder.xaWanted !== null;) {
      next = builder.consumeReplay({ ...batch, next });
      if (builder.mustClose) this.close();
      if (this.isFull) return;
    }
    if (builder.xaWanted !== null) builder.endReplay();
  }

  private search({ xid, before }: { readonly xid: string; readonly before: LogPlace }): PreparedTransaction {
    const search = new PrepareSearch(xid);
    for (const { event, place } of placed(this.stream)) if (place.offset < before.offset) search.take(event, place);
    if (search.found === null) throw new SyncError('SOURCE_XA_ROWS_LOST', { problem: 'It was never prepared' });
    return search.found;
  }

  private eventsFrom({ offset }: LogPlace): FramedEvent[] {
    return placed(this.stream)
      .filter(({ place }) => place.offset >= offset)
      .map(({ event }) => event);
  }
}

/** Every event of a stream of one file with the offset where it begins; parts of a large one have its offset. */
function placed(stream: Buffer): { readonly event: FramedEvent; readonly place: LogPlace }[] {
  const outer: FramedEvent[] = [];
  new EventFramer({ hasChecksum: true }).push(stream, outer);
  const unwrapper = new PayloadUnwrapper();
  unwrapper.push(outer);
  const events: FramedEvent[] = [];
  for (let batch = unwrapper.take(); batch !== null; batch = unwrapper.take()) events.push(...batch);
  let [file, end, start] = ['', 4, 4];
  return events.map((event) => {
    if (event.kind === 'whole' || event.kind === 'begin') {
      if (event.type === 4) ({ file, offset: end } = readRotate(event));
      else if ((event.flags & EVENT_FLAG_ARTIFICIAL) === 0 && event.fileBytes > 0) {
        start = end;
        end = event.nextPosition;
      }
    }
    return { event, place: { file, offset: start } };
  });
}
