import type { Msg } from '@nats-io/transport-node';
import type { HeldDeliveries, Settlement } from './held-deliveries.ts';
import type { NatsLink } from './nats-link.ts';
import { PullReader } from './pull-reader.ts';
import type { PullSource } from './pull-reader.ts';

export interface HeldMessage {
  readonly message: Msg;
  readonly settlement: Settlement;
}

/**
 * Messages of a durable consumer. A message counts against `inFlightMax` and is kept in progress from its arrival to its
 * settlement. When the reading ends, messages that were not handed out go back at once.
 */
export async function* readWorkQueue(
  link: NatsLink,
  held: HeldDeliveries,
  options: {
    readonly prepare: () => Promise<PullSource>;
    readonly inFlightMax: number;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<HeldMessage, void, undefined> {
  const settlements = new Map<Msg, Settlement>();
  let handedOut = 0;
  const reader = new PullReader(link, {
    prepare: options.prepare,
    roomMax: options.inFlightMax,
    heldCount: () => handedOut,
    signal: options.signal,
    received: ({ message }) => {
      const settled = (): void => {
        if (settlements.delete(message)) return;
        handedOut--;
        reader.wake();
      };
      settlements.set(message, held.hold(message, settled));
    },
  });
  try {
    for await (const { message } of reader.messages()) {
      const settlement = settlements.get(message);
      if (settlement === undefined) continue;
      settlements.delete(message);
      handedOut++;
      yield { message, settlement };
    }
  } finally {
    for (const settlement of settlements.values()) settlement.nak();
  }
}
