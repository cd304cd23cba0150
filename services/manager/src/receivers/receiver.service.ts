import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { must, SyncError } from '@lutra/model';
import type { Clock, ErrorCode } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { AlarmRuleEntity, readableRule } from '../alarms/alarm-rule.entity.ts';
import { AlarmDeliveryEntity } from '../alarms/alarm.entity.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { findResource } from '../http/find-resource.ts';
import type { ListQuery } from '../http/list-query.dto.ts';
import { pageOf } from '../http/page-of.ts';
import type { Plain } from '../http/plain.ts';
import { requireMatch } from '../http/require-match.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { keepSecret } from '../secrets/keep-secret.ts';
import type { Store } from '../store/store.ts';
import { sampleNotification } from './notification.ts';
import { openSecrets } from './receiver-door.ts';
import type { ReceiverDoor } from './receiver-door.ts';
import { mergeSettings, NO_SECRETS } from './receiver-settings.ts';
import type { ReceiverSettings } from './receiver-settings.ts';
import type { ReceiverCreateDto, ReceiverDto, ReceiverListDto, ReceiverPatchDto, TestSendDto } from './receiver.dto.ts';
import { ReceiverEntity, ReceiverStateEntity } from './receiver.entity.ts';

/** Stands in the audit for secrets that were set, whatever they were. */
const SECRETS_CHANGED = { secrets: '(changed)' };

/** Who is told of alarms, and how. */
export class ReceiverService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly door: ReceiverDoor;
      /** Seals passwords, addresses and headers. */
      readonly secrets: Secrets;
    },
  ) {}

  list(query: ListQuery): Promise<ReceiverListDto> {
    return this.parts.store.run(async (manager) => {
      const { items, total } = await pageOf(manager, ReceiverEntity, query);
      return { items: await describeAll(manager, items), total };
    });
  }

  get(id: string): Promise<ReceiverDto> {
    return this.parts.store.run(async (manager) => describe(manager, await findResource(manager, ReceiverEntity, id)));
  }

  create({ name, kind, enabled = true, email, http }: ReceiverCreateDto, caller: Caller): Promise<ReceiverDto> {
    const { store, clock } = this.parts;
    const now = clock.now();
    const settings = mergeSettings(kind, { email: null, http: null, secrets: NO_SECRETS }, { email, http });
    return store.change(async (manager) => {
      const entity = Object.assign(new ReceiverEntity(), {
        id: ulid(),
        name,
        kind,
        enabled,
        createdAt: now,
        updatedAt: now,
      });
      this.assignSettings(entity, settings);
      const after = dtoOf(await manager.save(entity), null);
      const write = { action: 'create', resource: 'receiver', resourceId: after.id, before: null, after } as const;
      await recordAudit(manager, write, { caller, at: now });
      return after;
    });
  }

  change(
    id: string,
    { name, enabled, email, http }: ReceiverPatchDto,
    by: { caller: Caller; ifMatch: string | undefined },
  ): Promise<ReceiverDto> {
    const { store, clock } = this.parts;
    const now = clock.now();
    return store.change(async (manager) => {
      const entity = await findResource(manager, ReceiverEntity, id);
      requireMatch(entity.version, by.ifMatch);
      const before = dtoOf(entity, null);
      const secrets = openSecrets(entity, this.parts.secrets);
      const settings = mergeSettings(entity.kind, { email: entity.email, http: entity.http, secrets }, { email, http });
      Object.assign(entity, { name: name ?? entity.name, enabled: enabled ?? entity.enabled, updatedAt: now });
      this.assignSettings(entity, settings);
      await manager.save(entity);
      const after = dtoOf(entity, null);
      const isSame = JSON.stringify(secrets) === JSON.stringify(settings.secrets);
      const shown = isSame ? after : { ...after, ...SECRETS_CHANGED };
      const write = { action: 'update', resource: 'receiver', resourceId: id, before, after: shown } as const;
      await recordAudit(manager, write, { caller: by.caller, at: now });
      return describe(manager, entity);
    });
  }

  /** What still waits for the receiver goes with it. Throws RESOURCE_CONFLICT while a rule names it. */
  async remove(id: string, by: { caller: Caller; ifMatch: string | undefined }): Promise<void> {
    const { store, clock } = this.parts;
    await store.change(async (manager) => {
      const entity = await findResource(manager, ReceiverEntity, id);
      requireMatch(entity.version, by.ifMatch);
      const rules = (await manager.find(AlarmRuleEntity))
        .map(readableRule)
        .filter(({ receiverIds }) => receiverIds.includes(id));
      if (rules.length > 0) {
        const alarmRules = rules.map((rule) => ({ id: rule.id, name: rule.name }));
        const problem = `Receiver ${entity.name} is used by ${String(rules.length)} alarm rules: take it out of them first`;
        throw new SyncError('RESOURCE_CONFLICT', { problem, alarmRules });
      }
      await manager.delete(ReceiverEntity, { id });
      await manager.delete(ReceiverStateEntity, { receiverId: id });
      await manager.delete(AlarmDeliveryEntity, { receiverId: id, state: 'waiting' });
      const before = dtoOf(entity, null);
      const write = { action: 'delete', resource: 'receiver', resourceId: id, before, after: null } as const;
      await recordAudit(manager, write, { caller: by.caller, at: clock.now() });
    });
  }

  /** Sends a test at once, also to a receiver that is not enabled. That it does not arrive is an answer, not an error. */
  async testSend(id: string, caller: Caller): Promise<TestSendDto> {
    const { store, clock, door } = this.parts;
    const at = clock.now();
    const testId = ulid();
    const entity = await store.change(async (manager) => {
      const found = await findResource(manager, ReceiverEntity, id);
      const after = { testSend: testId };
      const write = { action: 'command', resource: 'receiver', resourceId: id, before: null, after } as const;
      await recordAudit(manager, write, { caller, at });
      return found;
    });
    const failure = await door.send(entity, sampleNotification(testId, at));
    if (failure === null) return { isSent: true, failure: null };
    const { code, sentence } = failure;
    return { isSent: false, failure: { code, detail: sentence } };
  }

  private assignSettings(entity: ReceiverEntity, { email, http, secrets }: ReceiverSettings): void {
    keepSecret(this.parts.secrets, 'email.password', secrets.password);
    keepSecret(this.parts.secrets, 'http.url', secrets.url);
    keepSecret(this.parts.secrets, 'http.secret', secrets.secret);
    for (const value of Object.values(secrets.headers)) keepSecret(this.parts.secrets, 'http.headers', value);
    Object.assign(entity, { email, http, secretsSealed: this.parts.secrets.keep(JSON.stringify(secrets)) });
  }
}

