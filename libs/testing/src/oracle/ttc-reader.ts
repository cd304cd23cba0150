/** A length of this value says that chunks follow, up to one of length zero. */
const CHUNKED = 254;
const NULL = 255;

/** Reads what a client says in TTC, the language above Oracle's packets. Throws RangeError behind the end of a message. */
export class TtcReader {
  private at = 0;

  constructor(private readonly message: Buffer) {}

  get isAtEnd(): boolean {
    return this.at === this.message.length;
  }

  byte(): number {
    return this.message.readUInt8(this.at++);
  }

  bytes(length: number): Buffer {
    if (this.at + length > this.message.length) throw new RangeError('the message ends early');
    this.at += length;
    return this.message.subarray(this.at - length, this.at);
  }

  /** How many bytes the number has, then the number; the client sends none that is negative. */
  number(): number {
    const length = this.byte() & 0x7f;
    return length === 0 ? 0 : this.bytes(length).readUIntBE(0, length);
  }

  /** The number that comes next, which stays to be read. */
  peekNumber(): number {
    const { at } = this;
    const number = this.number();
    this.at = at;
    return number;
  }

  /** Null and empty are the same, as everywhere in Oracle. */
  value(): Buffer | null {
    const length = this.byte();
    if (length === 0 || length === NULL) return null;
    if (length !== CHUNKED) return this.bytes(length);
    const chunks: Buffer[] = [];
    for (let size = this.number(); size > 0; size = this.number()) chunks.push(this.bytes(size));
    return Buffer.concat(chunks);
  }

  text(): string {
    return this.value()?.toString('utf8') ?? '';
  }

  /** Key, value and flags, as they come in a login. */
  pair(): readonly [string, string] {
    const key = this.number() > 0 ? this.text() : '';
    const value = this.number() > 0 ? this.text() : '';
    this.number();
    return [key, value];
  }

  /** Numbers that the double has no use for: pointers and sizes of a C program's structures. */
  skip(kinds: string): void {
    for (const kind of kinds) {
      if (kind === 'n') this.number();
      else this.byte();
    }
  }
}
