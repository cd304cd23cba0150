import type { SimNode } from './node.ts';
import type { Connection } from './network.ts';
import type { World } from './world.ts';

/** As libs/messaging configures its streams. */
const DUPLICATE_WINDOW_MS = 120_000;
const REATTACH_MS = 1_000;

export interface StoredMessage<M> {
  readonly sequence: number;
  readonly id: string;
  /** Messages of one subject are limited. */
  readonly subject: string;
  readonly content: M;
  readyAtMs: number;
  /** How often it was delivered, to whichever consumer. */
  sent: number;
}

export interface QueueDelivery<M> {
  readonly message: StoredMessage<M>;
  readonly deliveryCount: number;
  /** False while it is on its way, and for ever when it got lost there. */
  hasArrived: boolean;
  isSettled: boolean;
}

/** One reader of a consumer: a pull subscription of one node. */
export interface QueueReader<M> {
  readonly node: SimNode;
  readonly connection: Connection;
  readonly inFlightMax: number;
  readonly receive: (delivery: QueueDelivery<M>) => void;
  held: number;
  isClosed: boolean;
}

interface Pending<M> {
  readonly delivery: QueueDelivery<M>;
  readonly reader: QueueReader<M>;
}

class Consumer<M> {
  readonly pending = new Map<number, Pending<M>>();
  readonly counts = new Map<number, number>();
  readonly readers = new Set<QueueReader<M>>();

  constructor(
    readonly wants: (content: M) => boolean,
    readonly ackWaitMs: number,
  ) {}
}

/**
 * A work-queue stream of JetStream: a message is delivered to one reader of the consumer whose filter it matches, again when
 * it is given back or not acknowledged in time, until it is acknowledged. Ids are remembered for two minutes, also of
 * messages that are gone.
 */
export class WorkQueue<M> {
  private messages = new Map<number, StoredMessage<M>>();
  private ids = new Map<string, number>();
  private readonly consumers = new Map<string, Consumer<M>>();
  private sequence = 0;
  /** Told of every acknowledgement that counts. */
  onAcknowledged: (message: StoredMessage<M>) => void = () => undefined;

  constructor(
    private readonly world: World,
    private readonly perSubjectMax: number,
  ) {}

  get size(): number {
    return this.messages.size;
  }

  publish(message: {
    readonly id: string;
    readonly subject: string;
    readonly content: M;
  }): 'stored' | 'repeat' | 'full' {
    const knownMs = this.ids.get(message.id);
    if (knownMs !== undefined && this.world.nowMs - knownMs < DUPLICATE_WINDOW_MS) return 'repeat';
    let ofSubject = 0;
    for (const { subject } of this.messages.values()) if (subject === message.subject) ofSubject += 1;
    if (ofSubject >= this.perSubjectMax) return 'full';
    this.sequence += 1;
    this.messages.set(this.sequence, { ...message, sequence: this.sequence, readyAtMs: this.world.nowMs, sent: 0 });
    this.ids.set(message.id, this.world.nowMs);
    this.dispatchAll();
    return 'stored';
  }

  count(isCounted: (content: M) => boolean): number {
    let count = 0;
    for (const { content } of this.messages.values()) if (isCounted(content)) count += 1;
    return count;
  }

  /** Removes messages; their ids are remembered. Gives how many. */
  remove(isRemoved: (content: M) => boolean): number {
    let removed = 0;
    for (const [sequence, { content }] of this.messages) {
      if (!isRemoved(content)) continue;
      this.messages.delete(sequence);
      removed += 1;
    }
    return removed;
  }

  /** The consumer is made when it is missing; with `isTakeover` it is made anew, and its older readers ask again later. */
  attach(
    name: string,
    reader: QueueReader<M>,
    config: { readonly wants: (content: M) => boolean; readonly ackWaitMs: number; readonly isTakeover: boolean },
  ): void {
    if (reader.isClosed) return;
    if (config.isTakeover) this.dropConsumer(name);
    const consumer = this.ensureConsumer(name, config);
    consumer.readers.add(reader);
    this.dispatch(consumer);
  }

  ensureConsumer(
    name: string,
    config: { readonly wants: (content: M) => boolean; readonly ackWaitMs: number },
  ): Consumer<M> {
    let consumer = this.consumers.get(name);
    if (consumer === undefined) {
      consumer = new Consumer(config.wants, config.ackWaitMs);
      this.consumers.set(name, consumer);
    }
    return consumer;
  }

  removeConsumer(name: string): void {
    this.dropConsumer(name);
  }

  consumerNames(): readonly string[] {
    return [...this.consumers.keys()];
  }

  /** Whether somebody asks the consumer for messages. */
  isRead(name: string): boolean {
    const readers = [...(this.consumers.get(name)?.readers ?? [])];
    return readers.some(({ connection, isClosed, node }) => !isClosed && connection.isOpen && node.state !== 'dead');
  }

  contents(): readonly M[] {
    return [...this.messages.values()].map(({ content }) => content);
  }

  detach(name: string, reader: QueueReader<M>): void {
    reader.isClosed = true;
    this.consumers.get(name)?.readers.delete(reader);
  }

