import { ByteCursor, corrupt } from './byte-cursor.ts';
import { COLUMN_TYPE } from '../schema/column-types.ts';
import { readPackedDecimal } from './read-decimal.ts';
import { clockText, dateText } from './read-temporal.ts';

/** The server's own limit. */
const DEPTH_MAX = 100;

const KIND = {
  SMALL_OBJECT: 0,
  LARGE_OBJECT: 1,
  SMALL_ARRAY: 2,
  LARGE_ARRAY: 3,
  LITERAL: 4,
  INT16: 5,
  UINT16: 6,
  INT32: 7,
  UINT32: 8,
  INT64: 9,
  UINT64: 10,
  DOUBLE: 11,
  STRING: 12,
  OPAQUE: 15,
} as const;

const LITERALS = ['null', 'true', 'false'];

/**
 * MySQL's binary JSON as the text that the server prints: members in stored order, ', ' and ': ' between them, integers and
 * decimals with all digits, doubles that keep being doubles ('1.0'), temporal values and bytes as the server's strings.
 */
export function decodeJson(bytes: Uint8Array): string {
  // The server stores an empty value where a statement left NULL in a NOT NULL column; it reads it as the literal null.
  if (bytes.length === 0) return 'null';
  const reader = new JsonReader(bytes.subarray(1));
  return reader.value(bytes[0] ?? KIND.LITERAL, 0, DEPTH_MAX);
}

class JsonReader {
  private readonly cursor: ByteCursor;
  /** Values of a real document never share bytes, so reading more than there are means loops or overlaps. */
  private budget: number;

  constructor(bytes: Uint8Array) {
    this.cursor = new ByteCursor(bytes);
    // Twice, because a value inside its entry is counted with the entry and by itself.
    this.budget = 2 * bytes.length + 16;
  }

  value(kind: number, at: number, depth: number): string {
    this.spend(1);
    this.cursor.at = at;
    switch (kind) {
      case KIND.SMALL_OBJECT:
      case KIND.LARGE_OBJECT:
        return this.container(at, { isLarge: kind === KIND.LARGE_OBJECT, isObject: true, depth });
      case KIND.SMALL_ARRAY:
      case KIND.LARGE_ARRAY:
        return this.container(at, { isLarge: kind === KIND.LARGE_ARRAY, isObject: false, depth });
      case KIND.STRING:
        return JSON.stringify(this.bytes(this.variableLength()).toString('utf8'));
      case KIND.OPAQUE:
        return this.opaque();
      default:
        return this.scalar(kind);
    }
  }

  private scalar(kind: number): string {
    const { cursor } = this;
    switch (kind) {
      case KIND.LITERAL: {
        const literal = LITERALS[cursor.uint8()];
        if (literal === undefined) throw corrupt('an unknown JSON literal');
        return literal;
      }
      case KIND.INT16:
        return String(cursor.view.getInt16(cursor.take(2), true));
      case KIND.UINT16:
        return String(cursor.uint16());
      case KIND.INT32:
        return String(cursor.view.getInt32(cursor.take(4), true));
      case KIND.UINT32:
        return String(cursor.uint32());
      case KIND.INT64:
        return String(cursor.view.getBigInt64(cursor.take(8), true));
      case KIND.UINT64:
        return String(cursor.view.getBigUint64(cursor.take(8), true));
      case KIND.DOUBLE:
        return doubleText(cursor.view.getFloat64(cursor.take(8), true));
      default:
        throw corrupt(`JSON of the unknown type ${String(kind)}`);
    }
  }

