import { Processors } from '@lutra/mapping';
import { RowProcessEncoder, RowProcessReader } from '@lutra/messaging';
import type { PipelineDefinition, SourceNames } from '@lutra/model';
import type { StageTask } from '@lutra/service-kit';
import { must, SyncError } from '@lutra/model';
import { CompiledPipeline, hasLookups } from './compiled-pipeline.ts';
import type { SourceGroups } from './groups/source-groups.ts';
import type { LookingProcess, Lookups } from './lookup/lookups.ts';
import { RowMapper } from './row-mapper.ts';
import type { ConsoleListener } from './row-mapper.ts';

/** Rules compiled for this many pipelines are kept; a revision replaces the one before. */
const COMPILED_MAX = 1_000;
/** What another table is reason for: mended there, it needs no new revision. */
const OF_TABLES: ReadonlySet<string> = new Set(['SOURCE_LOOKUP_CHANGED', 'MAPPING_LOOKUP_INVALID']);

export interface TransformTask extends Pick<StageTask, 'definition' | 'body' | 'output'> {
  /** Server that sent the events: at a source without GTID no other one is read. Null or absent = any will do. */
  readonly serverUuid?: string | null;
  /** Of that server; absent = as they are written. */
  readonly names?: SourceNames;
}

/** Where a stage asks for more than rows tell. */
export interface AskedSources {
  /** For mappings that name packages. */
  readonly processors?: Processors;
  /** For mappings with look-ups. */
  readonly lookups?: Lookups;
  /** For mappings that keep the extremes of groups. */
  readonly groups?: SourceGroups;
}

/** Gives the rows of a process their target shape: record by record, so that a large body is never built as a whole. */
export class TransformStage {
  private readonly compiled = new Map<string, CompiledPipeline>();
  private readonly processors: Processors;

  /** `openKey`: gives the key of a masking step, of a reference or a sealed secret. */
  constructor(
    private readonly openKey: (key: string) => string,
    private readonly onConsole?: ConsoleListener,
    private readonly asked: AskedSources = {},
  ) {
    this.processors = asked.processors ?? Processors.none();
  }

  async work(
    { definition, body, output, serverUuid = null, names = {} }: TransformTask,
    signal: AbortSignal,
  ): Promise<{ readonly rowCount: number }> {
    await this.processors.load();
    const process = { definition, serverUuid, signal };
    const pipeline = await this.pipelineOf(process, names);
    const encoder = new RowProcessEncoder(output);
    const lookups = pipeline.hasLookups ? this.lookupsOf(definition).readerOf(process) : undefined;
    const groups = this.asked.groups?.readerOf(definition, serverUuid, signal);
    const mapper = new RowMapper(pipeline, encoder, { onConsole: this.onConsole, lookups, groups });
    try {
      return await this.mapAll(mapper, { body, output }, signal);
    } catch (error) {
      // The next one compiles with the tables as they are by then.
      if (SyncError.is(error) && OF_TABLES.has(error.code)) this.forget(definition.id);
      throw error;
    }
  }

  private async mapAll(
    mapper: RowMapper,
    { body, output }: Pick<StageTask, 'body' | 'output'>,
    signal: AbortSignal,
  ): Promise<{ readonly rowCount: number }> {
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
    mapper.end();
    return { rowCount: mapper.rowCount };
  }

  /** No row comes any more: what processors have opened is closed. */
  async close(): Promise<void> {
    for (const pipeline of this.compiled.values()) await pipeline.close();
  }

  private async pipelineOf(process: LookingProcess, names: SourceNames): Promise<CompiledPipeline> {
    const { definition } = process;
    const isCaseFolded = names.isCaseFolded === true;
    const known = this.compiled.get(definition.id);
    if (known?.revision === definition.revision && known.isCaseFolded === isCaseFolded) return known;
    const { openKey, processors } = this;
    const context = hasLookups(definition)
      ? { openKey, processors, lookupTable: await this.lookupsOf(definition).tablesOf(process) }
      : { openKey, processors };
    const made = new CompiledPipeline(definition, context, { isCaseFolded });
    if (this.compiled.size >= COMPILED_MAX) for (const id of [...this.compiled.keys()]) this.forget(id);
    // Another process of the pipeline may have compiled it while the tables were read.
    this.forget(definition.id);
    this.compiled.set(definition.id, made);
    return made;
  }

  /** Never rejects: closing is silent, and waits for rows that are under way. */
  private forget(pipelineId: string): void {
    void this.compiled.get(pipelineId)?.close();
    this.compiled.delete(pipelineId);
  }

  private lookupsOf({ id }: PipelineDefinition): Lookups {
    return must(this.asked.lookups, `pipeline ${id} has look-ups, and this stage none`);
  }
}
