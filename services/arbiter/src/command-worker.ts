import { SyncError } from '@lutra/model';
import type { CommandDelivery } from '@lutra/messaging';
import type { Worker } from '@lutra/service-kit';
import type { ArbiterParts } from './arbiter-parts.ts';
import type { CommandDesk } from './command-desk.ts';

/** Commands in hand at once. Above the number of pipelines that drain together after one click, since each waits up to 30 s. */
const IN_HAND_MAX = 256;
/** A command that failed (no ZooKeeper, no lock) is tried again by any arbiter. */
const RETRY_MS = 1_000;

/** Takes commands from the work queue. Pipelines do not wait for each other; the commands of one are begun in order. */
export class CommandWorker implements Worker {
  readonly name = 'commands';
  private readonly inHand = new Set<Promise<void>>();

  constructor(
    private readonly parts: Pick<ArbiterParts, 'bus' | 'log'>,
    private readonly desk: CommandDesk,
  ) {}

  tasks(): number {
    return this.inHand.size;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      for await (const delivery of this.parts.bus.consumeCommands(signal)) {
        const handling = this.handle(delivery, signal).finally(() => this.inHand.delete(handling));
        this.inHand.add(handling);
        if (this.inHand.size >= IN_HAND_MAX) await Promise.race(this.inHand);
      }
    } finally {
      await Promise.all(this.inHand);
    }
  }

  private async handle(delivery: CommandDelivery, signal: AbortSignal): Promise<void> {
    const { command, deliveryCount } = delivery;
    try {
      await this.desk.carryOut(command, deliveryCount > 1, signal);
      await delivery.ack();
    } catch (error) {
      const { id: commandId, pipelineId, kind } = command;
      const { code } = SyncError.of(error);
      if (!signal.aborted)
        this.parts.log.warn({ err: error, code, commandId, pipelineId, kind }, 'command is tried again');
      delivery.nak(signal.aborted ? 0 : RETRY_MS);
    }
  }
}
