import type { Msg } from '@nats-io/transport-node';
import { isMissing } from './nats-failure.ts';
import type { NatsLink } from './nats-link.ts';
import { ACK_WAIT_MS } from './stream-configs.ts';

const PROGRESS_INTERVAL_MS = Math.floor(ACK_WAIT_MS / 3);
const ACK_TIMEOUT_MS = 2_000;
const ACKNOWLEDGED = encode('+ACK');
const IN_PROGRESS = encode('+WPI');
const REFUSED = '-NAK';
/** Exactly this: NATS 2.9 does not know a reason behind it and would take the message for one still in progress. */
const TERMINATED = encode('+TERM');

/** Settles one delivery, once: the first call decides. */
export interface Settlement {
  /** Resolves when the server has the acknowledgement. BUS_UNREACHABLE after 10 s; may be called again then. */
  readonly ack: () => Promise<void>;
  readonly nak: (delayMs?: number) => void;
  /** The reason is for the reader's own report; NATS 2.9 does not carry it. */
  readonly term: (reason: string) => void;
}

/**
 * All deliveries that this connection holds. While a delivery is held the server is told every 3 s that it is in progress,
 * so that a slow target does not make it go to another reader; a dead process falls silent and it does.
 */
export class HeldDeliveries {
  private readonly held = new Set<Msg>();
  private isTicking = false;

  constructor(private readonly link: NatsLink) {}

  /** From now on in progress, until it is settled; `settled` is then called once. */
  hold(message: Msg, settled: () => void): Settlement {
    this.held.add(message);
    if (!this.isTicking) void this.tick(); // Never rejects; ends when nothing is held or the bus closes.
    let isSettled = false;
    const release = (): boolean => {
      this.held.delete(message);
      if (isSettled) return false;
      isSettled = true;
      settled();
      return true;
    };
    const answer = (payload: Uint8Array): void => {
      if (release() && !this.link.nc.isClosed()) message.respond(payload);
    };
    return {
      ack: async () => {
        await this.acknowledge(message);
        release();
      },
      nak: (delayMs) => {
        answer(
          encode(delayMs === undefined ? REFUSED : `${REFUSED} ${JSON.stringify({ delay: delayMs * 1_000_000 })}`),
        );
      },
      term: () => {
        answer(TERMINATED);
      },
    };
  }

  private async acknowledge(message: Msg): Promise<void> {
    const { reply } = message;
    if (reply === undefined) return;
    await this.link.call(async () => {
      try {
        await this.link.nc.request(reply, ACKNOWLEDGED, { timeout: ACK_TIMEOUT_MS });
      } catch (error) {
        // The consumer is gone with its stream: nothing is left to acknowledge.
        if (!isMissing(error)) throw error;
      }
    });
  }

  private async tick(): Promise<void> {
    this.isTicking = true;
    while (this.held.size > 0 && !this.link.closed.aborted) {
      await this.link.clock.sleep(PROGRESS_INTERVAL_MS, this.link.closed);
      if (this.link.nc.isClosed() || this.link.closed.aborted) break;
      for (const message of this.held) message.respond(IN_PROGRESS);
    }
    this.isTicking = false;
  }
}

function encode(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
