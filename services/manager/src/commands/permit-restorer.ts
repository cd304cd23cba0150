import { ulid } from 'ulid';
import { In } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Clock, Command, CommandKind } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import { leadRole } from '@lutra/service-kit';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { Store } from '../store/store.ts';
import { restoreInstallationOrder } from '../system-parameters/restore-installation-order.ts';
import { CommandEntity } from './command.entity.ts';
import { removeOldCommands } from './remove-commands.ts';

/** A permit that is missing in two looks is lost: an arbiter that is just writing it has done so by the second one. */
const LOOK_MS = 3_000;
const PRUNE_MS = 3_600_000;
/** What an operator says of the state that he wants. */
const RUNNING: readonly CommandKind[] = ['START', 'RESTART'];
const HALTED: readonly CommandKind[] = ['ROLLBACK', 'PAUSE', 'STOP'];
/** Commands that say nothing of it (moves, void ones) may be newer; so many in a row nobody gives. */
const NEWEST_MAX = 100;

/**
 * ZooKeeper's data were lost (restored from nothing, a wrong chroot emptied): pipelines that shall run have no permit, and
 * nobody but an operator would start them. The last operator's word is in the store; one manager at a time gives it again.
 * The START is about epoch 0, that is about the missing permit: where there is one by now it is void. Its epoch is raised
 * above the target's by the loader's claim. The order for all instances is brought there by the same look.
 */
export class PermitRestorer implements Worker {
  readonly name = 'permit-restorer';
  private missing: ReadonlySet<string> = new Set();
  private reported = '';
  private prunedMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly bus: Bus;
      readonly coordinator: Coordinator;
      readonly clock: Clock;
      readonly log: Logger;
      readonly instance: string;
    },
  ) {}

  run(signal: AbortSignal): Promise<void> {
    return leadRole(this.parts, { role: 'manager-permits', work: (leading) => this.lead(leading) }, signal);
  }

  private async lead(leading: AbortSignal): Promise<void> {
    this.missing = new Set();
    while (!leading.aborted) {
      await this.tryLook();
      await this.parts.clock.sleep(LOOK_MS, leading);
    }
  }

  /** One line per change of the reason, not one per attempt. */
  private async tryLook(): Promise<void> {
    try {
      await this.look();
      this.reported = '';
    } catch (error) {
      const { code, message } = SyncError.of(error);
      if (this.reported !== message) this.parts.log.warn({ err: error, code }, 'permits cannot be looked after');
      this.reported = message;
    }
  }

  private async look(): Promise<void> {
    const { store, coordinator, log } = this.parts;
    if (store.whyAway !== '') return;
    if (await restoreInstallationOrder(store, coordinator)) log.info('order for all instances is written');
    const definitions = await store.read(DefinitionEntity, (rows) =>
      rows.find({ select: { pipelineId: true }, where: { isRemoved: false, isPublished: true } }),
    );
    const missing: string[] = [];
    for (const { pipelineId } of definitions)
      if ((await coordinator.permit(pipelineId)) === null) missing.push(pipelineId);
    for (const pipelineId of missing) if (this.missing.has(pipelineId)) await this.restore(pipelineId);
    this.missing = new Set(missing);
    await this.prune();
  }

  private async prune(): Promise<void> {
    const { store, clock } = this.parts;
    if (clock.monotonicMs() - this.prunedMs < PRUNE_MS) return;
    await removeOldCommands(store, clock.now());
    this.prunedMs = clock.monotonicMs();
  }

  private async restore(pipelineId: string): Promise<void> {
    const { store, bus, clock, log } = this.parts;
    const newest = await store.read(CommandEntity, (rows) =>
      rows.find({
        where: { pipelineId, kind: In([...RUNNING, ...HALTED]) },
        order: { issuedAt: 'DESC', id: 'DESC' },
        take: NEWEST_MAX,
      }),
    );
    const last = newest.find(saysState);
    if (last === undefined || HALTED.includes(last.kind)) return;
    const { author, issuedAt } = last;
    const command: Command = {
      id: ulid(),
      kind: 'START',
      pipelineId,
      aboutEpoch: 0,
      reason: `ZooKeeper has lost the permit; ${author} wanted the pipeline to run at ${issuedAt.toISOString()}`,
      author: 'manager',
      issuedAt: clock.now().toISOString(),
    };
    await bus.issueCommand(command);
    log.warn({ pipelineId, commandId: command.id, author }, 'permit is lost: pipeline is started again');
  }
}

/**
 * In doubt a pipeline stays halted: whoever halted it may be at work on its target. Halting counts although the store does
 * not know that the bus has it (the manager died in between), and although it was void: without a permit it always is.
 * Starting counts when the bus has it and it was not void. A move is about one epoch and wants no state.
 */
function saysState({ kind, isSent, outcome, body }: CommandEntity): boolean {
  if (HALTED.includes(kind)) return true;
  return isSent && outcome !== 'void' && body.aboutEpoch === null;
}
