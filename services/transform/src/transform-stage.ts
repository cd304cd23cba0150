import { RowProcessEncoder, RowProcessReader } from '@lutra/messaging';
import type { PipelineDefinition } from '@lutra/model';
import type { StageTask } from '@lutra/service-kit';
import { CompiledPipeline } from './compiled-pipeline.ts';
import { RowMapper } from './row-mapper.ts';
import type { ConsoleListener } from './row-mapper.ts';

/** Rules compiled for this many pipelines are kept; a revision replaces the one before. */
const COMPILED_MAX = 1_000;

/** Gives the rows of a process their target shape: record by record, so that a large body is never built as a whole. */
export class TransformStage {
  private readonly compiled = new Map<string, CompiledPipeline>();

  /** `openKey`: gives the key of a masking step, of a reference or a sealed secret. */
  constructor(
    private readonly openKey: (key: string) => string,
    private readonly onConsole?: ConsoleListener,
  ) {}

  async work(
    { definition, body, output }: Pick<StageTask, 'definition' | 'body' | 'output'>,
    signal: AbortSignal,
  ): Promise<{ readonly rowCount: number }> {
    const encoder = new RowProcessEncoder(output);
    const mapper = new RowMapper(this.pipelineOf(definition), encoder, this.onConsole);
    const reader = new RowProcessReader(body);
    for (let kind = reader.next(); kind !== null; kind = reader.next()) {
      mapper.take(kind, reader);
      if (mapper.isFull) await mapper.settle(body, output, signal);
      if (output.isFull) {
        await output.drain();
        signal.throwIfAborted();
      }
    }
    await mapper.settle(body, output, signal);
    encoder.end();
    return { rowCount: mapper.rowCount };
  }

  private pipelineOf(definition: PipelineDefinition): CompiledPipeline {
    const known = this.compiled.get(definition.id);
    if (known?.revision === definition.revision) return known;
    const made = new CompiledPipeline(definition, this.openKey);
    if (this.compiled.size >= COMPILED_MAX) this.compiled.clear();
    this.compiled.set(definition.id, made);
    return made;
  }
}
