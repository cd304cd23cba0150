import { SyncError } from './sync-error.ts';

/** First and last number, alternating, ascending, neither overlapping nor adjacent: [1, 5, 7, 7] is 1-5:7. */
type Intervals = number[];

export interface GtidInterval {
  readonly uuid: string;
  /** '' for the GTIDs without a tag. */
  readonly tag: string;
  readonly intervals: readonly { readonly first: number; readonly last: number }[];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/;
const INTERVAL = /^(\d{1,19})(?:-(\d{1,19}))?$/;

/**
 * A set of MySQL GTIDs, tagged ones included. Mutable; membership and the usual `add` (one more than the last) take
 * constant time. Numbers above 2^53 are refused: a server that logs a million transactions a second needs 285 years for them.
 */
export class MysqlGtidSet {
  /** Key: 'uuid' or 'uuid:tag'. */
  private readonly sources = new Map<string, Intervals>();

  /** Reads the server's text form; white space and case do not matter. Throws SOURCE_POSITION_UNKNOWN. */
  static parse(text: string): MysqlGtidSet {
    const set = new MysqlGtidSet();
    for (const part of text.toLowerCase().replaceAll(/\s+/g, '').split(',')) {
      if (part !== '') set.parseSource(part);
    }
    return set;
  }

  /** `gtid` is 'uuid:n' or 'uuid:tag:n'. */
  contains(gtid: string): boolean {
    const { key, number } = splitGtid(gtid);
    const intervals = this.sources.get(key);
    return intervals !== undefined && indexOf(intervals, number).isInside;
  }

  add(gtid: string): void {
    const { key, number } = splitGtid(gtid);
    this.addInterval(key, number, number);
  }

  /** Takes in everything that `other` holds. */
  addAll(other: MysqlGtidSet): this {
    for (const [key, intervals] of other.sources)
      for (let i = 0; i < intervals.length; i += 2) this.addInterval(key, at(intervals, i), at(intervals, i + 1));
    return this;
  }

  get isEmpty(): boolean {
    return this.sources.size === 0;
  }

  /** What both hold. */
  intersect(other: MysqlGtidSet): MysqlGtidSet {
    return this.subtract(this.subtract(other));
  }

  /** What this one holds and `other` does not. */
  subtract(other: MysqlGtidSet): MysqlGtidSet {
    const rest = new MysqlGtidSet();
    for (const [key, intervals] of this.sources) {
      const taken = other.sources.get(key) ?? [];
      for (let i = 0; i < intervals.length; i += 2) {
        let first = at(intervals, i);
        const last = at(intervals, i + 1);
        for (let j = 0; j < taken.length && first <= last; j += 2) {
          if (at(taken, j + 1) < first || at(taken, j) > last) continue;
          if (at(taken, j) > first) rest.addInterval(key, first, at(taken, j) - 1);
          first = at(taken, j + 1) + 1;
        }
        if (first <= last) rest.addInterval(key, first, last);
      }
    }
    return rest;
  }

  /** Ordered by uuid and tag, as the replication protocol wants it. */
  entries(): GtidInterval[] {
    return [...this.sources.keys()].sort().map((key) => {
      const intervals = this.sources.get(key) ?? [];
      const pairs = [];
      for (let i = 0; i < intervals.length; i += 2) pairs.push({ first: at(intervals, i), last: at(intervals, i + 1) });
      return { uuid: key.slice(0, 36), tag: key.slice(37), intervals: pairs };
    });
  }

  /** The server's text form on one line; equal sets print equally. */
  toString(): string {
    let text = '';
    let uuidBefore = '';
    for (const { uuid, tag, intervals } of this.entries()) {
      text += uuid === uuidBefore ? `:${tag}` : `${text === '' ? '' : ','}${uuid}${tag === '' ? '' : `:${tag}`}`;
      uuidBefore = uuid;
      for (const { first, last } of intervals)
        text += first === last ? `:${String(first)}` : `:${String(first)}-${String(last)}`;
    }
    return text;
  }

  private parseSource(text: string): void {
    const [uuid = '', ...parts] = text.split(':');
    if (!UUID.test(uuid) || parts.length === 0) throw malformed(text);
    let key = uuid;
    for (const part of parts) {
      if (TAG.test(part)) {
        key = `${uuid}:${part}`;
        continue;
      }
      const match = INTERVAL.exec(part);
      if (match === null) throw malformed(text);
      const first = Number(match[1]);
      this.addInterval(key, first, match[2] === undefined ? first : Number(match[2]));
    }
  }

  private addInterval(key: string, first: number, last: number): void {
    if (first < 1 || last < first || !Number.isSafeInteger(last))
      throw malformed(`${key}:${String(first)}-${String(last)}`);
    const intervals = this.sources.get(key);
    if (intervals === undefined) {
      this.sources.set(key, [first, last]);
      return;
    }
    if (first === at(intervals, intervals.length - 1) + 1) {
      intervals[intervals.length - 1] = last;
      return;
    }
    // All intervals that touch [first - 1, last + 1] melt into one.
    let begin = indexOf(intervals, first - 1).index;
    let end = begin;
    let [newFirst, newLast] = [first, last];
    while (end < intervals.length && at(intervals, end) <= last + 1) {
      newFirst = Math.min(newFirst, at(intervals, end));
      newLast = Math.max(newLast, at(intervals, end + 1));
      end += 2;
    }
    begin = Math.min(begin, end);
    intervals.splice(begin, end - begin, newFirst, newLast);
  }
}

/** Index of the first interval that ends at or after `number`, and whether it holds `number`. */
function indexOf(intervals: Intervals, number: number): { readonly index: number; readonly isInside: boolean } {
  let low = 0;
  let high = intervals.length >> 1;
  // Nearly every question is about the newest interval.
  if (high > 0 && number >= at(intervals, intervals.length - 2)) low = high - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(intervals, middle * 2 + 1) < number) low = middle + 1;
    else high = middle;
  }
  const index = low * 2;
  return { index, isInside: index < intervals.length && at(intervals, index) <= number };
}

function splitGtid(gtid: string): { readonly key: string; readonly number: number } {
  const colon = gtid.lastIndexOf(':');
  const number = Number(gtid.slice(colon + 1));
  if (colon < 36 || !Number.isSafeInteger(number) || number < 1) throw malformed(gtid);
  return { key: gtid.slice(0, colon), number };
}

const at = (intervals: Intervals, index: number): number => intervals[index] ?? 0;

const malformed = (text: string): SyncError =>
  new SyncError('SOURCE_POSITION_UNKNOWN', { problem: `'${text}' is not a MySQL GTID or GTID set` });
