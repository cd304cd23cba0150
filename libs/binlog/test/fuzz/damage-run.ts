import { isDeepStrictEqual } from 'node:util';
import { EventFramer } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { must, SyncError } from '@lutra/model';
import { damageBytes, damageEvents, sealEvents, SeededRandom } from '@lutra/testing';
import type { RecordedStream } from '@lutra/testing';
import { ServerPacketError } from '../../src/server-packet-error.ts';
import { countAllocated, measureOutput } from './measure-output.ts';
import { readEverything } from './read-everything.ts';

/** Deflate makes 1 032 bytes of one at best; nothing else comes near. */
const OUTPUT_FACTOR = 1_100;
/** What an event of no size may cost: views, tables of fixed size, one packet's head. */
const OUTPUT_BYTES_MIN = 128 * 1024;
const WINDOW_EVENTS_MAX = 8;
const PACKET_HEAD_BYTES = 5;
const XID = Buffer.from([0, 0, 0, 0, 16, 1, 0, 0, 0, 31, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
const FORMAT_DESCRIPTION = 15;
const TABLE_MAP = 19;

/** What became of the mutations, for a test that wants to see that they do something. */
export interface DamageTotals {
  checksum: number;
  packets: number;
  resealed: number;
  /** Resealed mutations of which no event ended in an error. */
  harmless: number;
}

/**
 * One mutation, all of it from seed and index. Mode checksum: bytes of one event under the old checksum. Mode packets: any
 * byte of the stream. Mode resealed: damage of which sizes and checksums know nothing. Throws what was promised not to happen.
 */
export function runMutation(
  streams: readonly RecordedStream[],
  { seed, index }: { readonly seed: number; readonly index: number },
  totals: DamageTotals,
): void {
  const random = new SeededRandom(seed, index);
  const stream = must(streams[random.below(streams.length)], 'there are streams');
  const events = chooseWindow(stream.events, random);
  const mode = random.below(20);
  if (mode < 5) {
    totals.checksum += 1;
    damageUnderChecksum(events, random);
  } else if (mode < 7) {
    totals.packets += 1;
    damagePackets(events, random);
  } else {
    totals.resealed += 1;
    const donor = must(streams[random.below(streams.length)], 'there are streams');
    const isHarmless = damageResealed(events, random, donor.events);
    if (isHarmless) totals.harmless += 1;
  }
}

/** A few events that stand together, from a table map on where there is one, and an end behind them. */
function chooseWindow(events: readonly Buffer[], random: SeededRandom): Buffer[] {
  let first = random.below(events.length);
  for (let back = 0; back < WINDOW_EVENTS_MAX / 2 && first > 0 && events[first]?.[4] !== TABLE_MAP; back += 1)
    first -= 1;
  return [...events.slice(first, first + 1 + random.below(WINDOW_EVENTS_MAX)), XID];
}

interface Framed {
  readonly events: Buffer[];
  readonly error: unknown;
}

/** Frames in chunks of any size; the events' bytes, copied, up to the first error. */
function frame(stream: Buffer, random: SeededRandom): Framed {
  const framer = new EventFramer({ hasChecksum: true });
  const framed: Framed['events'] = [];
  const size = random.oneIn(2) ? stream.length : 1 + random.below(stream.length);
  let pieces: Buffer[] = [];
  for (let at = 0; at < stream.length; at += size) {
    const events: FramedEvent[] = [];
    let error: unknown = null;
    try {
      framer.push(stream.subarray(at, at + size), events);
    } catch (failure) {
      error = failure;
    }
    for (const event of events) {
      pieces.push(Buffer.from(event.bytes));
      if (event.kind !== 'whole' && event.kind !== 'end') continue;
      framed.push(Buffer.concat(pieces));
      pieces = [];
    }
    if (error !== null) return { events: framed, error };
  }
  return { events: framed, error: null };
}

/** Every mutation is an error that says where; nothing of the damaged event counts as read. */
function damageUnderChecksum(events: readonly Buffer[], random: SeededRandom): void {
  const packets = sealEvents(events);
  const at = random.below(packets.length);
  const packet = must(packets[at], 'the index is below the length');
  const damaged = damageBytes(packet.subarray(PACKET_HEAD_BYTES), random);
  if (damaged.equals(packet.subarray(PACKET_HEAD_BYTES))) return;
  const head = Buffer.from(packet.subarray(0, PACKET_HEAD_BYTES));
  head.writeUIntLE(damaged.length + 1, 0, 3);
  const stream = Buffer.concat([
    ...packets.slice(0, at),
    head,
    damaged,
    ...packets.slice(at + 1),
    xidPacket(packets.length),
  ]);
  const { events: framed, error } = frame(stream, random);
  if (!SyncError.is(error)) throw new Error('a damaged event went through under its checksum', { cause: error });
  const streamByte = packets.slice(0, at).reduce((sum, { length }) => sum + length, 0);
  // Whether checksums were really switched off, the event behind a damaged format description says.
  const isFormat = damaged[4] === FORMAT_DESCRIPTION || packet[PACKET_HEAD_BYTES + 4] === FORMAT_DESCRIPTION;
  const said = error.details['streamByte'];
  const isThere = said === streamByte || (isFormat && said === streamByte + damaged.length + PACKET_HEAD_BYTES);
  if (!error.code.startsWith('SOURCE_EVENT_') || !isThere)
    throw new Error(`the error says byte ${String(said)}, the damage is at ${String(streamByte)}`, { cause: error });
  assertPrefix(framed.slice(0, at), packets);
  if (framed.length > at && !isFormat) throw new Error('a damaged event was handed on as whole');
}

/** Flips, swaps and cuts of any bytes of the stream, packet headers too: what is handed on is what was sent. */
function damagePackets(events: readonly Buffer[], random: SeededRandom): void {
  const packets = sealEvents(events);
  const shuffled = [...packets];
  const place = random.below(shuffled.length);
  if (random.oneIn(3)) shuffled.splice(place, 1);
  else if (random.oneIn(2)) shuffled.splice(place, 0, ...shuffled.slice(random.below(shuffled.length)));
  const stream = Buffer.concat(shuffled);
  if (stream.length === 0) return;
  for (let left = random.below(4); left > 0; left -= 1)
    stream[random.below(stream.length)] = random.oneIn(4) ? 0xff : random.below(256);
  const { events: framed, error } = frame(stream.subarray(0, 1 + random.below(stream.length)), random);
  if (error !== null && !SyncError.is(error) && !(error instanceof ServerPacketError))
    throw new Error('an error of no type', { cause: error });
  const isFormatThere = packets.some((packet) => packet[PACKET_HEAD_BYTES + 4] === FORMAT_DESCRIPTION);
  if (!isFormatThere) assertPrefix(framed, packets);
}

function assertPrefix(framed: readonly Buffer[], packets: readonly Buffer[]): void {
  framed.forEach((event, index) => {
    const sent = must(packets[index], 'no more events than packets').subarray(PACKET_HEAD_BYTES, -4);
    if (!event.equals(sent)) throw new Error(`event ${String(index)} was handed on with other bytes than were sent`);
  });
}

/** Damage that checksums do not see: typed errors or other values, the same whatever stands around the event, of a bounded size. */
function damageResealed(events: readonly Buffer[], random: SeededRandom, donors: readonly Buffer[]): boolean {
  const damaged = damageEvents(events, random, donors);
  const { events: framed, error } = frame(Buffer.concat(sealEvents(damaged)), random);
  if (error !== null && !SyncError.is(error)) throw new Error('an error of no type', { cause: error });
  const poison = random.below(256);
  const first = readEverything(framed, poison);
  // The second reading is measured: tables of charsets are made once, by the first that needs them.
  const { result: second, bytes } = countAllocated(() => readEverything(framed, 255 - poison));
  if (!isDeepStrictEqual(first, second)) throw new Error('what was read depends on bytes around the event');
  const inputBytes = framed.reduce((sum, { length }) => sum + length, 0);
  const limit = OUTPUT_BYTES_MIN + OUTPUT_FACTOR * inputBytes;
  if (measureOutput(first) + bytes > limit)
    throw new Error(
      `${String(measureOutput(first))} bytes read and ${String(bytes)} asked for from ${String(inputBytes)}`,
    );
  return error === null && first.every((result) => typeof result !== 'string');
}

function xidPacket(count: number): Buffer {
  const [packet] = sealEvents([XID]);
  const copy = Buffer.from(must(packet, 'one event gives one packet'));
  copy[3] = (count + 1) & 0xff;
  return copy;
}
