import { RowProcessEncoder, RowProcessReader } from '@lutra/messaging';
import type { PipelineDefinition, SourceNames } from '@lutra/model';
import type { StageTask } from '@lutra/service-kit';
import { CompiledPipeline } from './compiled-pipeline.ts';
import type { SourceGroups } from './groups/source-groups.ts';
import { RowMapper } from './row-mapper.ts';
import type { ConsoleListener } from './row-mapper.ts';

/** Rules compiled for this many pipelines are kept; a revision replaces the one before. */
const COMPILED_MAX = 1_000;

export interface TransformTask extends Pick<StageTask, 'definition' | 'body' | 'output'> {
  /** Server that sent the events: at a source without GTID no other one is read. */
  readonly serverUuid?: string;
  /** Of that server; absent = as they are written. */
  readonly names?: SourceNames;
}

/** Gives the rows of a process their target shape: record by record, so that a large body is never built as a whole. */
export class TransformStage {
  private readonly compiled = new Map<string, CompiledPipeline>();

  /** `openKey`: gives the key of a masking step, of a reference or a sealed secret. */
  constructor(
    private readonly openKey: (key: string) => string,
    private readonly onConsole?: ConsoleListener,
    private readonly groups?: SourceGroups,
  ) {}

  async work(
    { definition, body, output, serverUuid = '', names = {} }: TransformTask,
    signal: AbortSignal,
  ): Promise<{ readonly rowCount: number }> {
    const encoder = new RowProcessEncoder(output);
    const groups = this.groups?.readerOf(definition, serverUuid, signal);
    const mapper = new RowMapper(this.pipelineOf(definition, names), encoder, this.onConsole, groups);
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

  private pipelineOf(definition: PipelineDefinition, names: SourceNames): CompiledPipeline {
    const isCaseFolded = names.isCaseFolded === true;
    const known = this.compiled.get(definition.id);
    if (known?.revision === definition.revision && known.isCaseFolded === isCaseFolded) return known;
    const made = new CompiledPipeline(definition, this.openKey, { isCaseFolded });
    if (this.compiled.size >= COMPILED_MAX) this.compiled.clear();
    this.compiled.set(definition.id, made);
    return made;
  }
}
