import { ByteCursor, corrupt } from './byte-cursor.ts';
import { textDecoderOf } from './charsets.ts';
import { doubleText, opaqueText } from './json-scalars.ts';

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
const decodeUtf8 = textDecoderOf('utf8mb4') as NonNullable<ReturnType<typeof textDecoderOf>>;

/** Where a value lies in its document, and how deep its own values may still nest. */
export interface JsonPlace {
  readonly kind: number;
  readonly at: number;
  readonly depth: number;
}

/** Where the keys and values of a container lie. Offsets count from `start`. */
interface Layout {
  readonly isObject: boolean;
  readonly start: number;
  readonly width: 2 | 4;
  readonly count: number;
  readonly keysAt: number;
  readonly entriesAt: number;
  readonly depth: number;
}

/**
 * Reads MySQL's binary JSON (MySQL source documentation, json_binary.h). Damaged bytes end in SOURCE_EVENT_CORRUPT; what is
 * read of one document is at most twice its bytes.
 */
export class JsonReader {
  readonly root: JsonPlace;
  private readonly cursor: ByteCursor;
  /** Values of a real document never share bytes, so reading more than there are means loops or overlaps. */
  private budget: number;

  /** `document` with its first byte, which says what the whole is. An empty one is read as null: so does the server. */
  constructor(document: Uint8Array) {
    const isEmpty = document.length === 0;
    this.cursor = new ByteCursor(isEmpty ? Buffer.of(0) : document.subarray(1));
    this.root = { kind: isEmpty ? KIND.LITERAL : (document[0] ?? 0), at: 0, depth: DEPTH_MAX };
    // Twice, because a value inside its entry is counted with the entry and by itself.
    this.budget = 2 * document.length + 16;
  }

  /** The value as the server prints it. */
  text(place: JsonPlace): string {
    this.spend(1);
    this.cursor.at = place.at;
    switch (place.kind) {
      case KIND.SMALL_OBJECT:
      case KIND.LARGE_OBJECT:
      case KIND.SMALL_ARRAY:
      case KIND.LARGE_ARRAY:
        return this.containerText(place);
      case KIND.STRING:
        return JSON.stringify(this.string(this.variableLength()));
      case KIND.OPAQUE: {
        const type = this.cursor.uint8();
        return opaqueText(type, this.bytes(this.variableLength()));
      }
      default:
        return this.scalarText(place.kind);
    }
  }

  /** Keys (null for an array) and values of a container, in stored order; null when the value is none. */
  contents(place: JsonPlace): { readonly keys: string[] | null; readonly values: JsonPlace[] } | null {
    if (place.kind > KIND.LARGE_ARRAY) return null;
    const layout = this.layout(place);
    const keys = layout.isObject ? Array.from({ length: layout.count }, (_, index) => this.key(layout, index)) : null;
    return { keys, values: Array.from({ length: layout.count }, (_, index) => this.place(layout, index)) };
  }

  private containerText(place: JsonPlace): string {
    const layout = this.layout(place);
    let text = '';
    for (let index = 0; index < layout.count; index += 1) {
      if (index > 0) text += ', ';
      if (layout.isObject) text += `${JSON.stringify(this.key(layout, index))}: `;
      text += this.text(this.place(layout, index));
    }
    return layout.isObject ? `{${text}}` : `[${text}]`;
  }

  private layout({ kind, at, depth }: JsonPlace): Layout {
    if (depth === 0) throw corrupt('JSON nested deeper than the server allows');
    const isObject = kind <= KIND.LARGE_OBJECT;
    const width = kind === KIND.LARGE_OBJECT || kind === KIND.LARGE_ARRAY ? 4 : 2;
    this.cursor.at = at;
    const count = this.uint(width);
    const keysAt = at + 2 * width;
    const entriesAt = keysAt + (isObject ? count * (width + 2) : 0);
    // Before anything is made of the count: it is never more than the bytes that are there.
    this.spend(2 * width + count * (1 + width + (isObject ? width + 2 : 0)));
    return { isObject, start: at, width, count, keysAt, entriesAt, depth };
  }

  private key({ start, keysAt, width }: Layout, index: number): string {
    this.cursor.at = keysAt + index * (width + 2);
    const offset = this.uint(width);
    const length = this.cursor.uint16();
    this.cursor.at = start + offset;
    return this.string(length);
  }

  private place({ start, entriesAt, width, depth }: Layout, index: number): JsonPlace {
    const at = entriesAt + index * (1 + width);
    this.cursor.at = at;
    const kind = this.cursor.uint8();
    return isInlined(kind, width)
      ? { kind, at: at + 1, depth: depth - 1 }
      : { kind, at: start + this.uint(width), depth: depth - 1 };
  }

  private scalarText(kind: number): string {
    const { cursor } = this;
    switch (kind) {
      case KIND.LITERAL: {
        const literal = LITERALS[cursor.uint8()];
        if (literal === undefined) throw corrupt('an unknown JSON literal');
        return literal;
      }
      case KIND.INT16:
        return String(cursor.int16());
      case KIND.UINT16:
        return String(cursor.uint16());
      case KIND.INT32:
        return String(cursor.int32());
      case KIND.UINT32:
        return String(cursor.uint32());
      case KIND.INT64:
        return String(cursor.int64());
      case KIND.UINT64:
        return String(cursor.uint64());
      case KIND.DOUBLE:
        return doubleText(cursor.double());
      default:
        throw corrupt(`JSON of the unknown type ${String(kind)}`);
    }
  }

  private uint(width: 2 | 4): number {
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

  private string(length: number): string {
    this.spend(length);
    const at = this.cursor.take(length);
    return decodeUtf8(this.cursor.bytes, at, at + length);
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

const isInlined = (kind: number, width: 2 | 4): boolean =>
  kind === KIND.LITERAL ||
  kind === KIND.INT16 ||
  kind === KIND.UINT16 ||
  (width === 4 && (kind === KIND.INT32 || kind === KIND.UINT32));