  private container(
    start: number,
    { isLarge, isObject, depth }: { readonly isLarge: boolean; readonly isObject: boolean; readonly depth: number },
  ): string {
    if (depth === 0) throw corrupt('JSON nested deeper than the server allows');
    const width = isLarge ? 4 : 2;
    const count = this.uint(width);
    this.uint(width);
    const keysAt = start + 2 * width;
    const entriesAt = keysAt + (isObject ? count * (width + 2) : 0);
    this.spend(count * (1 + width + (isObject ? width + 2 : 0)));
    const parts: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const key = isObject ? `${this.key(start, keysAt + index * (width + 2), width)}: ` : '';
      parts.push(key + this.entry(start, entriesAt + index * (1 + width), { width, depth }));
    }
    return isObject ? `{${parts.join(', ')}}` : `[${parts.join(', ')}]`;
  }

  private key(start: number, at: number, width: number): string {
    this.cursor.at = at;
    const offset = this.uint(width);
    const length = this.cursor.uint16();
    this.cursor.at = start + offset;
    return JSON.stringify(this.bytes(length).toString('utf8'));
  }

  private entry(
    start: number,
    at: number,
    { width, depth }: { readonly width: number; readonly depth: number },
  ): string {
    this.cursor.at = at;
    const kind = this.cursor.uint8();
    if (isInlined(kind, width)) return this.value(kind, at + 1, depth);
    return this.value(kind, start + this.uint(width), depth - 1);
  }

  private opaque(): string {
    const type = this.cursor.uint8();
    const value = this.bytes(this.variableLength());
    switch (type) {
      case COLUMN_TYPE.NEWDECIMAL:
        return readPackedDecimal(new ByteCursor(value));
      case COLUMN_TYPE.DATE:
      case COLUMN_TYPE.DATETIME:
      case COLUMN_TYPE.TIMESTAMP:
      case COLUMN_TYPE.TIME:
        return JSON.stringify(temporalText(type, new ByteCursor(value)));
      default:
        return JSON.stringify(`base64:type${String(type)}:${value.toString('base64')}`);
    }
  }

  private uint(width: number): number {
    return width === 4 ? this.cursor.uint32() : this.cursor.uint16();
  }

  /** Seven bits a byte, the low ones first, five bytes at most. */
  private variableLength(): number {
    let length = 0;
    for (let index = 0; index < 5; index += 1) {
      const byte = this.cursor.uint8();
      length += (byte & 0x7f) * 128 ** index;
      if (byte < 0x80) return length;
    }
    throw corrupt('a JSON value of impossible length');
  }

  private bytes(length: number): Buffer {
    this.spend(length);
    return this.cursor.view8(length);
  }

  private spend(bytes: number): void {
    this.budget -= bytes;
    if (this.budget < 0) throw corrupt('JSON whose values overlap');
  }
}

const isInlined = (kind: number, width: number): boolean =>
  kind === KIND.LITERAL ||
  kind === KIND.INT16 ||
  kind === KIND.UINT16 ||
  (width === 4 && (kind === KIND.INT32 || kind === KIND.UINT32));

/** A double stays one when it is read again: '1.0', not '1'; '-0.0', not '-0'. */
function doubleText(value: number): string {
  if (!Number.isFinite(value)) throw corrupt('a JSON number that is none');
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text;
}

/** Packed as 40 bits of date and time above 24 bits of microseconds. */
function temporalText(type: number, cursor: ByteCursor): string {
  const signed = cursor.view.getBigInt64(cursor.take(8), true);
  const packed = signed < 0n ? -signed : signed;
  const whole = Number(packed >> 24n);
  const fraction = `.${String(packed & 0xff_ff_ffn).padStart(6, '0')}`;
  const clock = { isNegative: false, minute: Math.floor(whole / 64) % 64, second: whole % 64 };
  if (type === COLUMN_TYPE.TIME) {
    return clockText({ ...clock, isNegative: signed < 0n, hour: Math.floor(whole / 4096) % 1024 }) + fraction;
  }
  const day = Math.floor(whole / 131_072);
  const month = Math.floor(day / 32);
  const date = dateText(Math.floor(month / 13), month % 13, day % 32);
  return type === COLUMN_TYPE.DATE
    ? date
    : `${date} ${clockText({ ...clock, hour: Math.floor(whole / 4096) % 32 })}${fraction}`;
}