  /** Taken as long as the message is delivered to anybody of the consumer. */
  acknowledge(name: string, { message }: QueueDelivery<M>): void {
    const consumer = this.consumers.get(name);
    if (consumer?.pending.has(message.sequence) !== true) return;
    this.release(consumer, message.sequence);
    this.messages.delete(message.sequence);
    this.onAcknowledged(message);
    this.dispatch(consumer);
  }

  giveBack(name: string, { message }: QueueDelivery<M>, delayMs: number): void {
    const consumer = this.consumers.get(name);
    if (consumer?.pending.has(message.sequence) !== true) return;
    this.release(consumer, message.sequence);
    message.readyAtMs = this.world.nowMs + delayMs;
    this.world.at(null, delayMs, () => {
      this.dispatch(consumer);
    });
  }

  /** A reader has room again. */
  settled(name: string, reader: QueueReader<M>): void {
    reader.held = Math.max(0, reader.held - 1);
    const consumer = this.consumers.get(name);
    if (consumer !== undefined) this.dispatch(consumer);
  }

  /** After a reconnect, or when messages have become ready. */
  dispatchAll(): void {
    for (const consumer of this.consumers.values()) this.dispatch(consumer);
  }

  /** Everything is gone: messages, remembered ids, what was delivered. */
  wipe(): void {
    this.messages.clear();
    this.ids.clear();
    for (const consumer of this.consumers.values()) this.forgetDeliveries(consumer);
  }

  snapshot(): () => void {
    const messages = new Map([...this.messages].map(([sequence, message]) => [sequence, { ...message }]));
    const ids = new Map(this.ids);
    return () => {
      this.messages = new Map(
        [...messages].map(([sequence, message]) => [sequence, { ...message, readyAtMs: 0, sent: 1 }]),
      );
      this.ids = new Map(ids);
      for (const consumer of this.consumers.values()) this.forgetDeliveries(consumer);
      this.dispatchAll();
    };
  }

  private dropConsumer(name: string): void {
    const consumer = this.consumers.get(name);
    if (consumer === undefined) return;
    this.consumers.delete(name);
    this.forgetDeliveries(consumer);
    for (const reader of consumer.readers)
      this.world.at(reader.node, REATTACH_MS, () => {
        if (reader.isClosed || !reader.connection.isOpen) return;
        this.attach(name, reader, { wants: consumer.wants, ackWaitMs: consumer.ackWaitMs, isTakeover: false });
      });
  }

  private forgetDeliveries(consumer: Consumer<M>): void {
    for (const sequence of [...consumer.pending.keys()]) this.release(consumer, sequence);
    consumer.counts.clear();
  }

  private release(consumer: Consumer<M>, sequence: number): void {
    consumer.pending.delete(sequence);
  }

  private dispatch(consumer: Consumer<M>): void {
    for (const message of this.messages.values()) {
      const { sequence } = message;
      if (consumer.pending.has(sequence) || message.readyAtMs > this.world.nowMs || !consumer.wants(message.content))
        continue;
      const reader = this.freeReader(consumer);
      if (reader === null) return;
      const deliveryCount = (consumer.counts.get(sequence) ?? 0) + 1;
      consumer.counts.set(sequence, deliveryCount);
      message.sent += 1;
      const delivery = { message, deliveryCount, hasArrived: false, isSettled: false };
      consumer.pending.set(sequence, { delivery, reader });
      reader.held += 1;
      this.send(consumer, reader, delivery);
    }
  }

  private freeReader(consumer: Consumer<M>): QueueReader<M> | null {
    let free: QueueReader<M>[] = [];
    for (const reader of consumer.readers) {
      if (reader.node.state === 'dead') consumer.readers.delete(reader);
      else if (!reader.isClosed && reader.connection.isOpen && reader.held < reader.inFlightMax)
        free = [...free, reader];
    }
    return free.length > 1 ? this.world.one(free) : (free[0] ?? null);
  }

  private send(consumer: Consumer<M>, reader: QueueReader<M>, delivery: QueueDelivery<M>): void {
    const { generation } = reader.connection;
    this.world.at(reader.node, reader.connection.delayMs(), () => {
      // Lost with its connection: delivered anew when the wait for its acknowledgement is over.
      if (reader.connection.generation === generation) {
        delivery.hasArrived = true;
        reader.receive(delivery);
      } else reader.held = Math.max(0, reader.held - 1);
    });
    this.watch(consumer, reader, delivery);
  }

  /** The reader says every third of the wait that it is at it, as long as it can. */
  private watch(consumer: Consumer<M>, reader: QueueReader<M>, delivery: QueueDelivery<M>): void {
    this.world.at(null, consumer.ackWaitMs, () => {
      const { sequence } = delivery.message;
      if (consumer.pending.get(sequence)?.delivery !== delivery) return;
      const isAtIt =
        reader.node.state === 'up' && reader.connection.isOpen && delivery.hasArrived && !delivery.isSettled;
      if (isAtIt && !reader.isClosed) {
        this.watch(consumer, reader, delivery);
        return;
      }
      this.release(consumer, sequence);
      if (!this.messages.has(sequence)) return;
      this.world.trace.say(this.world.nowMs, `redelivery of ${delivery.message.id}`);
      this.dispatch(consumer);
    });
  }
}
