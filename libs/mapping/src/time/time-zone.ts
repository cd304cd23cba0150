import { ClockFields, SECONDS_MAX } from './clock-fields.ts';

/** 0001-01-01: what Intl says of earlier moments is not asked for. */
const ASKED_MIN = -62_135_596_800;
/** Some 24 days. */
const BLOCK_SECONDS = 2 ** 21;
const DAY_SECONDS = 86_400;
/** Blocks that are kept: all of 250 years. */
const BLOCKS_MAX = 4_096;
/** No zone is further from UTC, but for those before 1900 that crossed the date line. */
const OFFSET_MAX = 16 * 3_600;
const FIXED = /^([+-])(\d\d):(\d\d)$/;

/** Seconds since 1970 from which on an offset holds. */
interface Change {
  readonly from: number;
  readonly offset: number;
}

/**
 * A time zone of the IANA database as Node has it ('Europe/Vienna'), 'UTC', or a fixed offset ('+02:00'). In whole seconds;
 * offsets are seconds east of UTC. Asking Intl costs microseconds, so what holds for some weeks is asked for once.
 */
export class TimeZone {
  private readonly blocks = new Map<number, readonly Change[]>();

  private constructor(private readonly ask: ((utc: number) => number) | number) {}

  /** Null when there is no such zone. */
  static of(name: string): TimeZone | null {
    const known = ZONES.get(name);
    if (known !== undefined) return known;
    const zone = TimeZone.read(name);
    if (zone !== null) ZONES.set(name, zone);
    return zone;
  }

  private static read(name: string): TimeZone | null {
    if (name.toUpperCase() === 'UTC' || name === 'Z') return new TimeZone(0);
    const [, sign, hours = '', minutes = ''] = FIXED.exec(name) ?? [];
    if (sign !== undefined) {
      const offset = Number(hours) * 3_600 + Number(minutes) * 60;
      return Number(minutes) > 59 || offset > OFFSET_MAX ? null : new TimeZone(sign === '-' ? -offset : offset);
    }
    const format = formatOf(name);
    return format === null ? null : new TimeZone((utc) => askedOffset(format, utc));
  }

  offsetAt(utc: number): number {
    if (typeof this.ask === 'number') return this.ask;
    const asked = Math.min(Math.max(utc, ASKED_MIN), SECONDS_MAX);
    const block = Math.floor(asked / BLOCK_SECONDS);
    let changes = this.blocks.get(block);
    if (changes === undefined) {
      if (this.blocks.size >= BLOCKS_MAX) this.blocks.clear();
      changes = changesOf(block, this.ask);
      this.blocks.set(block, changes);
    }
    let offset = 0;
    for (const change of changes) {
      if (change.from > asked) break;
      offset = change.offset;
    }
    return offset;
  }

  /**
   * The moment of a local time (seconds as if it were UTC). Of a time that the clocks show twice the first one. NaN of a time that
   * they skip: {@link changeAt}.
   */
  toUtc(local: number): number {
    const early = this.offsetAt(local - OFFSET_MAX);
    const late = this.offsetAt(local + OFFSET_MAX);
    const [one, other] = [local - Math.max(early, late), local - Math.min(early, late)];
    if (one + this.offsetAt(one) === local) return one;
    return other + this.offsetAt(other) === local ? other : Number.NaN;
  }

  /** The moment at which the clocks are put forward over a local time that they skip. */
  changeAt(local: number): number {
    const early = this.offsetAt(local - OFFSET_MAX);
    const late = this.offsetAt(local + OFFSET_MAX);
    return firstOf(local - late - 1, local - early, (utc) => this.offsetAt(utc) !== early);
  }
}

const ZONES = new Map<string, TimeZone>();

function formatOf(timeZone: string): Intl.DateTimeFormat | null {
  // Offsets have one form here; Intl of other versions of Node knows more of them.
  if (/^[+-]/.test(timeZone)) return null;
  try {
    const parts = {
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    } as const;
    return new Intl.DateTimeFormat('en-US-u-ca-gregory', { timeZone, hourCycle: 'h23', era: 'short', ...parts });
  } catch {
    return null;
  }
}

function askedOffset(format: Intl.DateTimeFormat, utc: number): number {
  const local = new ClockFields();
  for (const { type, value } of format.formatToParts(utc * 1_000)) {
    if (
      type === 'year' ||
      type === 'month' ||
      type === 'day' ||
      type === 'hour' ||
      type === 'minute' ||
      type === 'second'
    )
      local[type] = Number(value);
    // Year 1 before Christ is year 0.
    else if (type === 'era' && value.startsWith('B')) local.isNegative = true;
  }
  if (local.isNegative) local.year = 1 - local.year;
  return local.seconds - utc;
}

/** Two days in a row that begin with the same offset have it all the time: no zone changed twice in a day. */
function changesOf(block: number, ask: (utc: number) => number): readonly Change[] {
  const start = Math.max(block * BLOCK_SECONDS, ASKED_MIN);
  const end = Math.min((block + 1) * BLOCK_SECONDS, SECONDS_MAX);
  const changes: Change[] = [{ from: start, offset: ask(start) }];
  let offset = changes[0]?.offset ?? 0;
  for (let day = start; day < end; day += DAY_SECONDS) {
    const next = Math.min(day + DAY_SECONDS, end);
    const after = ask(next);
    if (after === offset) continue;
    const before = offset;
    changes.push({ from: firstOf(day, next, (utc) => ask(utc) !== before), offset: after });
    offset = after;
  }
  return changes;
}

/** The first second behind `low`, up to `high`, at which something is so that stays so. */
function firstOf(low: number, high: number, isSo: (utc: number) => boolean): number {
  let [before, at] = [low, high];
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (isSo(middle)) at = middle;
    else before = middle;
  }
  return at;
}
