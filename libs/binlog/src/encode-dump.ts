import type { MysqlGtidSet } from '@lutra/model';

const COM_BINLOG_DUMP = 0x12;
const COM_REGISTER_REPLICA = 0x15;
const COM_BINLOG_DUMP_GTID = 0x1e;
/** The first event of every file. */
export const FIRST_OFFSET = 4;
/** Flag of both commands: at the end of the log comes an end packet, not a wait for more. */
const DUMP_NON_BLOCK = 0x01;
/** Flag of COM_BINLOG_DUMP_GTID: the set that follows counts, not file and offset. */
const DUMP_THROUGH_GTID = 0x04;

/** Puts the packet header before a command (all commands here are far below 16 MiB). */
function packet(payload: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  return Buffer.concat([header, payload]);
}

/** Announces us as a replica: the server lists us, and a later connection with the same id ends this one. */
export function encodeRegister(serverId: number): Buffer {
  const payload = Buffer.alloc(1 + 4 + 3 + 2 + 4 + 4);
  payload.writeUInt8(COM_REGISTER_REPLICA, 0);
  payload.writeUInt32LE(serverId, 1);
  return packet(payload);
}

/** Who asks, and whether the dump ends where the log ends. */
export interface DumpRequest {
  readonly serverId: number;
  readonly endsAtEndOfLog: boolean;
}

/** Dump from file and offset; MariaDB with an empty file: from @slave_connect_state. */
export function encodeFileDump(
  { serverId, endsAtEndOfLog }: DumpRequest,
  from: { readonly file: string; readonly offset: number },
): Buffer {
  const file = Buffer.from(from.file);
  const payload = Buffer.alloc(11 + file.length);
  payload.writeUInt8(COM_BINLOG_DUMP, 0);
  payload.writeUInt32LE(from.offset, 1);
  payload.writeUInt16LE(endsAtEndOfLog ? DUMP_NON_BLOCK : 0, 5);
  payload.writeUInt32LE(serverId, 7);
  file.copy(payload, 11);
  return packet(payload);
}

/** Dump of everything that is not in the set. */
export function encodeGtidDump({ serverId, endsAtEndOfLog }: DumpRequest, done: MysqlGtidSet): Buffer {
  const set = encodeGtidSet(done);
  const payload = Buffer.alloc(1 + 2 + 4 + 4 + 8 + 4 + set.length);
  payload.writeUInt8(COM_BINLOG_DUMP_GTID, 0);
  payload.writeUInt16LE(DUMP_THROUGH_GTID | (endsAtEndOfLog ? DUMP_NON_BLOCK : 0), 1);
  payload.writeUInt32LE(serverId, 3);
  payload.writeUInt32LE(0, 7);
  payload.writeBigUInt64LE(BigInt(FIRST_OFFSET), 11);
  payload.writeUInt32LE(set.length, 19);
  set.copy(payload, 23);
  return packet(payload);
}

/**
 * Binary form of a set: count of sources, then for each its uuid and its intervals (end exclusive). When a tag occurs the
 * count carries the format number 1 in its lowest and highest byte, and every source carries its tag (length doubled):
 * servers before 8.3 know neither, but then no tag came from them either.
 */
export function encodeGtidSet(set: MysqlGtidSet): Buffer {
  const entries = set.entries();
  const isTagged = entries.some(({ tag }) => tag !== '');
  const count = Buffer.alloc(8);
  count.writeBigUInt64LE(isTagged ? (1n << 56n) | (BigInt(entries.length) << 8n) | 1n : BigInt(entries.length));
  const parts = [count];
  for (const { uuid, tag, intervals } of entries) {
    parts.push(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
    if (isTagged) parts.push(Buffer.from([tag.length << 1]), Buffer.from(tag, 'latin1'));
    const bytes = Buffer.alloc(8 + intervals.length * 16);
    bytes.writeBigUInt64LE(BigInt(intervals.length));
    intervals.forEach(({ first, last }, index) => {
      bytes.writeBigUInt64LE(BigInt(first), 8 + index * 16);
      bytes.writeBigUInt64LE(BigInt(last) + 1n, 16 + index * 16);
    });
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
