import { SyncError } from '@lutra/model';
import type { CommandDelivery } from '@lutra/messaging';
import type { Worker } from '@lutra/service-kit';
import type { ArbiterParts } from './arbiter-parts.ts';
import type { CommandDesk } from './command-desk.ts';

/** A command that failed (no ZooKeeper, no lock) is tried again by any arbiter. */
const RETRY_MS = 1_000;

/**
 * Takes commands from the work queue, as many at once as the bus hands out. Pipelines do not wait for each other; the
 * commands of one pipeline are handled in order.
 */
export class CommandWorker implements Worker {
  readonly name = 'commands';
  /** The last command in hand of each pipeline. */
  private readonly last = new Map<string, Promise<void>>();

  constructor(
    private readonly parts: Pick<ArbiterParts, 'bus' | 'log'>,
    private readonly desk: CommandDesk,
  ) {}

  tasks(): number {
    return this.last.size;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      for await (const delivery of this.parts.bus.consumeCommands(signal)) {
        const { pipelineId } = delivery.command;
        const before = this.last.get(pipelineId) ?? Promise.resolve();
        const handling = before
          .then(() => this.handle(delivery, signal))
          .then(() => {
            if (this.last.get(pipelineId) === handling) this.last.delete(pipelineId);
          });
        this.last.set(pipelineId, handling);
      }
    } finally {
      await Promise.all(this.last.values());
    }
  }

  /** Never rejects. */
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
      if (signal.aborted) delivery.nak();
      else delivery.nak(RETRY_MS);
    }
  }
}
