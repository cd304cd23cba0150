import { intersectPlaces, SyncError } from '@lutra/model';
import type { Clock, Permit, PipelineDefinition } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import { readCheckpoint, setPlace } from '@lutra/sql';
import type { CheckpointRow } from '@lutra/sql';
import type { Secrets } from '@lutra/service-kit';
import { recordAudit } from '../audit/record-audit.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { findResource } from '../http/find-resource.ts';
import { requireMatch } from '../http/require-match.ts';
import type { Caller } from '../http/token.guard.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { startOf } from '../pipelines/start.dto.ts';
import type { StartDto } from '../pipelines/start.dto.ts';
import { kindOfSource } from '../publishing/compile-definition.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { Store } from '../store/store.ts';
import { inOwnTable } from '../targets/own-table.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { atSource } from './at-source.ts';
import { matchAtSource } from './match-at-source.ts';
import type { RewindPreviewDto, RewindRequestDto } from './position.dto.ts';
import { versionOf } from './position.service.ts';
import { findUnrepeatable, planRewind } from './rewind-plan.ts';
import type { RewindPlan, UnrepeatableTable } from './rewind-plan.ts';
import { SavedPositionEntity } from './saved-position.entity.ts';

interface Asked {
  readonly caller: Caller;
  readonly ifMatch: string | undefined;
}

/** Puts pipelines that do not run to another place, after it has said what that means. */
export class RewindService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly bus: Bus;
      readonly coordinator: Coordinator;
      readonly door: TargetDoor;
      readonly secrets: Secrets;
      readonly instance: string;
    },
  ) {}

  /** What a rewind would do. Throws RESOURCE_CONFLICT for a pipeline without a place. */
  async preview(pipelineId: string, to: StartDto): Promise<RewindPreviewDto> {
    const { plan, unrepeatable } = await this.look(pipelineId, to);
    return previewDtoOf(plan, unrepeatable);
  }

  /**
   * Throws RESOURCE_CONFLICT while the pipeline runs or is about to, for a dry run, where `force` is missing or the place is
   * no other, and when somebody was faster; and why the source cannot serve the place.
   */
  async rewind(pipelineId: string, { to, reason, force }: RewindRequestDto, by: Asked): Promise<RewindPreviewDto> {
    await this.requireRun(pipelineId, by.ifMatch);
    const permit = await this.requireStanding(pipelineId);
    const { plan, unrepeatable, rows, definition } = await this.look(pipelineId, to);
    requireMatch(versionOf(rows), by.ifMatch);
    const answer = previewDtoOf(plan, unrepeatable);
    requireSense(definition, plan);
    if (answer.needsForce && force !== true)
      throw new SyncError('CONFIRMATION_MISSING', { problem: whyForce(plan, unrepeatable) });
    // What select keeps of tables may not reach back so far; without it, it looks ahead in the log.
    if (plan.direction === 'back') await this.parts.bus.removeTableHistories(pipelineId);
    await this.put(pipelineId, { plan, permit, rows, reason, caller: by.caller });
    return answer;
  }

  private async look(
    pipelineId: string,
    to: StartDto,
  ): Promise<{
    readonly plan: RewindPlan;
    readonly unrepeatable: readonly UnrepeatableTable[];
    readonly rows: readonly CheckpointRow[];
    readonly definition: PipelineDefinition;
  }> {
    const { store, door } = this.parts;
    const { definition, start } = await store.run(async (manager) => {
      const pipeline = await findResource(manager, PipelineEntity, pipelineId);
      const source = await findResource(manager, DataSourceEntity, pipeline.sourceId);
      const held = await manager.findOneBy(DefinitionEntity, { pipelineId });
      return { definition: held?.body ?? null, start: startOf(to, kindOfSource(source)) };
    });
    const rows = await door.ofPipeline(pipelineId, (session) =>
      inOwnTable(session, { table: 'checkpoint', otherwise: [] }, () =>
        readCheckpoint(session, pipelineId, { lock: false }),
      ),
    );
    if (definition === null || rows.length === 0)
      throw conflict('The pipeline has no place yet: change its start instead');
    const { mappings } = definition;
    const before = intersectPlaces(rows.map(({ place }) => place));
    const { plan, matcher } = await atSource(this.parts, definition.source, async (session, isTimeUp) => {
      const asTaken = await matchAtSource(session, mappings);
      return { plan: await planRewind(session, { before, to: start, matcher: asTaken }, isTimeUp), matcher: asTaken };
    });
    const tables = plan.direction === 'back' ? plan.survey.tables : [];
    const unrepeatable = await door.ofPipeline(pipelineId, (session) => findUnrepeatable(session, tables, matcher));
    return { plan, unrepeatable, rows, definition };
  }

  /** The checkpoint is the truth: one transaction at the target, audited before its commit. */
  private async put(
    pipelineId: string,
    asked: {
      readonly plan: RewindPlan;
      readonly permit: Permit;
      readonly rows: readonly CheckpointRow[];
      readonly reason: string;
      readonly caller: Caller;
    },
  ): Promise<void> {
    const { store, clock, bus, door, instance } = this.parts;
    const { plan, permit, rows, reason, caller } = asked;
    const { epoch } = permit;
    const at = clock.now();
    await door.ofPipeline(pipelineId, async (session) => {
      const claim = { pipelineId, epoch, owner: `${instance}/rewind` };
      const standing = await setPlace(session, claim, plan.after);
      if (versionOf(standing) !== versionOf(rows)) throw conflict('The pipeline has moved on meanwhile: look again');
      const again = await this.requireStanding(pipelineId);
      if (again.epoch !== epoch) throw conflict('The pipeline was started meanwhile');
      await store.run((manager) =>
        manager.transaction(async (inside) => {
          const { before, after } = plan;
          const saved = { pipelineId, at, kind: 'rewind', epoch, place: before, author: caller.name, reason };
          await inside.insert(SavedPositionEntity, saved as SavedPositionEntity);
          const told = { place: after, reason, transactions: plan.survey.transactions, direction: plan.direction };
          const write = { action: 'update', resource: 'position', resourceId: pipelineId } as const;
          await recordAudit(inside, { ...write, before: { place: before }, after: told }, { caller, at });
        }),
      );
      await session.commit();
    });
    const revision = Math.max(...rows.map((row) => row.revision));
    await bus.putCursor(pipelineId, {
      ...{ state: 'place', epoch, revision, place: plan.after, process: 0, at: at.toISOString() },
    });
  }

  /** What never ran has no checkpoint: its version is 0. Throws RESOURCE_NOT_FOUND, RESOURCE_CONFLICT. */
  private async requireRun(pipelineId: string, ifMatch: string | undefined): Promise<void> {
    const { store, coordinator } = this.parts;
    await store.run((manager) => findResource(manager, PipelineEntity, pipelineId));
    if ((await coordinator.permit(pipelineId)) !== null) return;
    requireMatch(0, ifMatch);
    throw neverRan();
  }

  private async requireStanding(pipelineId: string): Promise<Permit> {
    const permit = (await this.parts.coordinator.permit(pipelineId))?.permit;
    if (permit === undefined) throw neverRan();
    const isAboutToRun = permit.state === 'PAUSED' && permit.nextAttemptAt !== null;
    if (permit.state !== 'RUNNING' && !isAboutToRun) return permit;
    throw conflict(`The pipeline is ${isAboutToRun ? 'about to run again' : permit.state}: PAUSE it first`);
  }
}

