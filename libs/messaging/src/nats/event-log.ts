import { randomUUID } from 'node:crypto';
import { SyncError } from '@lutra/model';
import type { LutraEvent } from '@lutra/model';
import type { EventFilter, EventLogFilter, LoggedEvent } from '../bus.ts';
import { decodeJson, encodeJson } from './json-message.ts';
import { mergeStreams } from './merge-streams.ts';
import type { NatsLink } from './nats-link.ts';
import { readOrdered } from './ordered-reader.ts';
import type { ReadStart, StoredMessage } from './ordered-reader.ts';
import { readNewest } from './read-newest.ts';

/**
 * The event log: written by all, read in order. `window` events stand beside it, the newest few of each pipeline: at one a
 * second they would take the room of all others. Releases before them wrote windows into the log, and are read there too.
 */
export class EventLog {
  /** `window` events go where releases look for them that know no other place. */
  areWindowsInLog = false;

  constructor(private readonly link: NatsLink) {}

  /** The id lets a repeated publish (lost answer) be stored once. */
  async publish(event: LutraEvent, id: string = randomUUID()): Promise<void> {
    await this.link.publish(this.link.subjects.event(event, this.areWindowsInLog), encodeJson(event), { id });
  }

  async *follow(
    filter: EventFilter & { readonly since?: Date },
    signal: AbortSignal,
  ): AsyncGenerator<LutraEvent, void, undefined> {
    const { since } = filter;
    const start: ReadStart = since === undefined ? { kind: 'new' } : { kind: 'time', since };
    // A reader who stops ends both, also the one that waits for its next message.
    const ended = new AbortController();
    const until = AbortSignal.any([signal, ended.signal]);
    const log = this.messages(filter, start, until);
    const messages = hasWindows(filter) ? mergeStreams([log, this.windows(filter, start, until)]) : log;
    try {
      for await (const message of messages) {
        const event = eventOf(message);
        if (!SyncError.is(event)) yield event;
      }
    } finally {
      ended.abort();
    }
  }

  async *followPlaces(filter: EventLogFilter, signal: AbortSignal): AsyncGenerator<LoggedEvent, void, undefined> {
    const { after, since } = filter;
    const start: ReadStart =
      after === null
        ? { kind: 'time', since }
        : { kind: 'behind', created: after.log, sequence: after.sequence, since };
    // Whatever the kind of the message behind a hole: it may be one that nobody asked for.
    let isBehindHole = false;
    for await (const message of this.all(filter, start, signal)) {
      isBehindHole ||= message.dropped > 0;
      const place = { log: message.created, sequence: message.sequence };
      if (!isWanted(filter, message)) {
        filter.onPassed?.(place);
        continue;
      }
      const event = eventOf(message);
      if (SyncError.is(event)) {
        filter.onUnreadable?.(place, event);
        continue;
      }
      yield { event, place, isBehindHole };
      isBehindHole = false;
    }
  }

  async read(filter: EventFilter & { readonly since?: Date; readonly limit: number }): Promise<LutraEvent[]> {
    const { kinds, limit, since } = filter;
    if (limit <= 0) return [];
    const { subjects } = this.link;
    const options = { limit, ...(since === undefined ? {} : { since }) };
    const found: StoredMessage[] = [];
    // One filter per consumer (NATS 2.9): each kind is read by itself, exactly as many as could be wanted.
    for (const kind of kinds ?? [undefined]) {
      const read = { ...options, stream: subjects.streams.events, filter: subjects.eventFilter(filter, kind) };
      found.push(...(await readNewest(this.link, read)));
    }
    const events = found.sort((left, right) => left.sequence - right.sequence).flatMap(readable);
    if (!hasWindows(filter)) return events.slice(-limit);
    const read = { ...options, stream: subjects.streams.windows, filter: subjects.windowFilter(filter) };
    const windows = (await readNewest(this.link, read)).flatMap(readable);
    return inTime(events, windows).slice(-limit);
  }

  /** What matches, not decoded: the subject ends with the kind, and most events are of kinds that few readers ask for. */
  private async *messages(
    filter: EventFilter & Pick<EventLogFilter, 'onEnd'>,
    start: ReadStart,
    signal: AbortSignal,
  ): AsyncGenerator<StoredMessage, void, undefined> {
    for await (const message of this.all(filter, start, signal)) if (isWanted(filter, message)) yield message;
  }

  private all(
    filter: EventFilter & Pick<EventLogFilter, 'onEnd'>,
    start: ReadStart,
    signal: AbortSignal,
  ): AsyncGenerator<StoredMessage> {
    const { kinds, onEnd } = filter;
    const subject = this.link.subjects.eventFilter(filter, kinds?.length === 1 ? kinds[0] : undefined);
    const stream = this.link.subjects.streams.events;
    return readOrdered(this.link, { stream, filter: subject, start, signal, ...(onEnd && { onEnd }) });
  }

  private windows(filter: EventFilter, start: ReadStart, signal: AbortSignal): AsyncGenerator<StoredMessage> {
    const { subjects } = this.link;
    const subject = subjects.windowFilter(filter);
    return readOrdered(this.link, { stream: subjects.streams.windows, filter: subject, start, signal });
  }
}

/** Sequences of two streams do not compare: by their times, each in its own order whatever the clocks of its writers say. */
function inTime(one: readonly LutraEvent[], other: readonly LutraEvent[]): LutraEvent[] {
  const merged: LutraEvent[] = [];
  let taken = 0;
  for (const event of one) {
    for (let next = other[taken]; next !== undefined && next.at < event.at; next = other[taken]) {
      merged.push(next);
      taken += 1;
    }
    merged.push(event);
  }
  return [...merged, ...other.slice(taken)];
}

const hasWindows = ({ kinds }: EventFilter): boolean => kinds?.includes('window') ?? true;

const isWanted = ({ kinds }: EventFilter, { subject }: StoredMessage): boolean =>
  (kinds as readonly string[] | undefined)?.includes(subject.slice(subject.lastIndexOf('.') + 1)) ?? true;

/** One message that is no event must not end the reading of all that come after it. */
function eventOf(message: StoredMessage): LutraEvent | SyncError {
  try {
    return decodeJson(message.data, 'an event') as LutraEvent;
  } catch (error) {
    return SyncError.of(error);
  }
}

function readable(message: StoredMessage): LutraEvent[] {
  const event = eventOf(message);
  return SyncError.is(event) ? [] : [event];
}
