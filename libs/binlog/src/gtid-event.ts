import { SyncError } from '@lutra/model';
import { xidText } from './event-bodies.ts';
import { EVENT_HEADER_BYTES, EVENT_TYPE } from './event-types.ts';
import type { FramedEvent } from './framed-event.ts';

/** What begins a transaction in the log. */
export interface GtidEvent {
  /** 'uuid:n', 'uuid:tag:n' or 'domain-server-sequence'; null when GTIDs are off (ANONYMOUS_GTID). */
  readonly gtid: string | null;
  /** ms since 1970 with the µs as decimals; MariaDB: whole seconds, it knows no more. */
  readonly commitMs: number;
  /** MariaDB: the transaction is one statement without an end of its own. MySQL does not say: false. */
  readonly isStandalone: boolean;
  /** MariaDB: the rows of an XA transaction that is only prepared. MySQL says so in the statement that follows. */
  readonly isXaPrepare: boolean;
  /** MariaDB: the decision on an XA transaction that was prepared before: the statement that follows says which. */
  readonly isXaEnd: boolean;
  /** MariaDB: name of the XA transaction that is prepared or decided, as statements have it: X'…',X'…',format. */
  readonly xid: string | null;
  /** MariaDB (binlog_alter_two_phase): the ALTER that follows has begun, or is decided; absent = it is logged once. */
  readonly alterPhase?: 'start' | 'commit' | 'rollback';
}

/** Flags of MariaDB's GTID event (FL_…). Others (transactional, parallel, waited, DDL) do not matter to a reader. */
const MARIADB_STANDALONE = 1;
const MARIADB_GROUP_COMMIT_ID = 2;
const MARIADB_PREPARED_XA = 64;
const MARIADB_COMPLETED_XA = 128;
/** sequence number 8, domain 4, flags 1. */
const MARIADB_FIXED_BYTES = 13;
/** Extra flags behind the group's id and the name of an XA transaction (FL_…_ALTER_E1). */
const MARIADB_ALTER_PHASES = [
  [2, 'start'],
  [4, 'commit'],
  [8, 'rollback'],
] as const;
const UUID_BYTES = 16;
/** Flags, uuid, number. */
const MYSQL_BYTES_MIN = 1 + UUID_BYTES + 8;
const MYSQL_DOES_NOT_SAY = { isStandalone: false, isXaPrepare: false, isXaEnd: false, xid: null };
/** flags, uuid, number, and the logical clock with its type, before the commit time. */
const MYSQL_COMMIT_TIME_OFFSET = EVENT_HEADER_BYTES + 1 + UUID_BYTES + 8 + 1 + 16;

/** Reads GTID, ANONYMOUS_GTID and tagged GTID events of MySQL, and MariaDB's. Throws SOURCE_EVENT_CORRUPT. */
export function readGtidEvent(event: FramedEvent): GtidEvent {
  if (event.type === EVENT_TYPE.MARIADB_GTID) return readMariadb(event);
  if (event.type === EVENT_TYPE.GTID_TAGGED) return readTagged(event);
  return readMysql(event);
}

function readMariadb(event: FramedEvent): GtidEvent {
  const { buffer, start, end } = event;
  if (end < start + EVENT_HEADER_BYTES + MARIADB_FIXED_BYTES) throw unreadable('it is too short');
  const sequence = readUInt64(buffer, start + EVENT_HEADER_BYTES);
  const domain = buffer.readUInt32LE(start + EVENT_HEADER_BYTES + 8);
  const flags = buffer.readUInt8(start + EVENT_HEADER_BYTES + 12);
  const read: GtidEvent = {
    gtid: `${String(domain)}-${String(event.serverId)}-${String(sequence)}`,
    commitMs: event.timestamp * 1000,
    isStandalone: (flags & MARIADB_STANDALONE) !== 0,
    isXaPrepare: (flags & MARIADB_PREPARED_XA) !== 0,
    isXaEnd: (flags & MARIADB_COMPLETED_XA) !== 0,
    xid: (flags & (MARIADB_PREPARED_XA | MARIADB_COMPLETED_XA)) === 0 ? null : readMariadbXid(event, flags),
  };
  const alterPhase = readAlterPhase(event, flags);
  return alterPhase === undefined ? read : { ...read, alterPhase };
}

/** Of statements only, which are standalone and have no XA name. Where there are no extra flags a zero fills the place. */
function readAlterPhase({ buffer, start, end }: FramedEvent, flags: number): GtidEvent['alterPhase'] {
  if ((flags & MARIADB_STANDALONE) === 0 || (flags & (MARIADB_PREPARED_XA | MARIADB_COMPLETED_XA)) !== 0)
    return undefined;
  const at = start + EVENT_HEADER_BYTES + MARIADB_FIXED_BYTES + ((flags & MARIADB_GROUP_COMMIT_ID) === 0 ? 0 : 8);
  const extra = at < end ? buffer.readUInt8(at) : 0;
  return MARIADB_ALTER_PHASES.find(([bit]) => (extra & bit) !== 0)?.[1];
}

