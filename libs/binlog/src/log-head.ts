import { MysqlGtidSet, parseDone, SyncError } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import { EVENT_HEADER_BYTES, EVENT_TYPE, eventTypeName } from './event-types.ts';
import type { FramedEvent } from './framed-event.ts';

const COUNT_BYTES = 8;
const UUID_BYTES = 16;
const INTERVAL_BYTES = 16;
const GTID_LIST_ENTRY_BYTES = 16;

/**
 * What stands before a log file, as its head says it: PREVIOUS_GTIDS of MySQL (MySQL internals, "Gtid_set encoding": as
 * `encodeGtidSet` writes it) or GTID_LIST of MariaDB (knowledge base, "GTID_LIST_EVENT"). Throws SOURCE_EVENT_CORRUPT.
 */
export function readLogHead(event: FramedEvent): DonePlace {
  try {
    const body = event.bytes.subarray(EVENT_HEADER_BYTES);
    return event.type === EVENT_TYPE.PREVIOUS_GTIDS ? readPreviousGtids(body) : readGtidList(body);
  } catch (cause) {
    throw new SyncError(
      'SOURCE_EVENT_CORRUPT',
      { problem: `A ${eventTypeName(event.type)} cannot be read` },
      { cause },
    );
  }
}

/** True for the events that {@link readLogHead} reads. */
export const isLogHead = (type: number): boolean =>
  type === EVENT_TYPE.PREVIOUS_GTIDS || type === EVENT_TYPE.MARIADB_GTID_LIST;

function readPreviousGtids(body: Buffer): DonePlace {
  const isTagged = body.readUInt8(COUNT_BYTES - 1) === 1;
  const count = isTagged ? body.readUIntLE(1, 6) : Number(body.readBigUInt64LE(0));
  const parts: string[] = [];
  let at = COUNT_BYTES;
  for (let source = 0; source < count; source++) {
    const hex = body.toString('hex', at, at + UUID_BYTES);
    let name = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    at += UUID_BYTES;
    if (isTagged) {
      const length = body.readUInt8(at) >> 1;
      if (length > 0) name += `:${body.toString('latin1', at + 1, at + 1 + length)}`;
      at += 1 + length;
    }
    const intervals = Number(body.readBigUInt64LE(at));
    at += COUNT_BYTES;
    for (let interval = 0; interval < intervals; interval++, at += INTERVAL_BYTES)
      parts.push(`${name}:${String(body.readBigUInt64LE(at))}-${String(body.readBigUInt64LE(at + 8) - 1n)}`);
  }
  if (at !== body.length) throw new Error(`${String(body.length - at)} bytes are left`);
  return { kind: 'mysqlGtid', gtidSet: MysqlGtidSet.parse(parts.join(',')).toString() };
}

/** The highest 4 of the 32 bits of the count are flags. */
function readGtidList(body: Buffer): DonePlace {
  const count = body.readUInt32LE(0) & 0x0fffffff;
  const gtids: string[] = [];
  for (let at = 4; gtids.length < count; at += GTID_LIST_ENTRY_BYTES) {
    const [domain, server] = [body.readUInt32LE(at), body.readUInt32LE(at + 4)];
    gtids.push(`${String(domain)}-${String(server)}-${String(body.readBigUInt64LE(at + 8))}`);
  }
  return parseDone({ kind: 'mariadbGtid', gtidList: gtids.join(',') }).toDone();
}
