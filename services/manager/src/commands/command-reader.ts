import { In, IsNull } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Clock, Command, CommandEvent, CommandKind } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { whereVisible } from '../access/access.ts';
import type { Access } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import { exactly } from '../store/exactly.ts';
import { findPage } from '../store/find-page.ts';
import type { Store } from '../store/store.ts';
import type { CommandDto, CommandListDto, CommandListQuery } from './command.dto.ts';
import { CommandEntity } from './command.entity.ts';

/** Decisions that are looked through for outcomes that the store does not know yet: the newest. */
const DECISIONS_MAX = 1_000;
/** The arbiter's clock may be behind the manager's. */
const CLOCKS_APART_MS = 30_000;
/** What an operator wants of a pipeline; ROLLBACK and WARNING want nothing that lasts. */
const LASTING: readonly CommandKind[] = ['START', 'STOP', 'PAUSE', 'RESTART'];

/** A client waits no longer for the answer, and the bus has the command by then or never. */
const REQUEST_MS_MAX = 60_000;
const STARTING: readonly CommandKind[] = ['START', 'RESTART'];

export interface Starts {
  readonly undecided: CommandDto | null;
  readonly hasStarted: boolean;
}

/**
 * Commands that came through the API, and what the arbiter made of them: folded from the event log as long as it tells, and
 * kept once it has told.
 */
export class CommandReader {
  constructor(
    private readonly store: Store,
    private readonly bus: Bus,
    private readonly access: Access,
    private readonly clock: Clock,
  ) {}

  async get(id: string, caller: Caller): Promise<CommandDto> {
    const where = { id, ...whereVisible('pipelineId', await this.access.pipelineIds(caller)) };
    const entity = exactly(await this.store.read(CommandEntity, (rows) => rows.findOneBy(where)), 'id', id);
    if (entity === null)
      throw new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no command with id ${id}`, id });
    await this.settle([entity]);
    return ofEntity(entity);
  }

  async list({ page, pageSize, pipelineId, kind, author }: CommandListQuery, caller: Caller): Promise<CommandListDto> {
    const where = {
      ...whereVisible('pipelineId', await this.access.pipelineIds(caller), pipelineId),
      ...(kind === undefined ? {} : { kind }),
      ...(author === undefined ? {} : { author }),
    };
    const [entities, total] = await this.store.run((manager) =>
      findPage(manager, CommandEntity, {
        ...{ page, pageSize, where },
        order: [
          ['issuedAt', 'DESC'],
          ['id', 'DESC'],
        ],
      }),
    );
    await this.settle(entities);
    return { items: entities.map(ofEntity), total };
  }

  /** The newest command that wants a state (START, STOP, PAUSE, RESTART) and was not void; null when there was none. */
  async lastOrder(pipelineId: string): Promise<CommandDto | null> {
    const entities = await this.store.read(CommandEntity, (rows) =>
      rows.find({ where: { pipelineId, kind: In(LASTING) }, order: { issuedAt: 'DESC', id: 'DESC' }, take: 5 }),
    );
    await this.settle(entities);
    const last = entities.find(({ outcome, isSent }) => isSent && outcome !== 'void');
    return last === undefined ? null : ofEntity(last);
  }

  /**
   * The START or RESTART that may still take effect, null when there is none: the arbiter has neither decided it nor one that
   * was given later. And whether one has ever been given. What only the bus did not take counts while its request may be
   * under way.
   */
  async startsOf(pipelineId: string): Promise<Starts> {
    const entities = await this.store.read(CommandEntity, (rows) =>
      rows.find({ where: { pipelineId, kind: In(LASTING) }, order: { issuedAt: 'DESC', id: 'DESC' }, take: 100 }),
    );
    await this.settle(entities);
    const decided = entities.findIndex(({ outcome }) => outcome !== null);
    const underWay = this.clock.now().getTime() - REQUEST_MS_MAX;
    const undecided = entities
      .slice(0, decided === -1 ? entities.length : decided)
      .find(({ kind, isSent, issuedAt }) => STARTING.includes(kind) && (isSent || issuedAt.getTime() > underWay));
    const hasStarted = await this.store.read(CommandEntity, (rows) =>
      rows.existsBy({ pipelineId, kind: In(STARTING), isSent: true }),
    );
    return { undecided: undecided === undefined ? null : ofEntity(undecided), hasStarted };
  }

  /** Fills in what the event log tells. A bus that is away hides only what is not known yet. */
  private async settle(entities: readonly CommandEntity[]): Promise<void> {
    const pending = entities.filter(({ outcome }) => outcome === null);
    if (pending.length === 0) return;
    const since = new Date(Math.min(...pending.map(({ issuedAt }) => issuedAt.getTime())) - CLOCKS_APART_MS);
    const [first] = new Set(pending.map(({ pipelineId }) => pipelineId));
    const isOfOne = pending.every(({ pipelineId }) => pipelineId === first);
    const events = await this.bus
      .readEvents({
        ...(isOfOne && first !== undefined ? { pipelineId: first } : {}),
        kinds: ['command-done'],
        since,
        limit: DECISIONS_MAX,
      })
      .catch(() => []);
    for (const event of events) {
      if (event.kind !== 'command-done' || event.outcome === 'issued') continue;
      // The first word counts: a repeat of the command finds it done and says so.
      const entity = pending.find(({ id, outcome }) => id === event.command.id && outcome === null);
      if (entity === undefined) continue;
      Object.assign(entity, { outcome: event.outcome, decidedAt: new Date(event.at) });
      const { id, outcome, decidedAt } = entity;
      await this.store.read(CommandEntity, (rows) => rows.update({ id, outcome: IsNull() }, { outcome, decidedAt }));
    }
  }
}

/** A command as an event tells of it. */
export const commandDtoOf = ({ command, outcome, at }: CommandEvent): CommandDto => ({
  ...said(command),
  outcome,
  ...(outcome === 'issued' ? {} : { decidedAt: at }),
});

const ofEntity = ({ body, outcome, decidedAt, isSent }: CommandEntity): CommandDto => ({
  ...said(body),
  outcome: outcome ?? (isSent ? 'issued' : 'unsent'),
  ...(decidedAt === null ? {} : { decidedAt: decidedAt.toISOString() }),
});

const said = ({ isGraceful, isForced, seats, ...command }: Command): Omit<CommandDto, 'outcome' | 'decidedAt'> => ({
  id: command.id,
  pipelineId: command.pipelineId,
  kind: command.kind,
  reason: command.reason,
  author: command.author,
  issuedAt: command.issuedAt,
  ...(isGraceful === undefined ? {} : { graceful: isGraceful }),
  ...(isForced === undefined ? {} : { force: isForced }),
  ...(seats === undefined ? {} : { seats }),
});
