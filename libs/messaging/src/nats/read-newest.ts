import { unreachable } from './nats-failure.ts';
import type { NatsLink } from './nats-link.ts';
import { countStored, readOrdered } from './ordered-reader.ts';
import type { ReadStart, StoredMessage } from './ordered-reader.ts';

/** The first guess of where the wanted messages begin is this many times their number before the end; then it grows. */
const FIRST_REACH = 4;
const REACH_GROWTH = 8;
const READ_LIMIT_MS = 10_000;

export interface NewestRead {
  readonly stream: string;
  readonly filter: string;
  readonly since?: Date;
  readonly limit: number;
}

/**
 * The newest `limit` messages that match, oldest first. Looks backwards from the end, so that a long log is not read whole.
 * What is there and does not come within 10 s is BUS_UNREACHABLE: fewer messages would read as if there were no more.
 */
export async function readNewest(
  link: NatsLink,
  read: NewestRead,
  timeLimit: () => AbortSignal = () => AbortSignal.timeout(READ_LIMIT_MS),
): Promise<StoredMessage[]> {
  if (read.limit <= 0) return [];
  const { start, count } = await startOf(link, read);
  if (count === 0) return [];
  let next = start;
  const messages: StoredMessage[] = [];
  const signal = AbortSignal.any([timeLimit(), link.closed]);
  for await (const message of readOrdered(link, { ...read, start, signal })) {
    messages.push(message);
    if (messages.length > 2 * read.limit) messages.splice(0, messages.length - read.limit);
    if (message.pending === 0) return messages.slice(-read.limit);
    next = { kind: 'sequence', sequence: message.sequence + 1 };
  }
  // Removed while it was read: what came is all that there is.
  if ((await countStored(link, { ...read, start: next })) === 0) return messages.slice(-read.limit);
  throw unreachable('not all messages came in time', link.address);
}

async function startOf(
  link: NatsLink,
  read: NewestRead,
): Promise<{ readonly start: ReadStart; readonly count: number }> {
  const { state } = await link.call(() => link.jsm.streams.info(read.stream));
  if (read.since !== undefined) {
    const start: ReadStart = { kind: 'time', since: read.since };
    const count = await countStored(link, { ...read, start });
    // More than wanted since then: the end of the log is the shorter way.
    if (count <= FIRST_REACH * read.limit) return { start, count };
  }
  for (let reach = FIRST_REACH * read.limit; ; reach *= REACH_GROWTH) {
    const sequence = Math.max(state.first_seq, state.last_seq - reach + 1);
    const start: ReadStart = { kind: 'sequence', sequence };
    const count = await countStored(link, { ...read, start });
    if (count >= read.limit || sequence <= state.first_seq) return { start, count };
  }
}
