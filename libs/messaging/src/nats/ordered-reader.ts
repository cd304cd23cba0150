import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream';
import type { ConsumerConfig, ConsumerInfo } from '@nats-io/jetstream';
import { nanos, nuid } from '@nats-io/transport-node';
import type { MsgHdrs } from '@nats-io/transport-node';
import { deliveryInfo } from './delivery-info.ts';
import type { NatsLink } from './nats-link.ts';
import { PullReader } from './pull-reader.ts';
import type { PullSource } from './pull-reader.ts';

/** Events are small: so many under way keep a reader busy and cost little memory. */
const ROOM_MAX = 256;
/** The server forgets the consumer of a dead reader after this. */
const INACTIVE_MS = 60_000;

/** Far from the end of the server's time, and behind everything that is stored. */
const SERVER_TIME_MAX_MS = Date.UTC(2200, 0);

export type ReadStart =
  /** What is stored from now on. */
  | { readonly kind: 'new' }
  /** The newest message of each subject, then what is stored from now on. */
  | { readonly kind: 'lastPerSubject' }
  | { readonly kind: 'sequence'; readonly sequence: number }
  | { readonly kind: 'time'; readonly since: Date }
  /** Behind a sequence of the stream that was made at `created`; of any other one, what is stored since a time. */
  | { readonly kind: 'behind'; readonly created: string; readonly sequence: number; readonly since: Date };

export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  /** When the stream was made: its sequences mean nothing in another one. */
  readonly created: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
  /** Matching messages that follow, as the server saw it. */
  readonly pending: number;
  /** Messages (of any subject) that the stream has dropped since the one that was read last; 0 unless reading begins there. */
  readonly dropped: number;
}

export interface OrderedRead {
  readonly stream: string;
  readonly filter: string;
  readonly start: ReadStart;
  readonly signal: AbortSignal;
  /** Whenever nothing is left to read, and who reads has asked for more. */
  readonly onEnd?: () => void;
}

/**
 * Messages of a stream in their order, each once, until the signal aborts. The consumer belongs to this reader alone; when
 * it is lost or a message is missing in its count, reading goes on behind the last message. A stream that was made anew is
 * read from its start.
 */
export async function* readOrdered(link: NatsLink, read: OrderedRead): AsyncGenerator<StoredMessage, void, undefined> {
  const cursor = new ReadCursor(link, read);
  let session = 0;
  let expected = 1;
  const reader = new PullReader(link, {
    prepare: () => cursor.prepare(),
    roomMax: ROOM_MAX,
    heldCount: () => 0,
    signal: read.signal,
  });
  try {
    for await (const pulled of reader.messages()) {
      const info = deliveryInfo(pulled.message);
      if (pulled.session !== session) {
        session = pulled.session;
        expected = 1;
      }
      if (info.consumerSequence !== expected) {
        reader.takeBuffered();
        reader.wake(true);
        continue;
      }
      expected++;
      cursor.lastSequence = info.streamSequence;
      const { subject, data, headers } = pulled.message;
      const { streamSequence: sequence, pending } = info;
      yield { subject, data, headers, sequence, pending, created: cursor.created, dropped: cursor.takeDropped() };
      if (pending === 0) read.onEnd?.();
    }
  } finally {
    cursor.forget();
  }
}

/** How many stored messages match from a start on. */
export async function countStored(link: NatsLink, read: Omit<OrderedRead, 'signal' | 'onEnd'>): Promise<number> {
  const info = await addConsumer(link, read, startConfig(read.start));
  link.jsm.consumers.delete(read.stream, info.name).catch(() => undefined); // The server forgets it anyway.
  return info.num_pending;
}

/** Where an ordered reader goes on when its consumer has to be made anew. */
class ReadCursor {
  lastSequence = 0;
  /** When the stream was made that is read; '' before the first look at it. */
  created = '';
  private consumer: string | null = null;
  private dropped = 0;

  constructor(
    private readonly link: NatsLink,
    private readonly read: OrderedRead,
  ) {}

  async prepare(): Promise<PullSource> {
    this.forget();
    const { created, state } = await this.link.call(() => this.link.jsm.streams.info(this.read.stream));
    const isFirst = this.created === '';
    const isSame = this.created === created;
    const { start } = this.read;
    if (isFirst && start.kind === 'new') this.lastSequence = state.last_seq;
    else if (isFirst && start.kind === 'behind')
      this.lastSequence = start.created === created && start.sequence <= state.last_seq ? start.sequence : 0;
    else if (!isFirst) this.lastSequence = isSame ? Math.min(this.lastSequence, state.last_seq) : 0;
    if (this.lastSequence > 0) this.dropped += Math.max(0, state.first_seq - 1 - this.lastSequence);
    const isAnew = !isFirst && !isSame;
    const info = await addConsumer(this.link, this.read, this.startConfig(isAnew));
    this.created = created;
    this.consumer = info.name;
    if (info.num_pending === 0) this.read.onEnd?.();
    return { stream: this.read.stream, consumer: info.name };
  }

  takeDropped(): number {
    const { dropped } = this;
    this.dropped = 0;
    return dropped;
  }

  /** Removes the consumer at the server, as far as possible. */
  forget(): void {
    if (this.consumer === null || this.link.nc.isClosed()) return;
    this.link.jsm.consumers.delete(this.read.stream, this.consumer).catch(() => undefined); // It expires by itself.
    this.consumer = null;
  }

  private startConfig(isAnew: boolean): Partial<ConsumerConfig> {
    const { start } = this.read;
    const isPlaced = start.kind === 'new' || this.lastSequence > 0;
    if (isPlaced || (isAnew && start.kind !== 'lastPerSubject'))
      return startConfig({ kind: 'sequence', sequence: this.lastSequence + 1 });
    return startConfig(start);
  }
}

function startConfig(start: ReadStart): Partial<ConsumerConfig> {
  switch (start.kind) {
    case 'new':
      return { deliver_policy: DeliverPolicy.New };
    case 'lastPerSubject':
      return { deliver_policy: DeliverPolicy.LastPerSubject };
    case 'sequence':
      return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, start.sequence) };
    case 'time':
    case 'behind':
      return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: withinServerTime(start.since) };
  }
}

/** The server counts nanoseconds in 64 bits: before 1678 and behind 2262 it would take another time for this one. */
function withinServerTime(since: Date): string {
  const ms = Math.min(Math.max(since.getTime(), 0), SERVER_TIME_MAX_MS);
  return new Date(ms).toISOString();
}

function addConsumer(
  link: NatsLink,
  read: Pick<OrderedRead, 'stream' | 'filter'>,
  start: Partial<ConsumerConfig>,
): Promise<ConsumerInfo> {
  return link.call(() =>
    link.jsm.consumers.add(read.stream, {
      ...start,
      name: nuid.next(),
      filter_subject: read.filter,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      inactive_threshold: nanos(INACTIVE_MS),
      max_deliver: 1,
      mem_storage: true,
    }),
  );
}