async function describe(manager: EntityManager, entity: ReceiverEntity): Promise<Plain<ReceiverDto>> {
  const [described] = await describeAll(manager, [entity]);
  return must(described, 'each receiver has a description');
}

async function describeAll(
  manager: EntityManager,
  receivers: readonly ReceiverEntity[],
): Promise<Plain<ReceiverDto>[]> {
  if (receivers.length === 0) return [];
  const ids = receivers.map(({ id }) => id);
  const states = await manager.find(ReceiverStateEntity, { where: { receiverId: In(ids) } });
  const stateOf = new Map(states.map((state) => [state.receiverId, state]));
  const counts = await manager.query<readonly Count[]>(
    `SELECT receiver_id AS receiverId, state, COUNT(*) AS count FROM alarm_delivery
      WHERE receiver_id IN (?) AND state IN ('waiting', 'dropped') GROUP BY receiver_id, state`,
    [ids],
  );
  const countOf = (id: string, wanted: Count['state']): number =>
    Number(counts.find(({ receiverId, state }) => receiverId === id && state === wanted)?.count ?? 0);
  return receivers.map((receiver) => ({
    ...dtoOf(receiver, stateOf.get(receiver.id) ?? null),
    ...{ waiting: countOf(receiver.id, 'waiting'), dropped: countOf(receiver.id, 'dropped') },
  }));
}

/** Of the outbox. */
interface Count {
  readonly receiverId: string;
  readonly state: 'waiting' | 'dropped';
  readonly count: number | string;
}

/** Everything but the secrets. */
function dtoOf(entity: ReceiverEntity, state: ReceiverStateEntity | null): Plain<ReceiverDto> {
  const { name, kind, enabled, email, http } = entity;
  const outbox = { waiting: 0, dropped: 0 };
  return { ...resourceDtoOf(entity), name, kind, enabled, email, http, ...stateDtoOf(state), ...outbox };
}

function stateDtoOf(
  state: ReceiverStateEntity | null,
): Pick<ReceiverDto, 'state' | 'lastSentAt' | 'lastFailure' | 'failuresInRow'> {
  if (state === null) return { state: 'unused', lastSentAt: null, lastFailure: null, failuresInRow: 0 };
  const { lastSentAt, lastFailedAt, failureCode, failureDetail, failuresInRow } = state;
  // Written by us, from the catalogue.
  const code = failureCode as ErrorCode;
  return {
    state: failuresInRow > 0 ? 'failing' : 'ok',
    lastSentAt: lastSentAt?.toISOString() ?? null,
    lastFailure: lastFailedAt === null ? null : { code, detail: failureDetail, at: lastFailedAt.toISOString() },
    failuresInRow,
  };
}
