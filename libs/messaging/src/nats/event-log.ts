import { randomUUID } from 'node:crypto';
import { SyncError } from '@lutra/model';
import type { LutraEvent } from '@lutra/model';
import type { EventFilter, EventLogFilter, LoggedEvent } from '../bus.ts';
import { decodeJson, encodeJson } from './json-message.ts';
import type { NatsLink } from './nats-link.ts';
import { readOrdered } from './ordered-reader.ts';
import type { ReadStart, StoredMessage } from './ordered-reader.ts';
import { readNewest } from './read-newest.ts';

/** The event log: written by all, read in order. */
export class EventLog {
  constructor(private readonly link: NatsLink) {}

  /** The id lets a repeated publish (lost answer) be stored once. */
  async publish(event: LutraEvent, id: string = randomUUID()): Promise<void> {
    await this.link.publish(this.link.subjects.event(event), encodeJson(event), { id });
  }

  async *follow(
    filter: EventFilter & { readonly since?: Date },
    signal: AbortSignal,
  ): AsyncGenerator<LutraEvent, void, undefined> {
    const { since } = filter;
    const start: ReadStart = since === undefined ? { kind: 'new' } : { kind: 'time', since };
    for await (const message of this.messages(filter, start, signal)) {
      const event = eventOf(message);
      if (!SyncError.is(event)) yield event;
    }
  }

  async *followPlaces(filter: EventLogFilter, signal: AbortSignal): AsyncGenerator<LoggedEvent, void, undefined> {
    const { after, since } = filter;
    const start: ReadStart =
      after === null
        ? { kind: 'time', since }
        : { kind: 'behind', created: after.log, sequence: after.sequence, since };
    for await (const message of this.messages(filter, start, signal)) {
      const place = { log: message.created, sequence: message.sequence };
      const event = eventOf(message);
      if (SyncError.is(event)) filter.onUnreadable?.(place, event);
      else yield { event, place };
    }
  }

  async read(filter: EventFilter & { readonly since?: Date; readonly limit: number }): Promise<LutraEvent[]> {
    const found: StoredMessage[] = [];
    // One filter per consumer (NATS 2.9): each kind is read by itself, exactly as many as could be wanted.
    for (const kind of filter.kinds ?? [undefined])
      found.push(
        ...(await readNewest(this.link, {
          ...this.readOptions(filter),
          filter: this.link.subjects.eventFilter(filter, kind),
        })),
      );
    found.sort((left, right) => left.sequence - right.sequence);
    const events = (filter.limit <= 0 ? [] : found.slice(-filter.limit)).map(eventOf);
    return events.flatMap((event) => (SyncError.is(event) ? [] : [event]));
  }

  /** What matches, not decoded: the subject ends with the kind, and most events are of kinds that few readers ask for. */
  private async *messages(
    filter: EventFilter,
    start: ReadStart,
    signal: AbortSignal,
  ): AsyncGenerator<StoredMessage, void, undefined> {
    const { kinds } = filter;
    const subject = this.link.subjects.eventFilter(filter, kinds?.length === 1 ? kinds[0] : undefined);
    const stream = this.link.subjects.streams.events;
    const wanted: ReadonlySet<string> | undefined = kinds && new Set(kinds);
    for await (const message of readOrdered(this.link, { stream, filter: subject, start, signal }))
      if (wanted?.has(message.subject.slice(message.subject.lastIndexOf('.') + 1)) ?? true) yield message;
  }

  private readOptions({ since, limit }: { readonly since?: Date; readonly limit: number }): {
    readonly stream: string;
    readonly limit: number;
    readonly since?: Date;
  } {
    return { stream: this.link.subjects.streams.events, limit, ...(since === undefined ? {} : { since }) };
  }
}

/** One message that is no event must not end the reading of all that come after it. */
function eventOf(message: StoredMessage): LutraEvent | SyncError {
  try {
    return decodeJson(message.data, 'an event') as LutraEvent;
  } catch (error) {
    return SyncError.of(error);
  }
}
