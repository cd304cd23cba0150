import { monotonicFactory, ulid } from 'ulid';
import type { EntityManager } from 'typeorm';
import { MADE_WITH, SyncError } from '@lutra/model';
import type { MappingRules } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { requireInstallation, whereVisible } from '../access/access.ts';
import type { VisibleIds } from '../access/access.ts';
import { requireUnwatched } from '../alarms/require-unwatched.ts';
import { recordAudits } from '../audit/record-audit.ts';
import type { AuditedWrite } from '../audit/record-audit.ts';
import { ChannelEntity } from '../channels/channel.entity.ts';
import { channelDtoOf } from '../channels/channel.service.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { refuseField } from '../http/refuse-field.ts';
import type { Caller } from '../http/token.guard.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { identifyLookupSources } from '../mapping-rules/lookup-sources.ts';
import { keepKeys, markRules } from '../mapping-rules/masking-keys.ts';
import { mappingDtoOf } from '../mappings/mapping.service.ts';
import type { MappingContent } from '../mappings/read-mapping.ts';
import { requireConfirmation } from '../pipelines/parameter-rules.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { pipelineDetailOf } from '../pipelines/describe-pipeline.ts';
import type { Removable } from '../pipelines/removal-gate.ts';
import { removePipeline } from '../pipelines/remove-pipeline.ts';
import { kindOfSource } from '../publishing/compile-definition.ts';
import { reviseDefinitions } from '../publishing/revisions.ts';
import { structuralDiff } from '../revisions/structural-diff.ts';
import { exactly } from '../store/exactly.ts';
import { applyAlarmRules } from './apply-alarm-rules.ts';
import type { RuleApplication } from './apply-alarm-rules.ts';
import { mappingDocumentOf, mappingName, pipelineDocumentOf, storedContentOf } from './channel-document.ts';
import type { MappingDocument, StoredContent, StoredPipeline } from './channel-document.ts';
import type { DocumentStepDto } from './document.dto.ts';
import { inside } from './read-document.ts';
import type { WantedChannel, WantedPipeline } from './read-document.ts';
import { startOf } from '../pipelines/start.dto.ts';
import { findChannel, readChannel } from './stored-channel.ts';

export interface ApplyOptions {
  readonly caller: Caller;
  readonly at: Date;
  /** What the document does not name goes. */
  readonly isPruning: boolean;
  readonly confirm: string | undefined;
  /** Pipelines that may go, by id. */
  readonly removable: ReadonlyMap<string, Removable>;
  /** Of one that may go: throws unless it still stands still; true when it has ever run. */
  readonly requireStopped: (pipelineId: string) => Promise<boolean>;
  /** Those that a new pipeline may use. */
  readonly dataSourceIds: VisibleIds;
  /** Seals masking keys. */
  readonly secrets: Secrets;
}

/**
 * Makes the store say what a document says, in the caller's transaction, with audit entries and one revision per pipeline
 * that is another one now. Returns what was done, or left out, in order; nothing when it said so already. Throws what single
 * requests throw.
 */
export async function applyDocument(
  manager: EntityManager,
  wanted: WantedChannel,
  options: ApplyOptions,
): Promise<DocumentStepDto[]> {
  return new Application(manager, options).apply(wanted);
}

class Application {
  private readonly steps: DocumentStepDto[] = [];
  private readonly revised: string[] = [];
  /** Entries about pipelines tell of their new revision, which comes last. */
  private readonly audits: { readonly id: string; readonly before: unknown }[] = [];

  private readonly removed: PipelineEntity[] = [];
  /** Mappings of one moment stay in the order of the document. */
  private readonly nextMappingId = monotonicFactory();
  /** Not recorded yet. */
  private writes: AuditedWrite[] = [];

  constructor(
    private readonly manager: EntityManager,
    private readonly options: ApplyOptions,
  ) {}

  async apply(wanted: WantedChannel): Promise<DocumentStepDto[]> {
    const { manager } = this;
    const channel = await this.applyChannel(wanted);
    const { pipelines: stored, rules } = await readChannel(manager, channel);
    const names = new Set(wanted.pipelines.map(({ name }) => name));
    for (const one of stored) if (!names.has(one.pipeline.name)) await this.leave(one);
    for (const pipeline of wanted.pipelines) {
      const present = stored.find((one) => one.pipeline.name === pipeline.name);
      await (present === undefined ? this.create(channel, pipeline) : this.change(present, pipeline));
    }
    await reviseDefinitions(manager, this.revised, this.options);
    for (const { id, before } of this.audits) {
      const pipeline = await manager.findOneByOrFail(PipelineEntity, { id });
      const after = await pipelineDetailOf(manager, pipeline);
      this.audit({
        action: before === null ? 'create' : 'update',
        resource: 'pipeline',
        resourceId: id,
        before,
        after,
      });
    }
    const { at, isPruning, caller } = this.options;
    const step: RuleApplication['step'] = (one) => {
      // Rules and receivers belong to the installation: a limited caller's document may repeat them, and no more.
      if (one.isLeftOut !== true) requireInstallation(caller);
      this.step(one);
    };
    const audit: RuleApplication['audit'] = (write) => {
      this.audit(write);
    };
    await applyAlarmRules({ manager, channel, caller, at, isPruning, step, audit }, rules, wanted.alarmRules);
    // Last: the document may have taken them out of the scopes of its own rules.
    await requireUnwatched(manager, this.removed, caller);
    await this.recordWrites();
    return this.steps;
  }

