import type { Coordinator } from '@lutra/coordination';
import type { Bus } from '@lutra/messaging';
import { completeParameters, must, SyncError } from '@lutra/model';
import type { Clock, DonePlace, WarningCode } from '@lutra/model';
import { leadRole } from '@lutra/service-kit';
import type { Secrets, Worker } from '@lutra/service-kit';
import { In, IsNull, Not } from 'typeorm';
import type { Logger } from 'pino';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { findResource } from '../http/find-resource.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { compileDataSource } from '../publishing/compile-definition.ts';
import { compileMapping } from '../publishing/compile-mapping.ts';
import type { Store } from '../store/store.ts';
import type { ComparedGroups } from './compare-groups.ts';
import { compareMapping } from './compare-mapping.ts';
import { GroupCheckEntity } from './group-check.entity.ts';

const LOOK_MS = 10_000;
const REASON_CHARS_MAX = 500;

export interface GroupCheckParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly log: Logger;
  readonly instance: string;
}

/**
 * Compares the groups of every mapping that counts with its source, each `groupCheckMs` after the last time. What differs is a
 * warning, and stays to be read at the mapping. One manager at a time does this, one mapping after the other.
 */
export class GroupChecker implements Worker {
  readonly name = 'group-checks';

  constructor(private readonly parts: GroupCheckParts) {}

  run(signal: AbortSignal): Promise<void> {
    return leadRole(
      this.parts,
      { role: 'manager-group-checks', work: (leading) => this.keepChecking(leading) },
      signal,
    );
  }

  private async keepChecking(leading: AbortSignal): Promise<void> {
    while (!leading.aborted) {
      if (this.parts.store.whyAway === '') await this.checkDue(leading);
      await this.parts.clock.sleep(LOOK_MS, leading);
    }
  }

  private async checkDue(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.parts;
    const [mappings, pipelines, checks] = await store.run((manager) =>
      Promise.all([
        manager.find(MappingEntity, { where: { rules: Not(IsNull()) } }),
        manager.find(PipelineEntity),
        manager.find(GroupCheckEntity, { select: { mappingId: true, checkedAt: true } }),
      ]),
    );
    for (const mapping of mappings.filter(({ rules }) => rules?.aggregate !== undefined)) {
      if (signal.aborted) return;
      const pipeline = must(
        pipelines.find(({ id }) => id === mapping.pipelineId),
        'a mapping has a pipeline',
      );
      const { groupCheckMs, dryRun } = completeParameters(pipeline.parameters);
      const lastMs = checks.find(({ mappingId }) => mappingId === mapping.id)?.checkedAt.getTime() ?? 0;
      if (groupCheckMs === 0 || dryRun || clock.now().getTime() - lastMs < groupCheckMs) continue;
      if ((await this.reached(pipeline.id)) === null) continue;
      await this.check(mapping, pipeline, signal);
    }
  }

  /** A comparison that cannot be made is told as such; the next one is made in its time. */
  private async check(mapping: MappingEntity, pipeline: PipelineEntity, signal: AbortSignal): Promise<void> {
    const { log } = this.parts;
    let compared: ComparedGroups | null = null;
    let reason = '';
    try {
      const made = await this.compare(mapping, pipeline, signal);
      if (typeof made === 'string') reason = made;
      else compared = made;
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = SyncError.of(error);
      log.warn({ err: error, code, pipelineId: pipeline.id, mappingId: mapping.id }, 'groups cannot be compared');
      reason = message;
    }
    await this.keep(mapping.id, compared, reason.slice(0, REASON_CHARS_MAX));
    if (compared !== null && compared.differing > 0) await this.warn(mapping, compared);
  }

  /** A text says why they cannot be compared. */
  private async compare(
    mapping: MappingEntity,
    pipeline: PipelineEntity,
    signal: AbortSignal,
  ): Promise<ComparedGroups | string> {
    const { clock, secrets, store } = this.parts;
    const place = await this.reached(pipeline.id);
    if (place?.kind === 'file')
      return 'The source has no GTIDs, so that nobody knows when the target holds what was read';
    const { ends, others } = await store.run(async (manager) => {
      const siblings = await manager.find(PipelineEntity, { where: { targetId: pipeline.targetId } });
      const mappings = await manager.find(MappingEntity, { where: { pipelineId: In(siblings.map(({ id }) => id)) } });
      return {
        ends: {
          source: compileDataSource(await findResource(manager, DataSourceEntity, pipeline.sourceId)),
          target: compileDataSource(await findResource(manager, DataSourceEntity, pipeline.targetId)),
        },
        others: mappings.filter(({ id }) => id !== mapping.id).flatMap(compileMapping),
      };
    });
    const reached = (): Promise<DonePlace | null> => this.reached(pipeline.id);
    const around = { ...ends, others, clock, secrets, reached };
    return compareMapping(compileMapping(mapping), around, signal);
  }

  private async reached(pipelineId: string): Promise<DonePlace | null> {
    const cursor = await this.parts.bus.cursor(pipelineId);
    return cursor?.state === 'place' && cursor.dryRun === undefined ? cursor.place.done : null;
  }

  private async keep(mappingId: string, compared: ComparedGroups | null, reason: string): Promise<void> {
    const { clock, store } = this.parts;
    const { groups = 0, differing = 0, unsettled = 0, examples = [] } = compared ?? {};
    const outcome = compared === null ? ('notCompared' as const) : ('compared' as const);
    const row = {
      mappingId,
      checkedAt: clock.now(),
      outcome,
      reason,
      groups,
      differing,
      unsettled,
      examples: [...examples],
    };
    await store.read(GroupCheckEntity, (rows) => rows.upsert(row, ['mappingId']));
  }

  private async warn({ id, pipelineId, target }: MappingEntity, { groups, differing }: ComparedGroups): Promise<void> {
    const { bus, clock, instance } = this.parts;
    const table = `${target.schema}.${target.table ?? ''}`;
    await bus.publishEvent({
      ...{ v: 1, kind: 'warning', at: clock.now().toISOString(), who: instance, pipelineId, epoch: null },
      ...{ process: null, traceId: null, code: 'GROUPS_DIFFER' satisfies WarningCode },
      message: `${String(differing)} of ${String(groups)} groups that mapping ${id} counts into ${table} are not as the source says`,
    });
  }
}
