import type { RowsDecoder } from '@lutra/binlog/decoder';
import { iterateRawProcess, RowProcessEncoder } from '@lutra/messaging';
import { assertNever, compileMappings } from '@lutra/model';
import type { MappingMatcher, PipelineDefinition } from '@lutra/model';
import type { StageTask } from '@lutra/service-kit';
import { RowWriter } from './row-writer.ts';

/** Rules compiled for this many pipelines are kept; a revision replaces the one before. */
const COMPILED_MAX = 1_000;

/** Makes the decoder for one process; table definitions behind it may be shared by processes of the same pipeline. */
export type DecoderFactory = (definition: PipelineDefinition) => RowsDecoder;

/** Turns raw rows events into row changes: event by event, so that of a large body only the event in hand is decoded. */
export class ExtractStage {
  private readonly compiled = new Map<string, { readonly revision: number; readonly matcher: MappingMatcher }>();

  constructor(private readonly decoderOf: DecoderFactory) {}

  async work(
    { definition, body, output }: Pick<StageTask, 'definition' | 'body' | 'output'>,
    signal: AbortSignal,
  ): Promise<{ readonly rowCount: number }> {
    const decoder = this.decoderOf(definition);
    const encoder = new RowProcessEncoder(output);
    const writer = new RowWriter(this.matcherOf(definition), encoder);
    // The stream tells only at its end whether a transaction goes on in the next process; rows need it at their beginning.
    const isLast = transactionEnds(body);
    let transaction = 0;
    for (const record of iterateRawProcess(body)) {
      switch (record.kind) {
        case 'begin':
          encoder.beginTransaction({ ...record.begin, isLast: isLast[transaction++] ?? true });
          break;
        case 'end':
          encoder.endTransaction();
          break;
        case 'event':
          if (record.event.type === 'tableMap') await decoder.tableMap(record.event);
          else writer.event(record.event.event, decoder.rows(record.event));
          break;
        default:
          assertNever(record);
      }
      if (output.isFull) {
        await output.drain();
        signal.throwIfAborted();
      }
    }
    encoder.end();
    return { rowCount: writer.rowCount };
  }

  private matcherOf(definition: PipelineDefinition): MappingMatcher {
    const known = this.compiled.get(definition.id);
    if (known?.revision === definition.revision) return known.matcher;
    const matcher = compileMappings(definition.mappings);
    if (this.compiled.size >= COMPILED_MAX) this.compiled.clear();
    this.compiled.set(definition.id, { revision: definition.revision, matcher });
    return matcher;
  }
}

function transactionEnds(body: Uint8Array): boolean[] {
  const ends: boolean[] = [];
  for (const record of iterateRawProcess(body)) if (record.kind === 'end') ends.push(record.isLast);
  return ends;
}