  private async applyChannel({ name, description }: WantedChannel): Promise<ChannelEntity> {
    const { manager } = this;
    const { at } = this.options;
    const present = await findChannel(manager, name);
    const before = present === null ? null : channelDtoOf(present);
    if (present?.description === description) return present;
    const made = { id: ulid(), name, createdAt: at };
    const channel = Object.assign(present ?? Object.assign(new ChannelEntity(), made), { description, updatedAt: at });
    const differences = before === null ? [] : structuralDiff({ description: before.description }, { description });
    const action = before === null ? 'create' : 'change';
    this.step({ action, object: 'channel', name, differences });
    const after = channelDtoOf(await manager.save(channel));
    const audited = before === null ? 'create' : 'update';
    this.audit({ action: audited, resource: 'channel', resourceId: channel.id, before, after });
    return channel;
  }

  private async create(channel: ChannelEntity, wanted: WantedPipeline): Promise<void> {
    const { manager } = this;
    const { at } = this.options;
    const { name, field } = wanted;
    if (await manager.existsBy(PipelineEntity, { name })) {
      const problem = `${field}.name: there is a pipeline ${name} in another channel`;
      throw new SyncError('RESOURCE_CONFLICT', { problem });
    }
    const source = await this.dataSource(`${field}.source`, wanted.source);
    const target = await this.dataSource(`${field}.target`, wanted.target);
    const pipeline = Object.assign(new PipelineEntity(), {
      ...{ id: ulid(), name, channelId: channel.id, sourceId: source.id, targetId: target.id, revision: 0 },
      parameters: { ...MADE_WITH, ...wanted.parameters },
      start: inside(`${field}.start`, () => startOf(wanted.start, kindOfSource(source))),
      ...{ createdAt: at, updatedAt: at },
    });
    this.step({ action: 'create', object: 'pipeline', name });
    await manager.save(pipeline);
    const made: MappingEntity[] = [];
    for (const content of wanted.mappings) made.push(await this.newMapping(pipeline, content));
    await this.saveNew(made);
    this.revised.push(pipeline.id);
    this.audits.push({ id: pipeline.id, before: null });
  }

  private async change(stored: StoredPipeline, wanted: WantedPipeline): Promise<void> {
    const { manager } = this;
    const { pipeline } = stored;
    const { field, name } = wanted;
    if (wanted.source !== stored.source || wanted.target !== stored.target)
      refuseField(
        field,
        `${field}: source and target of pipeline ${name} stay what they are: another pair is another pipeline`,
      );
    const source = await this.dataSource(`${field}.source`, wanted.source);
    const before = await pipelineDetailOf(manager, pipeline);
    const start = inside(`${field}.start`, () => startOf(wanted.start, kindOfSource(source)));
    const parameters = { ...MADE_WITH, ...wanted.parameters };
    const now = pipelineDocumentOf(stored);
    const differences = structuralDiff({ start: now.start, parameters: now.parameters }, { start, parameters });
    if (differences.length > 0) {
      requireConfirmation(pipeline, parameters, this.options.confirm);
      this.step({ action: 'change', object: 'pipeline', name, differences });
      Object.assign(pipeline, { start, parameters, updatedAt: this.options.at });
      await manager.save(pipeline);
      this.audits.push({ id: pipeline.id, before });
    }
    await this.changeMappings(stored, wanted.mappings);
    this.revised.push(pipeline.id);
  }

  private async changeMappings(
    { pipeline, mappings }: StoredPipeline,
    wanted: readonly MappingContent[],
  ): Promise<void> {
    const present = new Map(mappings.map((entity) => [mappingName(entity), entity]));
    const names = new Set(wanted.map(mappingName));
    for (const [name, entity] of present) if (!names.has(name)) await this.leaveMapping(pipeline, entity);
    const made: MappingEntity[] = [];
    for (const content of wanted) {
      const entity = present.get(mappingName(content));
      if (entity === undefined) made.push(await this.newMapping(pipeline, content));
      else await this.changeMapping(pipeline, entity, content);
    }
    await this.saveNew(made);
  }

