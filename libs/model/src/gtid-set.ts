import { assertNever } from './assert.ts';
import { MysqlGtidSet } from './mysql-gtid-set.ts';
import type { DonePlace } from './place.ts';
import { SyncError } from './sync-error.ts';

/** A {@link DonePlace} in a form that answers and grows quickly. Mutable: one owner. */
export interface DoneSet {
  /** `gtid` as in TransactionHeader. True when this transaction is done. */
  contains(gtid: string): boolean;
  /** From now on the transaction is done. */
  add(gtid: string): void;
  toDone(): DonePlace;
}

/** Throws SOURCE_POSITION_UNKNOWN when the text of the place is malformed. */
export function parseDone(done: DonePlace): DoneSet {
  switch (done.kind) {
    case 'mysqlGtid':
      return new MysqlDone(MysqlGtidSet.parse(done.gtidSet));
    case 'mariadbGtid':
      return new MariadbDone(parseMariadbGtidList(done.gtidList));
    case 'file':
      return new FileDone(done);
    default:
      return assertNever(done);
  }
}

// A place is a constant: its parsed form may be kept for as long as somebody holds it.
const parsedPlaces = new WeakMap<DonePlace, DoneSet>();

/** Whether the place says that this transaction is done. The parsed form of a place is kept with it. */
export function containsTransaction(done: DonePlace, gtid: string): boolean {
  let parsed = parsedPlaces.get(done);
  if (parsed === undefined) parsedPlaces.set(done, (parsed = parseDone(done)));
  return parsed.contains(gtid);
}

/**
 * What is done in all of the places (at least one, all of one kind): where select has to resume for several lanes.
 * Throws SOURCE_SERVER_CHANGED when file positions of several servers or places of several kinds meet.
 */
export function intersectDone(places: readonly DonePlace[]): DonePlace {
  const [first, ...rest] = places;
  if (first === undefined) throw new Error('intersectDone: no place given');
  return rest.reduce(intersectTwo, first);
}

/** What is done in one of two places of one kind. Throws like {@link intersectDone}. */
export function unionDone(one: DonePlace, other: DonePlace): DonePlace {
  if (one.kind === 'mysqlGtid' && other.kind === 'mysqlGtid') {
    const both = MysqlGtidSet.parse(one.gtidSet).addAll(MysqlGtidSet.parse(other.gtidSet));
    return { kind: 'mysqlGtid', gtidSet: both.toString() };
  }
  if (one.kind === 'mariadbGtid' && other.kind === 'mariadbGtid') {
    const both = parseMariadbGtidList(one.gtidList);
    for (const gtid of parseMariadbGtidList(other.gtidList).values()) addMariadb(both, gtid);
    return new MariadbDone(both).toDone();
  }
  if (one.kind === 'file' && other.kind === 'file' && one.serverUuid === other.serverUuid)
    return compareFilePlaces(one, other) >= 0 ? one : other;
  throw notComparable(one, other);
}

/**
 * Whether everything that `part` says is done is done in `whole` too. False for places that cannot be compared: of other
 * kinds, or files of another server.
 */
export function coversDone(whole: DonePlace, part: DonePlace): boolean {
  if (whole.kind === 'mysqlGtid' && part.kind === 'mysqlGtid')
    return MysqlGtidSet.parse(part.gtidSet).subtract(MysqlGtidSet.parse(whole.gtidSet)).isEmpty;
  if (whole.kind === 'mariadbGtid' && part.kind === 'mariadbGtid') {
    const newest = parseMariadbGtidList(whole.gtidList);
    return [...parseMariadbGtidList(part.gtidList).values()].every(
      ({ domain, sequence }) => sequence <= (newest.get(domain)?.sequence ?? -1),
    );
  }
  if (whole.kind === 'file' && part.kind === 'file')
    return whole.serverUuid === part.serverUuid && compareFilePlaces(part, whole) <= 0;
  return false;
}

/** The smallest place in which the transaction is done; `like` gives kind and server. */
export function placeOfTransaction(gtid: string, like: DonePlace): DonePlace {
  switch (like.kind) {
    case 'mysqlGtid':
      return { kind: 'mysqlGtid', gtidSet: gtid };
    case 'mariadbGtid':
      return { kind: 'mariadbGtid', gtidList: gtid };
    case 'file':
      return { ...like, ...parseFileGtid(gtid) };
  }
}

/** A MariaDB GTID; the sequence orders inside its domain. */
export interface MariadbGtid {
  readonly domain: number;
  readonly server: number;
  readonly sequence: number;
}

const UINT32_MAX = 0xffff_ffff;

/** Reads 'domain-server-sequence'. Throws SOURCE_POSITION_UNKNOWN. By hand, because it is done for every transaction. */
export function parseMariadbGtid(text: string): MariadbGtid {
  const serverAt = text.indexOf('-') + 1;
  const sequenceAt = text.indexOf('-', serverAt) + 1;
  const domain = digitsIn(text, 0, serverAt - 1);
  const server = digitsIn(text, serverAt, sequenceAt - 1);
  const sequence = digitsIn(text, sequenceAt, text.length);
  if (!(domain <= UINT32_MAX && server <= UINT32_MAX && Number.isSafeInteger(sequence)))
    throw new SyncError('SOURCE_POSITION_UNKNOWN', { problem: `'${text}' is not a MariaDB GTID` });
  return { domain, server, sequence };
}

