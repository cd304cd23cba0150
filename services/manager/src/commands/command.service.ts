import { MoreThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { partOfChannelCommand, SyncError } from '@lutra/model';
import type { ChannelCommand, Clock, Command } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { recordAudit } from '../audit/record-audit.ts';
import { ChannelEntity } from '../channels/channel.entity.ts';
import { findResource } from '../http/find-resource.ts';
import { refuseField } from '../http/refuse-field.ts';
import type { Caller } from '../http/token.guard.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { Store } from '../store/store.ts';
import type { CommandAcceptedDto, CommandRequestDto, CommandsAcceptedDto } from './command.dto.ts';
import { CommandEntity } from './command.entity.ts';
import { findRepeated, requestOf } from './repeated-request.ts';
import type { Asked, Named, NamedRequest } from './repeated-request.ts';

/** Publishing takes milliseconds while the bus is there; a client waits no longer for it than for any other request. */
const PUBLISHED_LIMIT_MS = 5_000;
const PUBLISHED_POLL_MS = 20;

/** What an operator says, without who and when. */
export type Order = Pick<Command, 'kind' | 'reason' | 'isGraceful' | 'isForced' | 'seats'> &
  Partial<Pick<Command, 'aboutEpoch'>>;

/** Commands of operators: checked, audited, and handed to the arbiter. A request that names itself is carried out once. */
export class CommandService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly bus: Bus,
  ) {}

  /** `named` says what the client's request was, where the order itself varies from one try to the next. */
  async issue(pipelineId: string, order: Order, by: Asked & { readonly named?: Named }): Promise<CommandAcceptedDto> {
    const { named = { scope: `pipeline ${pipelineId}`, content: order } } = by;
    const request = requestOf({ by, ...named });
    const entities = await this.store.change(async (manager) => {
      const repeated = await findRepeated(manager, request);
      if (repeated.length > 0) return repeated;
      const pipeline = await findResource(manager, PipelineEntity, pipelineId);
      await requireReady(manager, pipeline, order);
      const issuedAt = this.clock.now().toISOString();
      const { aboutEpoch = null, ...said } = order;
      const command = { ...said, id: ulid(), pipelineId, aboutEpoch, author: by.caller.name, issuedAt };
      return [await record(manager, { command, whole: null, request, caller: by.caller })];
    });
    await this.send(entities);
    return { id: entities[0]?.id ?? '', pipelineId };
  }

  /** What the same request gave before, sent again if the bus did not have it; null when it is new. */
  async repeatOf(by: Asked, named: Named): Promise<CommandAcceptedDto | null> {
    const entities = await this.store.run((manager) => findRepeated(manager, requestOf({ by, ...named })));
    const [first] = entities;
    if (first === undefined) return null;
    await this.send(entities);
    return { id: first.id, pipelineId: first.pipelineId };
  }

  /** One command for all pipelines of the channel: each of them gets it, or none when one of them refuses. */
  async issueForChannel(channelId: string, order: Order, by: Asked): Promise<CommandsAcceptedDto> {
    const request = requestOf({ by, scope: `channel ${channelId}`, content: order });
    const entities = await this.store.change(async (manager) => {
      const repeated = await findRepeated(manager, request);
      if (repeated.length > 0) return repeated;
      await findResource(manager, ChannelEntity, channelId);
      const pipelines = await manager.find(PipelineEntity, { where: { channelId }, order: { id: 'ASC' } });
      for (const pipeline of pipelines) await requireReady(manager, pipeline, order);
      const { kind, reason, isGraceful, isForced } = order;
      const whole: ChannelCommand = {
        ...{ id: ulid(), channelId, kind, reason, author: by.caller.name },
        pipelineIds: pipelines.map(({ id }) => id),
        issuedAt: this.clock.now().toISOString(),
        ...(isGraceful === undefined ? {} : { isGraceful }),
        ...(isForced === undefined ? {} : { isForced }),
      };
      const recorded: CommandEntity[] = [];
      for (const { id } of pipelines) {
        const command = partOfChannelCommand(whole, id);
        recorded.push(await record(manager, { command, whole, request, caller: by.caller }));
      }
      return recorded;
    });
    await this.send(entities);
    const items = entities.map(({ id, pipelineId }) => ({ id, pipelineId }));
    return { items, total: items.length };
  }

  /**
   * Hands over what the bus does not have yet: all of it, when this is the first try. The store comes first: it says what
   * was asked for, also when the bus is away and the client gets an error.
   */
  private async send(entities: readonly CommandEntity[]): Promise<void> {
    const [first] = entities;
    if (first === undefined || first.isSent) return;
    for (const { body } of entities) {
      await this.refuseOvertaken(body);
      await this.untilPublished(body);
    }
    if (first.whole === null) await this.bus.issueCommand(first.body);
    else await this.bus.issueChannelCommand(first.whole);
    const ids = entities.map(({ id }) => id);
    await this.store.read(CommandEntity, (rows) => rows.update(ids, { isSent: true }));
  }

  /** A request that is repeated late must not undo what was ordered since. */
  private async refuseOvertaken({ id, pipelineId, issuedAt }: Command): Promise<void> {
    const where = { pipelineId, isSent: true, issuedAt: MoreThan(new Date(issuedAt)) };
    if (!(await this.store.read(CommandEntity, (rows) => rows.existsBy(where)))) return;
    const problem = `Command ${id} was overtaken by a later one before the bus had it: give a new command`;
    throw new SyncError('RESOURCE_CONFLICT', { problem, id, pipelineId });
  }

  /**
   * A pipeline that starts must not read its source under an older revision than the one that its operator sees: rows of a
   * mapping that was just added would be passed over. Throws CONFIG_REVISION_MISSING when the bus does not get it in time.
   */
  private async untilPublished({ kind, pipelineId }: Command): Promise<void> {
    if (kind !== 'START' && kind !== 'RESTART') return;
    const limitMs = this.clock.monotonicMs() + PUBLISHED_LIMIT_MS;
    const isPending = (): Promise<boolean> =>
      this.store.read(DefinitionEntity, (rows) => rows.existsBy({ pipelineId, isPublished: false }));
    while (await isPending()) {
      if (this.clock.monotonicMs() > limitMs) {
        const problem = `The newest revision of pipeline ${pipelineId} has not reached the bus yet`;
        throw new SyncError('CONFIG_REVISION_MISSING', { problem, pipelineId });
      }
      await this.clock.sleep(PUBLISHED_POLL_MS);
    }
  }
}

