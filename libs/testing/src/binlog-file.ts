/** First bytes of a binary log file. */
const MAGIC = Buffer.from([0xfe, 0x62, 0x69, 0x6e]);
const HEADER_BYTES = 19;
const SIZE_OFFSET = 9;
const FLAGS_OFFSET = 17;
const FLAG_ARTIFICIAL = 0x20;
const PACKET_HEADER_BYTES = 4;
const PACKET_BYTES_MAX = 0xffffff;

/** A binary log file as a server sends it: each event in a packet with a status byte. For files of events below 16 MiB. */
export function binlogFileToPackets(file: Buffer): Buffer {
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('This is no binary log file');
  const parts: Buffer[] = [];
  let sequence = 1;
  for (let at = MAGIC.length; at < file.length; sequence = (sequence + 1) & 0xff) {
    const size = file.readUInt32LE(at + SIZE_OFFSET);
    if (size < HEADER_BYTES || at + size > file.length || size + 1 >= PACKET_BYTES_MAX)
      throw new Error(`The event at ${String(at)} cannot be read`);
    const head = Buffer.alloc(PACKET_HEADER_BYTES + 1);
    head.writeUIntLE(size + 1, 0, 3);
    head.writeUInt8(sequence, 3);
    parts.push(head, file.subarray(at, at + size));
    at += size;
  }
  return Buffer.concat(parts);
}

/** The way back, for streams that are built: what a server makes up for the connection only (ROTATE) is left out. */
export function packetsToBinlogFile(packets: Buffer): Buffer {
  const parts: Buffer[] = [MAGIC];
  for (let at = 0; at < packets.length;) {
    const end = at + PACKET_HEADER_BYTES + packets.readUIntLE(at, 3);
    const event = packets.subarray(at + PACKET_HEADER_BYTES + 1, end);
    const isRotate = event[4] === 4 && (event.readUInt16LE(FLAGS_OFFSET) & FLAG_ARTIFICIAL) !== 0;
    if (!isRotate) parts.push(event);
    at = end;
  }
  return Buffer.concat(parts);
}
