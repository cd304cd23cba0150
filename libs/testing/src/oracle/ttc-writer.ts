const SHORT_BYTES_MAX = 252;
const CHUNKED = 254;
const CHUNK_BYTES = 32_767;

/** Writes what a server says in TTC; every method answers the writer itself. */
export class TtcWriter {
  private readonly parts: Uint8Array[] = [];

  get message(): Buffer {
    return Buffer.concat(this.parts);
  }

  byte(...values: readonly number[]): this {
    return this.raw(Buffer.from(values));
  }

  raw(bytes: Uint8Array): this {
    this.parts.push(bytes);
    return this;
  }

  /** How many bytes the number has, then the number; not negative, 48 bits at most. */
  number(value: number): this {
    if (value === 0) return this.byte(0);
    const length = Math.ceil(value.toString(16).length / 2);
    const bytes = Buffer.alloc(length);
    bytes.writeUIntBE(value, 0, length);
    return this.byte(length).raw(bytes);
  }

  zeros(count: number): this {
    return this.raw(Buffer.alloc(count));
  }

  /** Null and empty are the same. */
  value(bytes: Uint8Array | null): this {
    if (bytes === null || bytes.length === 0) return this.byte(0);
    if (bytes.length <= SHORT_BYTES_MAX) return this.byte(bytes.length).raw(bytes);
    this.byte(CHUNKED);
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      this.number(chunk.length).raw(chunk);
    }
    return this.byte(0);
  }

  /** The length as a number before the text, which has one of its own. */
  text(text: string): this {
    const bytes = Buffer.from(text);
    this.number(bytes.length);
    return bytes.length === 0 ? this : this.value(bytes);
  }

  pair(key: string, value: string, flags = 0): this {
    return this.text(key).text(value).number(flags);
  }
}
