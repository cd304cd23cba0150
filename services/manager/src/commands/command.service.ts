import { ulid } from 'ulid';
import type { EntityManager } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Clock, Command } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { AuditEntryEntity } from '../audit/audit-entry.entity.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { ChannelEntity } from '../channels/channel.entity.ts';
import { findResource } from '../http/find-resource.ts';
import type { Caller } from '../http/token.guard.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { Store } from '../store/store.ts';
import type { CommandAcceptedDto, CommandDto, CommandRequestDto, CommandsAcceptedDto } from './command.dto.ts';

/** Decisions that are looked through for the outcome of one command. */
const DECISIONS_MAX = 500;
/** Publishing takes milliseconds while the bus is there; a client waits no longer for it than for any other request. */
const PUBLISHED_LIMIT_MS = 5_000;
const PUBLISHED_POLL_MS = 20;

/** Commands of operators: checked, audited, and handed to the arbiter. */
export class CommandService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly bus: Bus,
  ) {}

  async issue(pipelineId: string, request: CommandRequestDto, caller: Caller): Promise<CommandAcceptedDto> {
    const command = await this.store.change(async (manager) => {
      const pipeline = await findResource(manager, PipelineEntity, pipelineId);
      return this.record(manager, pipeline, { request, caller });
    });
    await this.untilPublished(command);
    await this.bus.issueCommand(command);
    return { id: command.id, pipelineId };
  }

  /** One command for each pipeline of the channel; none at all when one of them refuses. */
  async issueForChannel(channelId: string, request: CommandRequestDto, caller: Caller): Promise<CommandsAcceptedDto> {
    const commands = await this.store.change(async (manager) => {
      await findResource(manager, ChannelEntity, channelId);
      const pipelines = await manager.find(PipelineEntity, { where: { channelId }, order: { id: 'ASC' } });
      const recorded: Command[] = [];
      for (const pipeline of pipelines) recorded.push(await this.record(manager, pipeline, { request, caller }));
      return recorded;
    });
    for (const command of commands) {
      await this.untilPublished(command);
      await this.bus.issueCommand(command);
    }
    const items = commands.map(({ id, pipelineId }) => ({ id, pipelineId }));
    return { items, total: items.length };
  }

  /** A command that came through the API, and what the arbiter made of it as far as the event log still tells. */
  async get(id: string): Promise<CommandDto> {
    const entry = await this.store.read(AuditEntryEntity, (rows) =>
      rows.findOneBy({ resource: 'command', resourceId: id }),
    );
    if (entry === null) throw new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no command with id ${id}`, id });
    const { pipelineId, kind, reason, author, issuedAt } = entry.after as Command;
    const decided = await this.bus.readEvents({
      pipelineId,
      kinds: ['command-done', 'rolled-back'],
      since: new Date(issuedAt),
      limit: DECISIONS_MAX,
    });
    const done = decided
      .flatMap((event) => ('command' in event ? [event] : []))
      .find(({ command, outcome }) => command.id === id && outcome !== 'issued');
    return {
      id,
      pipelineId,
      kind,
      reason,
      author,
      issuedAt,
      outcome: done?.outcome ?? 'issued',
      ...(done === undefined ? {} : { decidedAt: done.at }),
    };
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

  /** The audit entry comes first: it says what was asked for, also when the bus is away and the client gets an error. */
  private async record(
    manager: EntityManager,
    pipeline: PipelineEntity,
    { request, caller }: { readonly request: CommandRequestDto; readonly caller: Caller },
  ): Promise<Command> {
    if (request.kind === 'START' || request.kind === 'RESTART') await requireReady(manager, pipeline);
    const at = this.clock.now();
    const command: Command = {
      id: ulid(),
      kind: request.kind,
      pipelineId: pipeline.id,
      aboutEpoch: null,
      reason: request.reason,
      author: caller.name,
      issuedAt: at.toISOString(),
    };
    const write = {
      action: 'command',
      resource: 'command',
      resourceId: command.id,
      before: null,
      after: command,
    } as const;
    await recordAudit(manager, write, { caller, at });
    return command;
  }
}

async function requireReady(manager: EntityManager, pipeline: PipelineEntity): Promise<void> {
  const { id, name } = pipeline;
  const refuse = (problem: string): never => {
    throw new SyncError('RESOURCE_CONFLICT', { problem, pipelineId: id });
  };
  if ((await manager.countBy(MappingEntity, { pipelineId: id })) === 0)
    refuse(`Pipeline ${name} has no mapping, so that there is nothing to synchronise: add one first`);
  if ((await manager.countBy(DefinitionEntity, { pipelineId: id, isRemoved: false })) === 0)
    refuse(`Pipeline ${name} has no definition: change it once, so that one is made`);
}
