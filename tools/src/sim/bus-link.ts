import { SyncError } from '@lutra/model';
import type { CommandDelivery } from '@lutra/messaging';
import { Inbox } from './inbox.ts';
import type { MessageLog } from './message-log.ts';
import type { NatsServer } from './nats-server.ts';
import type { Connection } from './network.ts';
import type { SimNode } from './node.ts';
import type { QueueDelivery, QueueReader, WorkQueue } from './work-queue.ts';

const RETRY_MS = 500;

type Settling = Pick<CommandDelivery, 'ack' | 'nak' | 'term'>;

/** How one node speaks with NATS: requests, and readings that survive a break of the connection. */
export class BusLink {
  readonly connection: Connection;

  constructor(
    nats: NatsServer,
    private readonly node: SimNode,
  ) {
    this.connection = node.connection(nats);
  }

  /** Throws BUS_UNREACHABLE; the request may have had its effect all the same. */
  ask<T>(work: () => T | Promise<T>): Promise<T> {
    return this.connection.request(work, { lost: unreachable });
  }

  /** Deliveries of a consumer until the signal aborts; what was not handed out then goes back. */
  async *take<M>(
    queue: WorkQueue<M>,
    durable: string,
    options: {
      readonly config: Parameters<WorkQueue<M>['attach']>[2];
      readonly inFlightMax: number;
      readonly signal: AbortSignal;
    },
  ): AsyncGenerator<{ readonly delivery: QueueDelivery<M>; readonly settling: Settling }, void, undefined> {
    const { config, inFlightMax, signal } = options;
    const inbox = new Inbox<QueueDelivery<M>>(signal);
    const { connection, node } = this;
    const reader: QueueReader<M> = {
      node,
      connection,
      inFlightMax,
      receive: (delivery) => {
        inbox.push(delivery);
      },
      held: 0,
      isClosed: false,
    };
    const settlingOf = (delivery: QueueDelivery<M>): Settling => this.settlingOf(queue, durable, { reader, delivery });
    try {
      if (!(await this.attach(() => queue.attach(durable, reader, config), signal))) return;
      for await (const delivery of inbox) yield { delivery, settling: settlingOf(delivery) };
    } finally {
      queue.detach(durable, reader);
      for (const delivery of inbox.rest()) settlingOf(delivery).nak();
    }
  }

  private async attach(work: () => void, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      try {
        await this.ask(work);
        return !signal.aborted;
      } catch {
        await this.node.clock.sleep(RETRY_MS, signal);
      }
    }
    return false;
  }

  private settlingOf<M>(
    queue: WorkQueue<M>,
    durable: string,
    { reader, delivery }: { readonly reader: QueueReader<M>; readonly delivery: QueueDelivery<M> },
  ): Settling {
    const settle = (): void => {
      if (delivery.isSettled) return;
      delivery.isSettled = true;
      queue.settled(durable, reader);
    };
    const tell = (work: () => void): void => {
      // Nobody waits for the answer; a message that is lost costs the acknowledgement wait.
      if (!delivery.isSettled) this.ask(work).catch(() => undefined);
      settle();
    };
    return {
      ack: async () => {
        const asking = this.ask(() => {
          queue.acknowledge(durable, delivery);
        });
        settle();
        await asking;
      },
      nak: (delayMs = 0) => {
        tell(() => {
          queue.giveBack(durable, delivery, delayMs);
        });
      },
      term: () => {
        tell(() => {
          queue.acknowledge(durable, delivery);
        });
      },
    };
  }

  /** What a log holds and gets, until the signal aborts. */
  async *follow<T>(
    log: MessageLog<T>,
    filter: Parameters<MessageLog<T>['follow']>[1],
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly key: string; readonly value: T }, void, undefined> {
    const inbox = new Inbox<{ readonly key: string; readonly value: T }>(signal);
    let end: (() => void) | null = null;
    const begin = (): void => {
      // The answer to an earlier try may have been lost, and a late one may find nobody waiting.
      if (end !== null || signal.aborted) return;
      end = log.follow(this.connection, filter, (key, value) => {
        inbox.push({ key, value });
      });
    };
    try {
      if (await this.attach(begin, signal)) yield* inbox;
    } finally {
      (end as (() => void) | null)?.();
    }
  }
}

const unreachable = (): SyncError => new SyncError('BUS_UNREACHABLE', { problem: 'The simulated NATS is away' });
