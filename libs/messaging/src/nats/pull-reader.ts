import type { Msg, Subscription } from '@nats-io/transport-node';
import { createInbox, nanos } from '@nats-io/transport-node';
import type { NatsLink } from './nats-link.ts';
import { ACK_WAIT_MS } from './stream-configs.ts';

/**
 * How long one pull request waits at the server. Shorter than the wait for an acknowledgement: a process that stands still
 * with a request open (frozen, or cut off without the server's knowing) is then given each message once at most, and one
 * redelivery reaches a reader that lives.
 */
const PULL_EXPIRES_MS = ACK_WAIT_MS - 1_000;
const PULL_HEARTBEAT_MS = 1_000;
/** Nothing heard for this long while a request is open: consumer, stream or server is gone. */
const SILENCE_LIMIT_MS = 3_500;
/** No message for this long, with room for one: the server is asked whether it has any. */
const QUIET_LIMIT_MS = 5_000;
const REOPEN_FIRST_MS = 100;
const REOPEN_MAX_MS = 2_000;
/** Longer than a call is repeated: only the stop signal cuts it short. */
const PREPARE_LIMIT_MS = 15_000;
const DRAIN_LIMIT_MS = 1_000;

export interface PullSource {
  readonly stream: string;
  readonly consumer: string;
}

/** A message as it came, and the session that it came in. */
export interface PulledMessage {
  readonly message: Msg;
  readonly session: number;
}

/**
 * Pulls messages of a JetStream consumer and never asks for more than there is room for: open requests plus buffered
 * messages plus what `heldCount` reports stay within `roomMax`. When the consumer falls silent it is prepared anew.
 */
export class PullReader {
  private readonly buffered: PulledMessage[] = [];
  /** Messages asked for and not yet received. */
  private requested = 0;
  private session = 0;
  private isBroken = false;
  private lastHeardMs = 0;
  /** Since when there has been room, and no message. It outlives a session. */
  private quietSinceMs: number;
  private notify: (() => void) | null = null;

  constructor(
    private readonly link: NatsLink,
    private readonly options: {
      /** Makes sure that the consumer exists. Called at the start of each session. */
      readonly prepare: () => Promise<PullSource>;
      readonly roomMax: number;
      readonly heldCount: () => number;
      /** Called for each message as it arrives, before it is handed out. */
      readonly received?: (pulled: PulledMessage) => void;
      readonly signal: AbortSignal;
    },
  ) {
    this.quietSinceMs = link.clock.monotonicMs();
  }

  /** Says that `heldCount` has changed, or that the session is of no use any more. */
  wake(isBroken = false): void {
    this.isBroken ||= isBroken;
    this.notify?.();
  }

  /** Messages until the signal aborts; what is buffered then stays in {@link takeBuffered}. */
  async *messages(): AsyncGenerator<PulledMessage, void, undefined> {
    const wake = (): void => {
      this.wake();
    };
    this.options.signal.addEventListener('abort', wake, { once: true });
    let pauseMs = REOPEN_FIRST_MS;
    try {
      while (!this.isStopped) {
        const source = await this.open();
        if (source === null) {
          await this.link.clock.sleep(pauseMs, this.options.signal);
          pauseMs = Math.min(2 * pauseMs, REOPEN_MAX_MS);
          continue;
        }
        if (this.isStopped) return; // A connection that is being closed takes no new subscription.
        for await (const pulled of this.read(source)) {
          pauseMs = REOPEN_FIRST_MS;
          yield pulled;
        }
        if (!this.isStopped) await this.link.clock.sleep(REOPEN_FIRST_MS, this.options.signal);
      }
    } finally {
      this.options.signal.removeEventListener('abort', wake);
    }
  }

  /** Removes and returns what was received and not handed out. */
  takeBuffered(): PulledMessage[] {
    return this.buffered.splice(0);
  }

  private get isStopped(): boolean {
    return this.options.signal.aborted || this.link.closed.aborted;
  }

  /** Null when NATS is away: tried again, for ever. */
  private async open(): Promise<PullSource | null> {
    const prepared = this.options.prepare().catch(() => null); // What is wrong shows in isHealthy; a reader waits for its end.
    const stopped = new AbortController();
    const limit = this.link.clock.sleep(PREPARE_LIMIT_MS, AbortSignal.any([stopped.signal, this.options.signal]));
    try {
      return await Promise.race([prepared, limit.then(() => null)]);
    } finally {
      stopped.abort();
    }
  }

