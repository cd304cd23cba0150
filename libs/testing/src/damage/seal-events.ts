import { crc32 } from 'node:zlib';

const SIZE_OFFSET = 9;
const TYPE_OFFSET = 4;
const FORMAT_DESCRIPTION = 15;
const CHECKSUM_BYTES = 4;
const HEAD_BYTES = 5;
/** One packet each: longer events are the framing's own tests. */
const PACKET_BYTES_MAX = 0xff_ff_fe;

/** Packets of a dump with sequence numbers: the size in each header made right and a checksum that fits. */
export function sealEvents(events: readonly Buffer[]): Buffer[] {
  return events.map((event, index) => {
    const size = event.length + CHECKSUM_BYTES;
    if (size >= PACKET_BYTES_MAX) throw new Error('an event that does not fit into one packet');
    const packet = Buffer.allocUnsafe(HEAD_BYTES + size);
    packet.writeUIntLE(size + 1, 0, 3);
    packet[3] = (index + 1) & 0xff;
    packet[4] = 0;
    event.copy(packet, HEAD_BYTES);
    packet.writeUInt32LE(size, HEAD_BYTES + SIZE_OFFSET);
    // Recordings carry the format description without its checksum; the byte before that one names the algorithm.
    if (event[TYPE_OFFSET] === FORMAT_DESCRIPTION && (event.at(-1) ?? 0) <= 1)
      packet[HEAD_BYTES + event.length - 1] = 1;
    packet.writeUInt32LE(crc32(packet.subarray(HEAD_BYTES, -CHECKSUM_BYTES)), packet.length - CHECKSUM_BYTES);
    return packet;
  });
}
