import { isChannelCommand, partOfChannelCommand, SyncError } from '@lutra/model';
import type { Command } from '@lutra/model';
import type { Bus, CommandDelivery } from '@lutra/messaging';
import type { Worker } from '@lutra/service-kit';
import type { ArbiterParts } from './arbiter-parts.ts';
import type { CommandDesk } from './command-desk.ts';

/** A command that failed (no ZooKeeper, no lock) is tried again by any arbiter. */
const RETRY_MS = 1_000;

/**
 * Takes commands from the work queue, as many at once as the bus hands out. Pipelines do not wait for each other; the
 * commands of one pipeline are handled in order. A channel's command is handled as one for each of its pipelines, in the
 * place that it has in the queue of each (put on the queue once more, it would come after what was said later); it is
 * delivered again until all of them are done.
 */
export class CommandWorker implements Worker {
  readonly name = 'commands';
  /** The last command in hand of each pipeline. */
  private readonly last = new Map<string, Promise<boolean>>();
  private readonly settling = new Set<Promise<void>>();

  constructor(
    private readonly parts: Pick<ArbiterParts, 'log'> & { readonly bus: Pick<Bus, 'consumeCommands'> },
    private readonly desk: Pick<CommandDesk, 'carryOut'>,
  ) {}

  tasks(): number {
    return this.last.size;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      for await (const delivery of this.parts.bus.consumeCommands(signal)) {
        const isRedelivered = delivery.deliveryCount > 1;
        const parts = partsOf(delivery).map((command) => this.queueUp(command, { isRedelivered, signal }));
        const settling = this.settle(delivery, parts, signal).finally(() => this.settling.delete(settling));
        this.settling.add(settling);
      }
    } finally {
      await Promise.all(this.settling);
    }
  }

  /** Handles the command after those of its pipeline that came before it. True = it was carried out. Never rejects. */
  private queueUp(command: Command, how: Handling): Promise<boolean> {
    const { pipelineId } = command;
    const before = this.last.get(pipelineId) ?? Promise.resolve(true);
    const handling = before
      .then(() => this.handle(command, how))
      .finally(() => {
        if (this.last.get(pipelineId) === handling) this.last.delete(pipelineId);
      });
    this.last.set(pipelineId, handling);
    return handling;
  }

  private async settle(
    delivery: CommandDelivery,
    parts: readonly Promise<boolean>[],
    signal: AbortSignal,
  ): Promise<void> {
    const isDone = (await Promise.all(parts)).every(Boolean);
    const { id: commandId, kind } = delivery.command;
    try {
      if (isDone) await delivery.ack();
      else if (signal.aborted) delivery.nak();
      else delivery.nak(RETRY_MS);
    } catch (error) {
      // It comes again, and finds itself done.
      delivery.nak(RETRY_MS);
      this.parts.log.warn({ err: error, code: SyncError.of(error).code, commandId, kind }, 'command not acknowledged');
    }
  }

  /** Never rejects. */
  private async handle(command: Command, { isRedelivered, signal }: Handling): Promise<boolean> {
    try {
      await this.desk.carryOut(command, isRedelivered, signal);
      return true;
    } catch (error) {
      const { id: commandId, pipelineId, kind } = command;
      const { code } = SyncError.of(error);
      if (!signal.aborted)
        this.parts.log.warn({ err: error, code, commandId, pipelineId, kind }, 'command is tried again');
      return false;
    }
  }
}

interface Handling {
  readonly isRedelivered: boolean;
  readonly signal: AbortSignal;
}

const partsOf = ({ command }: CommandDelivery): readonly Command[] =>
  isChannelCommand(command)
    ? command.pipelineIds.map((pipelineId) => partOfChannelCommand(command, pipelineId))
    : [command];