/** The order that a request body asks for. Throws REQUEST_INVALID. */
export function orderOf({ kind, reason, graceful, force }: CommandRequestDto): Order {
  if (graceful === true && kind !== 'RESTART')
    refuseField('graceful', `graceful belongs to RESTART: ${kind} has no such choice`);
  if (force === true && kind !== 'START')
    refuseField('force', `force belongs to START, whose pre-check it overrules: ${kind} has no such choice`);
  return {
    ...{ kind, reason },
    ...(graceful === undefined || kind !== 'RESTART' ? {} : { isGraceful: graceful }),
    ...(force === true ? { isForced: true } : {}),
  };
}

async function record(
  manager: EntityManager,
  {
    command,
    whole,
    request,
    caller,
  }: {
    readonly command: Command;
    readonly whole: ChannelCommand | null;
    readonly request: NamedRequest | null;
    readonly caller: Caller;
  },
): Promise<CommandEntity> {
  const { id, pipelineId, kind, author } = command;
  const issuedAt = new Date(command.issuedAt);
  const entity = Object.assign(new CommandEntity(), {
    ...{ id, pipelineId, kind, author, issuedAt, whole, body: command, outcome: null, decidedAt: null, isSent: false },
    ...{ requestKey: request?.key ?? null, requestHash: request?.hash ?? null },
  });
  await manager.save(entity, { reload: false });
  const write = { action: 'command', resource: 'command', resourceId: id, before: null, after: command } as const;
  await recordAudit(manager, write, { caller, at: issuedAt });
  return entity;
}

async function requireReady(manager: EntityManager, pipeline: PipelineEntity, { kind }: Order): Promise<void> {
  if (kind !== 'START' && kind !== 'RESTART') return;
  const { id, name } = pipeline;
  const refuse = (problem: string): never => {
    throw new SyncError('RESOURCE_CONFLICT', { problem, pipelineId: id });
  };
  if ((await manager.countBy(MappingEntity, { pipelineId: id })) === 0)
    refuse(`Pipeline ${name} has no mapping, so that there is nothing to synchronise: add one first`);
  if ((await manager.countBy(DefinitionEntity, { pipelineId: id, isRemoved: false })) === 0)
    refuse(`Pipeline ${name} has no definition: change it once, so that one is made`);
}
