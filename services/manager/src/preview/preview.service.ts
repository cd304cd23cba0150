import type { Processors } from '@lutra/mapping';
import { compileMappings, completeParameters, SyncError } from '@lutra/model';
import type { Clock, DataSourceDefinition, LookupRule, MappingDefinition } from '@lutra/model';
import { defineTable } from '@lutra/sql';
import type { Secrets } from '@lutra/service-kit';
import type { Access, VisibleIds } from '../access/access.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { findResource } from '../http/find-resource.ts';
import { fieldRefusal } from '../http/refuse-field.ts';
import type { Caller } from '../http/token.guard.ts';
import { checkRules } from '../mapping-rules/check-rules.ts';
import { readLookupSources, requireLookupSources } from '../mapping-rules/lookup-sources.ts';
import { keepKeys, replaceKeys } from '../mapping-rules/masking-keys.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { mappingContentOf } from '../mappings/read-mapping.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { atSource } from '../positions/at-source.ts';
import { readServer } from '../pre-check/read-server.ts';
import { compileDataSource, kindOfSource } from '../publishing/compile-definition.ts';
import { compileMapping } from '../publishing/compile-mapping.ts';
import type { Store } from '../store/store.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { describeMisfits, describeRows, describeTables, targetName } from './describe-preview.ts';
import type { FoundTarget } from './describe-preview.ts';
import type { PreviewDto, PreviewRequestDto, SampleDto } from './preview.dto.ts';
import { lookUp } from './look-up.ts';
import type { LookedUp } from './looked-up.ts';
import type { SourceRow } from './source-row.ts';
import { readRecentRows } from './recent-rows.ts';
import type { RecentRows } from './recent-rows.ts';
import { RowTrial } from './row-trial.ts';
import type { Trial } from './row-trial.ts';
import { sampleRows, sampleTable } from './sample-rows.ts';

interface Stored {
  readonly pipeline: PipelineEntity;
  readonly source: DataSourceEntity;
  readonly target: DataSourceEntity;
  readonly mappings: readonly MappingEntity[];
}

/** A mapping that is not there yet, in answers. */
const NEW = 'new';

/** The newest rows in the log of a source, and what the mappings of a pipeline make of them. */
export interface NewestTrial extends RecentRows {
  readonly trial: Trial;
}