/** The number between `from` and `end`; NaN when there is anything but digits, or nothing. */
function digitsIn(text: string, from: number, end: number): number {
  if (end <= from) return NaN;
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Newest GTID per domain. Of two in one domain the higher sequence counts (gtid_strict_mode: sequences only grow). */
export function parseMariadbGtidList(text: string): Map<number, MariadbGtid> {
  const newest = new Map<number, MariadbGtid>();
  for (const part of text.replaceAll(/\s+/g, '').split(',')) {
    if (part !== '') addMariadb(newest, parseMariadbGtid(part));
  }
  return newest;
}

/** Compares binlog file names by their number, then offsets: negative when the first is earlier. */
export function compareFilePlaces(
  one: { readonly file: string; readonly offset: number },
  other: { readonly file: string; readonly offset: number },
): number {
  return fileIndex(one.file) - fileIndex(other.file) || one.offset - other.offset;
}

class MysqlDone implements DoneSet {
  constructor(private readonly set: MysqlGtidSet) {}
  contains(gtid: string): boolean {
    return this.set.contains(gtid);
  }
  add(gtid: string): void {
    this.set.add(gtid);
  }
  toDone(): DonePlace {
    return { kind: 'mysqlGtid', gtidSet: this.set.toString() };
  }
}

class MariadbDone implements DoneSet {
  private lastText = '';
  private lastGtid: MariadbGtid = { domain: 0, server: 0, sequence: 0 };

  constructor(private readonly newest: Map<number, MariadbGtid>) {}
  contains(gtid: string): boolean {
    const { domain, sequence } = this.parse(gtid);
    return sequence <= (this.newest.get(domain)?.sequence ?? -1);
  }
  add(gtid: string): void {
    addMariadb(this.newest, this.parse(gtid));
  }
  /** A transaction is asked for when it begins and added when it ends: the second time costs nothing. */
  private parse(text: string): MariadbGtid {
    if (text !== this.lastText) {
      this.lastGtid = parseMariadbGtid(text);
      this.lastText = text;
    }
    return this.lastGtid;
  }
  toDone(): DonePlace {
    const ordered = [...this.newest.values()].sort((one, other) => one.domain - other.domain);
    const gtidList = ordered
      .map(({ domain, server, sequence }) => `${String(domain)}-${String(server)}-${String(sequence)}`)
      .join(',');
    return { kind: 'mariadbGtid', gtidList };
  }
}

class FileDone implements DoneSet {
  constructor(private place: Extract<DonePlace, { kind: 'file' }>) {}
  contains(gtid: string): boolean {
    return compareFilePlaces(parseFileGtid(gtid), this.place) <= 0;
  }
  add(gtid: string): void {
    const end = parseFileGtid(gtid);
    if (compareFilePlaces(end, this.place) > 0) this.place = { ...this.place, ...end };
  }
  toDone(): DonePlace {
    return this.place;
  }
}

function intersectTwo(one: DonePlace, other: DonePlace): DonePlace {
  if (one.kind === 'mysqlGtid' && other.kind === 'mysqlGtid') {
    const both = MysqlGtidSet.parse(one.gtidSet).intersect(MysqlGtidSet.parse(other.gtidSet));
    return { kind: 'mysqlGtid', gtidSet: both.toString() };
  }
  if (one.kind === 'mariadbGtid' && other.kind === 'mariadbGtid') {
    const [newestOfOne, newestOfOther] = [parseMariadbGtidList(one.gtidList), parseMariadbGtidList(other.gtidList)];
    const both = new Map<number, MariadbGtid>();
    for (const [domain, gtid] of newestOfOne) {
      const match = newestOfOther.get(domain);
      if (match !== undefined) both.set(domain, match.sequence < gtid.sequence ? match : gtid);
    }
    return new MariadbDone(both).toDone();
  }
  if (one.kind === 'file' && other.kind === 'file' && one.serverUuid === other.serverUuid)
    return compareFilePlaces(one, other) <= 0 ? one : other;
  throw notComparable(one, other);
}

function notComparable(one: DonePlace, other: DonePlace): SyncError {
  const serverUuid = one.kind === 'file' ? one.serverUuid : other.kind === 'file' ? other.serverUuid : 'unknown';
  return new SyncError('SOURCE_SERVER_CHANGED', {
    problem: `Positions of kind ${one.kind} and ${other.kind} cannot be compared: they come from different servers`,
    serverUuid,
  });
}

function addMariadb(newest: Map<number, MariadbGtid>, gtid: MariadbGtid): void {
  const before = newest.get(gtid.domain);
  if (before === undefined || before.sequence < gtid.sequence) newest.set(gtid.domain, gtid);
}

function parseFileGtid(gtid: string): { readonly file: string; readonly offset: number } {
  const colon = gtid.lastIndexOf(':');
  const offset = Number(gtid.slice(colon + 1));
  if (colon < 1 || !Number.isSafeInteger(offset) || offset < 0)
    throw new SyncError('SOURCE_POSITION_UNKNOWN', { problem: `'${gtid}' is not a position of the form file:offset` });
  return { file: gtid.slice(0, colon), offset };
}

/** 'mysql-bin.000123' → 123. Names grow to seven digits after 999999, so that text order would be wrong. */
function fileIndex(file: string): number {
  const index = Number(file.slice(file.lastIndexOf('.') + 1));
  if (!Number.isSafeInteger(index))
    throw new SyncError('SOURCE_POSITION_UNKNOWN', { problem: `'${file}' is not the name of a binary log file` });
  return index;
}
