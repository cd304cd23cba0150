import { IsNull, Not } from 'typeorm';
import type { EntityManager, FindOptionsWhere } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { notFound, whereVisible } from '../access/access.ts';
import type { Access } from '../access/access.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { requireMatch } from '../http/require-match.ts';
import type { Plain } from '../http/plain.ts';
import type { Caller } from '../http/token.guard.ts';
import { exactly } from '../store/exactly.ts';
import { UnreadableJson } from '../store/json-column.ts';
import type { Store } from '../store/store.ts';
import { ALARM_KINDS } from './alarm-kind.ts';
import type {
  AcknowledgeDto,
  AlarmDeliveryDto,
  AlarmDetailDto,
  AlarmDto,
  AlarmListDto,
  AlarmListQuery,
} from './alarm.dto.ts';
import { AlarmDeliveryEntity, AlarmEntity, EVENT_LOG } from './alarm.entity.ts';

const DELIVERIES_SHOWN_MAX = 100;

/** Alarms that are open, and what there was. Who is limited to channels has those about pipelines of these, and no other. */
export class AlarmService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly access: Access,
  ) {}

  /** Newest first. */
  async list({ page, pageSize, pipelineId, ...filter }: AlarmListQuery, caller: Caller): Promise<AlarmListDto> {
    const where = {
      ...whereOf(filter),
      ...whereVisible('pipelineId', await this.access.pipelineIds(caller), pipelineId),
    };
    const [alarms, total] = await this.store.read(AlarmEntity, (rows) =>
      rows.findAndCount({ where, order: { id: 'DESC' }, skip: (page - 1) * pageSize, take: pageSize }),
    );
    return { items: alarms.map(dtoOf), total };
  }

  /** Why a receiver could not be told names its host: who is limited to channels may not read receivers. */
  get(id: string, { channelIds }: Caller): Promise<AlarmDetailDto> {
    return this.store.run(async (manager) => {
      const alarm = await findAlarm(manager, id);
      const deliveries = await manager.find(AlarmDeliveryEntity, {
        where: { alarmId: id, receiverId: Not(EVENT_LOG) },
        order: { sequence: 'DESC', id: 'DESC' },
        take: DELIVERIES_SHOWN_MAX,
      });
      const shown = deliveries.reverse().map(deliveryDtoOf);
      const withoutHosts = (): typeof shown => shown.map((delivery) => ({ ...delivery, failure: null }));
      return { ...dtoOf(alarm), deliveries: channelIds === null ? shown : withoutHosts() };
    });
  }

  /**
   * Somebody has it: nothing is repeated, and nothing is done about the pipeline; the end is told all the same. Again is no
   * error, and the first one stays. Throws RESOURCE_CONFLICT for an alarm that does not fire.
   */
  acknowledge(
    id: string,
    { comment = '' }: AcknowledgeDto,
    by: { readonly caller: Caller; readonly ifMatch: string | undefined },
  ): Promise<AlarmDto> {
    const at = this.clock.now();
    return this.store.change(async (manager) => {
      const alarm = await findAlarm(manager, id);
      requireMatch(alarm.version, by.ifMatch);
      if (alarm.state === 'acknowledged') return dtoOf(alarm);
      if (alarm.state !== 'firing') {
        const problem = `The alarm is ${alarm.state}: only one that is firing can be acknowledged`;
        throw new SyncError('RESOURCE_CONFLICT', { problem, state: alarm.state });
      }
      const before = dtoOf(alarm);
      Object.assign(alarm, { state: 'acknowledged', version: alarm.version + 1 });
      Object.assign(alarm, {
        acknowledgedBy: by.caller.name,
        acknowledgedAt: at,
        comment: comment === '' ? null : comment,
      });
      await manager.save(alarm, { reload: false });
      const after = dtoOf(alarm);
      const write = { action: 'update', resource: 'alarm', resourceId: id, before, after } as const;
      await recordAudit(manager, write, { caller: by.caller, at });
      return after;
    });
  }
}

function whereOf({
  state,
  ...fields
}: Omit<AlarmListQuery, 'page' | 'pageSize' | 'pipelineId'>): FindOptionsWhere<AlarmEntity> {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  if (state === undefined) return given;
  return state === 'open' ? { ...given, openKey: Not(IsNull()) } : { ...given, state };
}

async function findAlarm(manager: EntityManager, id: string): Promise<AlarmEntity> {
  const found = exactly(await manager.findOneBy(AlarmEntity, { id }), 'id', id);
  if (found === null) throw notFound('alarm', id);
  return found;
}

function dtoOf(alarm: AlarmEntity): Plain<AlarmDto> {
  const { id, version, ruleId, ruleName, kind, severity, state, subject, subjectId, pipelineId, threshold } = alarm;
  const { value, message, unknownReason, tellings, acknowledgedBy, comment } = alarm;
  return {
    ...{ id, version, ruleId, rule: ruleName, kind, severity, state, subject, subjectId, pipelineId, threshold },
    ...{ unit: ALARM_KINDS[kind].unit, value, message, unknownReason, tellings, acknowledgedBy, comment },
    since: alarm.since.toISOString(),
    firedAt: alarm.firedAt?.toISOString() ?? null,
    resolvedAt: alarm.resolvedAt?.toISOString() ?? null,
    acknowledgedAt: alarm.acknowledgedAt?.toISOString() ?? null,
  };
}

function whatOf({ body }: AlarmDeliveryEntity): string {
  const said: unknown = body;
  if (said instanceof UnreadableJson) return 'unreadable';
  return 'change' in body ? body.change : body.kind;
}

const deliveryDtoOf = (delivery: AlarmDeliveryEntity): Plain<AlarmDeliveryDto> => ({
  id: delivery.id,
  what: whatOf(delivery),
  receiverId: delivery.receiverId === '' ? null : delivery.receiverId,
  state: delivery.state,
  attempts: delivery.attempts,
  createdAt: delivery.createdAt.toISOString(),
  sentAt: delivery.sentAt?.toISOString() ?? null,
  failure: delivery.failure === '' ? null : delivery.failure,
});