/** Shows what mappings would do with rows, and does nothing: source, target and store are read. */
export class PreviewService {
  private readonly trials: RowTrial;

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly door: TargetDoor;
      readonly secrets: Secrets;
      readonly access: Access;
      readonly processors: Processors;
    },
  ) {
    this.trials = new RowTrial(parts.clock);
  }

  /**
   * Throws REQUEST_INVALID and what the rules of mappings throw; RESOURCE_NOT_FOUND; RESOURCE_CONFLICT while too many others
   * look; what asking the source throws. A target that is away is told in the answer.
   */
  async preview(request: PreviewRequestDto, caller: Caller): Promise<PreviewDto> {
    const { pipelineId } = request;
    await this.parts.access.requirePipeline(caller, pipelineId);
    requireOne(request);
    const stored = await this.read(pipelineId);
    const mappings = this.opened(await this.mappingsOf(request, stored));
    const { rows, isComplete } = await this.rowsOf(request, stored, mappings);
    const trial = await this.trial(mappings, rows, { stored, visible: await this.parts.access.dataSourceIds(caller) });
    const { target, targetProblem } = await this.lookAtTarget(stored.target, trial);
    const facts = { mappings, rows, trial, target, parameters: completeParameters(stored.pipeline.parameters) };
    return {
      ...{ rows: describeRows(facts), tables: describeTables(facts), misfits: describeMisfits(facts) },
      ...{ targetProblem, isComplete },
    };
  }

  /** What the mappings of a pipeline, as they are stored, make of the last `count` rows that they cover. Throws as {@link preview}. */
  async tryNewest(pipelineId: string, count: number): Promise<NewestTrial> {
    const stored = await this.read(pipelineId);
    const mappings = this.opened(stored.mappings.flatMap(compileMapping));
    const recent = await this.rowsOf({ pipelineId, last: count }, stored, mappings);
    return { ...recent, trial: await this.trial(mappings, recent.rows, { stored, visible: [] }) };
  }

  private async trial(
    mappings: readonly MappingDefinition[],
    rows: readonly SourceRow[],
    of: { readonly stored: Stored; readonly visible: VisibleIds },
  ): Promise<Trial> {
    const lookedUp = await this.lookUp(mappings, rows, of);
    const processors = this.parts.processors.options.allowed;
    return this.trials.run({ pipelineId: of.stored.pipeline.id, mappings, rows, lookedUp, processors });
  }

  private read(pipelineId: string): Promise<Stored> {
    return this.parts.store.run(async (manager) => {
      const pipeline = await findResource(manager, PipelineEntity, pipelineId);
      return {
        pipeline,
        source: await findResource(manager, DataSourceEntity, pipeline.sourceId),
        target: await findResource(manager, DataSourceEntity, pipeline.targetId),
        mappings: await manager.find(MappingEntity, { where: { pipelineId }, order: { id: 'ASC' } }),
      };
    });
  }

  private async mappingsOf(
    { mapping, mappingId }: PreviewRequestDto,
    { mappings }: Stored,
  ): Promise<readonly MappingDefinition[]> {
    if (mapping === undefined && mappingId === undefined) return mappings.flatMap(compileMapping);
    const present = mappings.find(({ id }) => id === mappingId);
    if (mappingId !== undefined && present === undefined) {
      const problem = `There is no mapping with id ${mappingId} in this pipeline`;
      throw new SyncError('RESOURCE_NOT_FOUND', { problem, id: mappingId });
    }
    if (mapping === undefined) return present === undefined ? [] : compileMapping(present);
    const content = mappingContentOf(mapping);
    await checkRules(content.rules, this.parts.processors);
    const rules = keepKeys(content.rules, { present: present?.rules ?? null, secrets: this.parts.secrets });
    return compileMapping({ id: mappingId ?? NEW, ...content, rules });
  }

  /** With the keys in clear, for the thread alone. */
  private opened(mappings: readonly MappingDefinition[]): readonly MappingDefinition[] {
    const { secrets } = this.parts;
    return mappings.map((mapping) =>
      mapping.rules === undefined
        ? mapping
        : { ...mapping, rules: replaceKeys(mapping.rules, (key) => secrets.open(key)) },
    );
  }

  private async rowsOf(
    { sample, last }: PreviewRequestDto,
    { source }: Stored,
    mappings: readonly MappingDefinition[],
  ): Promise<RecentRows> {
    const { clock, secrets } = this.parts;
    if (sample !== undefined) {
      const table = sample.columns === undefined ? await this.tableAt(source, sample) : sampleTable(sample);
      return { rows: sampleRows(sample.rows, table, clock.now()), isComplete: true };
    }
    kindOfSource(source);
    const wanted = { matcher: compileMappings(mappings), count: last ?? 1 };
    return atSource({ clock, secrets }, compileDataSource(source), (session, isTimeUp) =>
      readRecentRows(session, wanted, isTimeUp),
    );
  }

  private async tableAt(source: DataSourceEntity, { schema, table }: SampleDto) {
    const found = await this.parts.door.at(source, (session) => session.describeTable({ schema, table }));
    if (found !== null) return defineTable(found);
    const problem = `There is no table ${schema}.${table} at the source that the user may see: give sample.columns`;
    throw new SyncError('RESOURCE_NOT_FOUND', { problem });
  }

  private async lookUp(
    mappings: readonly MappingDefinition[],
    rows: readonly SourceRow[],
    { stored, visible }: { readonly stored: Stored; readonly visible: VisibleIds },
  ): Promise<LookedUp> {
    const { clock, secrets, store } = this.parts;
    const given = mappings.map(({ id, rules }) => ({ id, rules: rules ?? null }));
    const sources = await store.run(async (manager) => {
      const known = [...new Set(stored.mappings.flatMap(({ rules }) => rules?.lookups ?? []))];
      for (const { rules } of given)
        await requireLookupSources(manager, rules, { visible, present: { lookups: known } });
      return readLookupSources(manager, given);
    });
    const sourceOf = ({ dataSourceId }: LookupRule): DataSourceDefinition =>
      compileDataSource(sources.find(({ id }) => id === dataSourceId) ?? stored.source);
    return lookUp(mappings, rows, { clock, secrets, sourceOf });
  }

  private async lookAtTarget(
    target: DataSourceEntity,
    { fits }: Trial,
  ): Promise<{ readonly target: FoundTarget | null; readonly targetProblem: string | null }> {
    const { clock, door } = this.parts;
    const names = [...new Map(fits.flatMap(({ targets }) => targets.map((one) => [targetName(one), one]))).values()];
    try {
      const found = await door.at(target, async (session) => {
        const tables = await session.describeTables(names);
        const server = await readServer(session, clock);
        return { server, tables: new Map(names.map((name, index) => [targetName(name), tables[index] ?? null])) };
      });
      return { target: found, targetProblem: null };
    } catch (error) {
      const { message } = SyncError.of(error);
      return { target: null, targetProblem: message };
    }
  }
}

/** Throws REQUEST_INVALID. */
function requireOne({ sample, last }: PreviewRequestDto): void {
  if ((sample === undefined) !== (last === undefined)) return;
  throw fieldRefusal('sample', 'Either sample or last has to say which rows are shown');
}