/** Behind the id of a group commit, where there is one. What newer servers write behind the name is passed over. */
function readMariadbXid(event: FramedEvent, flags: number): string {
  const { buffer, end } = event;
  const fixedEnd = event.start + EVENT_HEADER_BYTES + MARIADB_FIXED_BYTES;
  const at = fixedEnd + ((flags & MARIADB_GROUP_COMMIT_ID) === 0 ? 0 : 8);
  if (at + 6 > end) throw unreadable('the name of an XA transaction is cut short');
  const globalAt = at + 6;
  const branchAt = globalAt + buffer.readUInt8(at + 4);
  const branchEnd = branchAt + buffer.readUInt8(at + 5);
  if (branchEnd > end) throw unreadable('the name of an XA transaction is cut short');
  return xidText(buffer.readInt32LE(at), buffer.subarray(globalAt, branchAt), buffer.subarray(branchAt, branchEnd));
}

function readMysql(event: FramedEvent): GtidEvent {
  const { buffer, start, end } = event;
  if (end < start + EVENT_HEADER_BYTES + MYSQL_BYTES_MIN) throw unreadable('it is too short');
  const uuidAt = start + EVENT_HEADER_BYTES + 1;
  const commitAt = start + MYSQL_COMMIT_TIME_OFFSET;
  const hasCommitTime = end >= commitAt + 7;
  // 55 bits of µs; the highest bit says that the original server's time follows.
  const commitUs = hasCommitTime
    ? buffer.readUIntLE(commitAt, 6) + (buffer.readUInt8(commitAt + 6) & 0x7f) * 2 ** 48
    : event.timestamp * 1e6;
  const gtid =
    event.type === EVENT_TYPE.ANONYMOUS_GTID
      ? null
      : `${uuidText(buffer, uuidAt)}:${String(readUInt64(buffer, uuidAt + UUID_BYTES))}`;
  return { gtid, commitMs: commitUs / 1000, ...MYSQL_DOES_NOT_SAY };
}

/**
 * Tagged GTIDs are written as numbered fields of variable-length integers: (id, value)… in ascending order of id, those
 * with their default left out. Read here: 1 uuid, 2 number, 3 tag, 6 commit time in µs.
 */
function readTagged(event: FramedEvent): GtidEvent {
  const reader = new FieldReader(event.buffer, event.start + EVENT_HEADER_BYTES, event.end);
  reader.unsigned(); // version
  reader.unsigned(); // size
  reader.unsigned(); // last field that a reader must know
  let [uuid, tag, number, commitUs] = ['', '', 0, event.timestamp * 1e6];
  while (!reader.isAtEnd) {
    const id = reader.unsigned();
    if (id === 0) reader.unsigned();
    else if (id === 1) uuid = uuidText(Buffer.from(Array.from({ length: UUID_BYTES }, () => reader.unsigned())), 0);
    else if (id === 2) number = reader.signed();
    else if (id === 3) tag = reader.text();
    else if (id === 4 || id === 5) reader.signed();
    else if (id === 6) commitUs = reader.unsigned();
    else break;
  }
  if (uuid === '' || number < 1) throw unreadable('uuid or number is missing');
  const gtid = tag === '' ? `${uuid}:${String(number)}` : `${uuid}:${tag}:${String(number)}`;
  return { gtid, commitMs: commitUs / 1000, ...MYSQL_DOES_NOT_SAY };
}

class FieldReader {
  constructor(
    private readonly buffer: Buffer,
    private at: number,
    private readonly end: number,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** The count of low one-bits of the first byte is the count of bytes that follow it. */
  unsigned(): number {
    return Number(this.raw());
  }

  /** As {@link unsigned}, with the sign in the lowest bit. */
  signed(): number {
    const raw = this.raw();
    return Number((raw & 1n) === 1n ? ~(raw >> 1n) : raw >> 1n);
  }

  text(): string {
    const length = this.unsigned();
    if (length > this.end - this.at) throw unreadable('a tag is longer than it');
    const text = this.buffer.toString('latin1', this.at, this.at + length);
    this.at += length;
    return text;
  }

  private raw(): bigint {
    const first = this.byte();
    let more = 0;
    while (more < 8 && ((first >> more) & 1) === 1) more++;
    let value = more >= 7 ? 0n : BigInt(first >> (more + 1));
    const firstBits = BigInt(Math.max(0, 7 - more));
    for (let index = 0; index < more; index++) value |= BigInt(this.byte()) << (firstBits + 8n * BigInt(index));
    return value;
  }

  private byte(): number {
    if (this.at >= this.end) throw unreadable('a field is longer than it');
    return this.buffer.readUInt8(this.at++);
  }
}

const unreadable = (why: string): SyncError =>
  new SyncError('SOURCE_EVENT_CORRUPT', { problem: `A GTID event cannot be read: ${why}` });

function uuidText(buffer: Buffer, at: number): string {
  const hex = buffer.toString('hex', at, at + UUID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Above 2^53 a GTID set refuses the number: it is not silently another one. */
const readUInt64 = (buffer: Buffer, at: number): number =>
  buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 2 ** 32;
