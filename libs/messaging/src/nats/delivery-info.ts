import type { Msg } from '@nats-io/transport-node';

export interface DeliveryInfo {
  readonly deliveryCount: number;
  readonly streamSequence: number;
  /** Counts from 1 within one consumer. */
  readonly consumerSequence: number;
  /** Messages of this consumer that come after this one. */
  readonly pending: number;
}

/** What JetStream writes into the reply subject: `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>[.<token>]`. */
export function deliveryInfo(message: Msg): DeliveryInfo {
  const tokens = (message.reply ?? '').split('.');
  const first = tokens.length === 9 ? 4 : 6;
  const number = (position: number): number => Number(tokens[first + position] ?? '0');
  return {
    deliveryCount: number(0),
    streamSequence: number(1),
    consumerSequence: number(2),
    pending: number(4),
  };
}