function requireSense({ parameters }: PipelineDefinition, { direction, refusal }: RewindPlan): void {
  if (parameters.dryRun) throw conflict('A dry run keeps no place at the target: RESTART begins it anew');
  if (refusal !== null) throw refusal;
  if (direction === 'none') throw conflict('The pipeline stands there already');
}

function whyForce({ direction, survey }: RewindPlan, unrepeatable: readonly UnrepeatableTable[]): string {
  const says = 'say force: true when that is wanted';
  if (direction === 'forward')
    return survey.isComplete
      ? `${String(survey.transactions)} transactions would never be written: ${says}`
      : `Transactions that nobody could count would never be written: ${says}`;
  if (direction === 'across')
    return `Each of the two places has transactions that the other has not, rows may be doubled and left out: ${says}`;
  const names = unrepeatable.map(({ schema, table }) => `${schema}.${table}`).join(', ');
  if (names !== '') return `Rows of ${names} would be doubled: ${says}`;
  return `There is more to repeat than could be read in a few seconds, and nobody knows of which tables: ${says}`;
}

const neverRan = (): SyncError => conflict('The pipeline never ran: change its start instead');

const conflict = (problem: string): SyncError => new SyncError('RESOURCE_CONFLICT', { problem });

function previewDtoOf(plan: RewindPlan, unrepeatable: readonly UnrepeatableTable[]): RewindPreviewDto {
  const { direction, before, after, survey, refusal } = plan;
  return {
    ...{ direction, before, after },
    ...{ ...survey, tables: [...survey.tables] },
    refusal: refusal === null ? null : { code: refusal.code, detail: refusal.sentence },
    unrepeatable: [...unrepeatable],
    needsForce: direction === 'forward' || unrepeatable.length > 0 || !survey.isComplete,
  };
}
