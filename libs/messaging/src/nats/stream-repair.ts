import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { ConsumerInfo, JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { FadingMap } from './fading-map.ts';
import { isFilesLost, isMissing } from './nats-failure.ts';
import type { PullSource } from './pull-reader.ts';
import { RepairPauses } from './repair-pauses.ts';
import { streamConfigs } from './stream-configs.ts';
import type { Subjects } from './subjects.ts';

/** A stream is only touched when it still fails this long after it was first seen to fail. */
const CONFIRM_MS = 1_000;
/** Failures that lie further apart have nothing to do with each other. */
const FORGET_MS = 30_000;
/** Between two looks at a message that cannot be read: one that is being removed is gone then. */
const SECOND_LOOK_MS = 500;

interface Suspect {
  /** When the server made the stream: another one of the same name is not the suspect. */
  readonly created: string;
  readonly firstMs: number;
  lastMs: number;
}

export interface StreamRepairParts {
  readonly jsm: JetStreamManager;
  readonly subjects: Subjects;
  readonly clock: Clock;
  /** Makes the streams that are missing, a moment after they were deleted. Never rejects. */
  readonly createMissing: () => Promise<void>;
  /** Told of each stream that is made anew, and once of each that is left as it is: BUS_STREAM_BROKEN. */
  readonly onBroken: (failure: SyncError) => void;
}

/**
 * Finds streams that exist and do not work, and makes them anew. NATS 2.9 leaves one behind when a stream is made while its
 * namesake is being deleted: the files are removed under it, and from then on it refuses every message, or stores it and
 * never delivers it, for ever. What passes from select to load is read again from the source, so its streams are made
 * anew whatever they hold; others only when they are empty, and a person is told of them otherwise. One that does not stay
 * whole is made anew less and less often (see RepairPauses). Never rejects.
 */
export class StreamRepair {
  private readonly suspects = new Map<string, Suspect>();
  private readonly underWay = new Map<string, Promise<boolean>>();
  /** By stream and consumer. A reader that has ended does not say so, and the next one may have another name. */
  private readonly stalled: FadingMap<Pick<ConsumerInfo, 'created' | 'delivered'>>;
  /** When the server made the stream that was told of and left as it is. */
  private readonly told = new Map<string, string>();
  private readonly pauses: RepairPauses;
  private readonly owners: readonly { readonly stream: string; readonly prefix: string }[];
  private readonly transport: ReadonlySet<string>;

  constructor(private readonly parts: StreamRepairParts) {
    const { subjects, clock } = parts;
    this.stalled = new FadingMap(clock, FORGET_MS);
    this.pauses = new RepairPauses(clock);
    const { selected, extracted, transformed, bodies, windows } = subjects.streams;
    this.transport = new Set([selected, extracted, transformed, bodies, windows]);
    this.owners = streamConfigs(subjects).map(({ name, subjects: held = [] }) => ({
      stream: name,
      prefix: (held[0] ?? '').replace(/>$/, ''),
    }));
  }

  /** A message was stored: whatever its stream was suspected of is over. */
  stored(subject: string): void {
    if (this.suspects.size > 0) this.suspects.delete(this.streamOf(subject));
  }

  /** A message was not stored, for a reason that may pass. */
  async refused(subject: string, error: unknown): Promise<void> {
    const isLost = isFilesLost(error);
    if (!isLost && !(error instanceof errors.TimeoutError)) return;
    const stream = this.streamOf(subject);
    await this.once(stream, async () => {
      const info = await this.info(stream);
      if (info === null || !this.isConfirmed(stream, info)) return false;
      const what = isLost ? 'has lost its files and stores nothing' : 'does not answer those who publish to it';
      const isEmpty = info.state.messages === 0;
      const mayGo = isLost ? isEmpty || this.transport.has(stream) : isEmpty && this.transport.has(stream);
      return this.replace(info, what, mayGo);
    });
  }

  /** A reader with room has had no message for a while. True when it has to begin anew. */
  notDelivered({ stream, consumer }: PullSource): Promise<boolean> {
    const key = `${stream}/${consumer}`;
    return this.once(key, async () => {
      const info = await this.parts.jsm.consumers.info(stream, consumer).catch(() => null);
      const seen = this.stalled.take(key);
      // Nothing to deliver; or as much is unacknowledged as may be.
      if (info === null || info.num_pending === 0 || info.num_ack_pending >= (info.config.max_ack_pending ?? Infinity))
        return false;
      const isStill = seen?.created === info.created && seen.delivered.consumer_seq === info.delivered.consumer_seq;
      if (!isStill) {
        this.stalled.set(key, info);
        return false;
      }
      const lost = await this.seenUnreadable(stream);
      if (lost !== null) return this.once(stream, () => this.replaceUnreadable(lost));
      const now = await this.parts.jsm.consumers.info(stream, consumer).catch(() => null);
      if (now?.created !== info.created) return false;
      if (!(await this.parts.jsm.consumers.delete(stream, consumer))) return false;
      this.tell(key, `The consumer ${consumer} of stream ${stream} delivers nothing; it was made anew`);
      return true;
    });
  }

  /** A message that ought to be in a stream is not. True when the stream had lost its files and was made anew. */
  unreadable(stream: string): Promise<boolean> {
    return this.once(stream, async () => {
      const lost = await this.seenUnreadable(stream);
      return lost !== null && this.replaceUnreadable(lost);
    });
  }

  private replaceUnreadable(lost: StreamInfo): Promise<boolean> {
    return this.replace(lost, 'has lost its files and delivers nothing', this.transport.has(lost.config.name));
  }

  /** The same work is done by one caller; the others wait for it. */
  private once(key: string, work: () => Promise<boolean>): Promise<boolean> {
    const running = this.underWay.get(key);
    if (running !== undefined) return running;
    const started = work()
      .catch(() => false) // NATS is away: who called finds out himself.
      .finally(() => this.underWay.delete(key));
    this.underWay.set(key, started);
    return started;
  }

  private isConfirmed(stream: string, { created }: StreamInfo): boolean {
    const nowMs = this.parts.clock.monotonicMs();
    const known = this.suspects.get(stream);
    if (known?.created !== created || nowMs - known.lastMs > FORGET_MS) {
      this.suspects.set(stream, { created, firstMs: nowMs, lastMs: nowMs });
      return false;
    }
    known.lastMs = nowMs;
    return nowMs - known.firstMs >= CONFIRM_MS;
  }

  /** The stream counts messages, and the first of them cannot be read: one that was taken meanwhile is no longer the first. */
  private async seenUnreadable(stream: string): Promise<StreamInfo | null> {
    const first = await this.info(stream);
    if (first === null || first.state.messages === 0 || (await this.isReadable(first))) return null;
    await this.parts.clock.sleep(SECOND_LOOK_MS);
    const second = await this.info(stream);
    if (second?.created !== first.created || second.state.messages === 0) return null;
    return second.state.first_seq === first.state.first_seq && !(await this.isReadable(second)) ? second : null;
  }

  private async isReadable({ config, state }: StreamInfo): Promise<boolean> {
    const message = await this.parts.jsm.streams
      .getMessage(config.name, { seq: state.first_seq })
      .catch((error: unknown) => {
        if (isFilesLost(error)) return null;
        throw error;
      });
    return message !== null;
  }

  private async replace(
    { config: { name }, created, state }: StreamInfo,
    what: string,
    mayGo: boolean,
  ): Promise<boolean> {
    this.suspects.delete(name);
    const held = `it holds ${String(state.messages)} messages`;
    if (!mayGo) {
      if (this.told.get(name) === created) return false;
      this.told.set(name, created);
      this.tell(name, `The stream ${name} ${what}; ${held} and is not made anew by itself`);
      return false;
    }
    if (!this.pauses.isOver(name)) return false;
    // By its name alone it may be one that works, which somebody has made since.
    if ((await this.info(name))?.created !== created) return false;
    const inRow = this.pauses.begin(name);
    await this.parts.jsm.streams.delete(name).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    const again = inRow === 1 ? '' : `, ${String(inRow)} times in a row: look at the disk of NATS`;
    this.tell(name, `The stream ${name} ${what}; it was made anew${again}`);
    await this.parts.createMissing();
    return true;
  }

  private tell(name: string, problem: string): void {
    this.parts.onBroken(new SyncError('BUS_STREAM_BROKEN', { problem, stream: name }));
  }

  /** Null when it is missing, or nobody answers. */
  private info(stream: string): Promise<StreamInfo | null> {
    return this.parts.jsm.streams.info(stream).catch(() => null);
  }

  private streamOf(subject: string): string {
    return this.owners.find(({ prefix }) => subject.startsWith(prefix))?.stream ?? '';
  }
}