  private async *read(source: PullSource): AsyncGenerator<PulledMessage, void, undefined> {
    const session = ++this.session;
    this.requested = 0;
    this.isBroken = false;
    this.lastHeardMs = this.link.clock.monotonicMs();
    const inbox = createInbox();
    const subscription = this.link.nc.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null || session !== this.session) this.wake(error !== null);
        else this.receive(message, inbox);
      },
    });
    const over = new AbortController();
    void this.watchSilence(source, AbortSignal.any([over.signal, this.link.closed])); // Never rejects; ends with the session.
    try {
      while (!this.isStopped) {
        if (!this.isBroken) this.pull(source, inbox);
        const next = this.buffered.shift();
        if (next !== undefined) yield next;
        else if (this.isBroken || this.link.nc.isClosed()) return;
        else await this.change();
      }
    } finally {
      over.abort();
      await this.end(subscription);
    }
  }

  private pull(source: PullSource, inbox: string): void {
    const room = this.options.roomMax - this.options.heldCount() - this.buffered.length - this.requested;
    // Not a request for each message: a quarter of the room at a time, whatever there is when nothing is on its way.
    const isSupplied = this.buffered.length > 0 || this.requested > 0;
    if (room <= 0 || (isSupplied && room * 4 < this.options.roomMax)) return;
    if (this.requested === 0) this.lastHeardMs = this.link.clock.monotonicMs();
    this.requested += room;
    const request = { batch: room, expires: nanos(PULL_EXPIRES_MS), idle_heartbeat: nanos(PULL_HEARTBEAT_MS) };
    this.link.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${source.stream}.${source.consumer}`, JSON.stringify(request), {
      reply: inbox,
    });
  }

  private receive(message: Msg, inbox: string): void {
    this.lastHeardMs = this.link.clock.monotonicMs();
    if (message.subject !== inbox) {
      this.requested = Math.max(0, this.requested - 1);
      this.quietSinceMs = this.lastHeardMs;
      const pulled = { message, session: this.session };
      this.buffered.push(pulled);
      this.options.received?.(pulled);
      this.wake();
      return;
    }
    const code = message.headers?.code ?? 0;
    if (code === 100) return;
    // The end of a request names what it did not deliver; without that number the accounts are made anew.
    const left = Number(message.headers?.get('Nats-Pending-Messages') ?? '');
    this.requested = Math.max(0, this.requested - left);
    this.wake((code !== 408 && code !== 404) || left === 0);
  }

  private async watchSilence(source: PullSource, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await this.link.clock.sleep(PULL_HEARTBEAT_MS, over);
      const nowMs = this.link.clock.monotonicMs();
      const isSilent = nowMs - this.lastHeardMs > SILENCE_LIMIT_MS;
      if (isSilent && this.requested > 0) this.wake(true);
      // Who asks for nothing, or has not handed out what came, is busy and not badly served.
      if (this.requested === 0 || this.buffered.length > 0) this.quietSinceMs = nowMs;
      if (over.aborted || nowMs - this.quietSinceMs <= QUIET_LIMIT_MS) continue;
      this.quietSinceMs = nowMs;
      void this.askForRepair(source, over);
    }
  }

  /** Never rejects. */
  private async askForRepair(source: PullSource, over: AbortSignal): Promise<void> {
    const isOfNoUse = await this.link.repair.notDelivered(source);
    if (isOfNoUse && !over.aborted) this.wake(true);
  }

  /** Resolves at the next wake. */
  private async change(): Promise<void> {
    if (this.isStopped || this.isBroken || this.buffered.length > 0) return;
    await new Promise<void>((resolve) => {
      this.notify = resolve;
    });
    this.notify = null;
  }

  /** Takes in what the server had already sent, so that it can be given back instead of waiting for its time-out. */
  private async end(subscription: Subscription): Promise<void> {
    const drained = subscription.drain().catch(() => undefined); // The connection is gone: so is the subscription.
    await Promise.race([drained, this.link.clock.sleep(DRAIN_LIMIT_MS)]);
  }
}