  private async newMapping(pipeline: PipelineEntity, content: MappingContent): Promise<MappingEntity> {
    const { at } = this.options;
    this.step({ action: 'create', object: 'mapping', name: mappingName(content), pipeline: pipeline.name });
    const id = this.nextMappingId();
    const made = { id, pipelineId: pipeline.id, ...(await this.kept(content)), createdAt: at, updatedAt: at };
    return Object.assign(new MappingEntity(), made);
  }

  /** All at once: there may be a thousand, and the store has to answer in time. */
  private async saveNew(made: MappingEntity[]): Promise<void> {
    for (const after of (await this.manager.save(made)).map(mappingDtoOf))
      this.audit({ action: 'create', resource: 'mapping', resourceId: after.id, before: null, after });
  }

  private async changeMapping(pipeline: PipelineEntity, entity: MappingEntity, content: MappingContent): Promise<void> {
    const kept = await this.kept(content, entity);
    const differences = structuralDiff(comparable(storedContentOf(entity)), comparable({ ...kept }));
    if (differences.length === 0) return;
    this.step({
      action: 'change',
      object: 'mapping',
      name: mappingName(content),
      pipeline: pipeline.name,
      differences,
    });
    const before = mappingDtoOf(entity);
    Object.assign(entity, kept, { updatedAt: this.options.at });
    const after = mappingDtoOf(await this.manager.save(entity));
    this.audit({ action: 'update', resource: 'mapping', resourceId: entity.id, before, after });
  }

  /** With its keys sealed: those that the document leaves out stay; data sources by their ids. Throws REQUEST_INVALID. */
  private async kept(
    content: MappingContent,
    present?: MappingEntity,
  ): Promise<Omit<MappingContent, 'rules'> & { rules: MappingRules | null }> {
    const { secrets } = this.options;
    const { rules } = content;
    const name = mappingName(content);
    const identified =
      rules === null
        ? null
        : await identifyLookupSources(rules, (one) => this.findDataSource(one)).catch((error: unknown) =>
            inside(name, () => {
              throw error;
            }),
          );
    return inside(name, () => ({
      ...content,
      rules: keepKeys(identified, { present: present?.rules ?? null, secrets }),
    }));
  }

  private async leaveMapping(pipeline: PipelineEntity, entity: MappingEntity): Promise<void> {
    const isLeftOut = !this.options.isPruning;
    this.step({ action: 'delete', object: 'mapping', name: mappingName(entity), pipeline: pipeline.name, isLeftOut });
    if (isLeftOut) return;
    await this.manager.delete(MappingEntity, { id: entity.id });
    const before = mappingDtoOf(entity);
    this.audit({ action: 'delete', resource: 'mapping', resourceId: entity.id, before, after: null });
  }

  private async leave({ pipeline }: StoredPipeline): Promise<void> {
    const { caller, at, isPruning, requireStopped } = this.options;
    this.step({ action: 'delete', object: 'pipeline', name: pipeline.name, isLeftOut: !isPruning });
    if (!isPruning) return;
    const removable = this.options.removable.get(pipeline.id);
    if (removable === undefined) {
      const problem = `Pipeline ${pipeline.name} came to the channel meanwhile: send the document again`;
      throw new SyncError('RESOURCE_CONFLICT', { problem });
    }
    const hasRun = await requireStopped(pipeline.id);
    this.removed.push(pipeline);
    // It records entries of its own, behind those.
    await this.recordWrites();
    await removePipeline(this.manager, pipeline, { caller, at, removable: { ...removable, hasRun } });
  }

  private async dataSource(field: string, name: string): Promise<DataSourceEntity> {
    return (await this.findDataSource(name)) ?? refuseField(field, `${field}: there is no data source ${name}`);
  }

  private async findDataSource(name: string): Promise<DataSourceEntity | null> {
    const where = { name, ...whereVisible('id', this.options.dataSourceIds) };
    return exactly(await this.manager.findOneBy(DataSourceEntity, where), 'name', name);
  }

  private step(step: Omit<DocumentStepDto, 'differences' | 'isLeftOut'> & Partial<DocumentStepDto>): void {
    this.steps.push({ differences: [], isLeftOut: false, ...step });
  }

  private audit(write: AuditedWrite): void {
    this.writes.push(write);
  }

  private async recordWrites(): Promise<void> {
    await recordAudits(this.manager, this.writes, this.options);
    this.writes = [];
  }
}

/** A changed key is a difference, without being told. */
const comparable = (content: StoredContent): MappingDocument =>
  mappingDocumentOf({ ...content, rules: content.rules === null ? null : markRules(content.rules) });
