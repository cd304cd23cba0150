import type { SeededRandom } from './seeded-random.ts';

const HEADER_BYTES = 19;
const TIMES_MAX = 3;
/** Values that stand at the edges of lengths, counts and signs. */
const EDGES = [0, 1, 0x7f, 0x80, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff] as const;

/**
 * Damages one to three places of a list of events (header and body, no checksum): bytes, lengths, order, parts of other
 * events. The sizes in the headers are left to whoever seals the events again. Gives a new list; `events` stays as it is.
 */
export function damageEvents(
  events: readonly Buffer[],
  random: SeededRandom,
  donors: readonly Buffer[] = events,
): Buffer[] {
  const damaged = [...events];
  for (let left = 1 + random.below(TIMES_MAX); left > 0; left -= 1) {
    const kind = random.below(20);
    if (kind === 0) duplicate(damaged, random);
    else if (kind === 1) swap(damaged, random);
    else if (kind === 2 && damaged.length > 1) damaged.splice(random.below(damaged.length), 1);
    else {
      const at = random.below(damaged.length);
      const event = damaged[at];
      if (event !== undefined) damaged[at] = damageBytes(event, random, donors);
    }
  }
  return damaged;
}

/** One event with other bytes; never shorter than a header. */
export function damageBytes(event: Buffer, random: SeededRandom, donors: readonly Buffer[] = [event]): Buffer {
  const body = event.subarray(HEADER_BYTES);
  const at = random.below(body.length + 1);
  const length = random.below(Math.min(64, body.length - at + 1));
  const withBody = (...parts: Uint8Array[]): Buffer => Buffer.concat([event.subarray(0, HEADER_BYTES), ...parts]);
  switch (random.below(12)) {
    case 0:
      return withBody(body.subarray(0, at));
    case 1:
      return withBody(body.subarray(0, at), body.subarray(at + length));
    case 2:
      return withBody(body.subarray(0, at), body.subarray(at, at + length), body.subarray(at));
    case 3:
      return withBody(body, random.bytes(1 + random.below(40)));
    case 4:
      return withBody(body.subarray(0, at), partOf(donors, random), body.subarray(at + length));
    case 5:
      return withHeaderByte(event, random);
    case 6:
      return withBody(body.subarray(0, at), Buffer.alloc(length, random.pick(EDGES)), body.subarray(at + length));
    default:
      return withBytes(event, random);
  }
}

function withBytes(event: Buffer, random: SeededRandom): Buffer {
  const copy = Buffer.from(event);
  const width = random.pick([1, 1, 1, 1, 2, 4, 8]);
  const at = HEADER_BYTES + random.below(Math.max(1, copy.length - HEADER_BYTES));
  for (let byte = at; byte < Math.min(at + width, copy.length); byte += 1)
    copy[byte] = random.oneIn(2) ? random.pick(EDGES) : (copy[byte] ?? 0) ^ (1 << random.below(8));
  return copy;
}

/** Type, flags, server id, time: an event that claims to be another. */
function withHeaderByte(event: Buffer, random: SeededRandom): Buffer {
  const copy = Buffer.from(event);
  if (random.oneIn(2)) copy[4] = random.oneIn(2) ? random.below(48) : 160 + random.below(14);
  else copy[random.below(HEADER_BYTES)] = random.below(256);
  return copy;
}

function duplicate(events: Buffer[], random: SeededRandom): void {
  const event = events[random.below(events.length)];
  if (event !== undefined) events.splice(random.below(events.length + 1), 0, event);
}

function swap(events: Buffer[], random: SeededRandom): void {
  const [one, other] = [random.below(events.length), random.below(events.length)];
  const [left, right] = [events[one], events[other]];
  if (left === undefined || right === undefined) return;
  events[one] = right;
  events[other] = left;
}

function partOf(donors: readonly Buffer[], random: SeededRandom): Buffer {
  const donor = donors[random.below(donors.length)] ?? Buffer.alloc(0);
  const at = HEADER_BYTES + random.below(Math.max(1, donor.length - HEADER_BYTES));
  return donor.subarray(at, at + random.below(200));
}
