/**
 * A large text as its UTF-8, in an image of which it is only handed on: a string of 64 MiB takes twice as much where one
 * character is beyond Latin. Stands for the string, between reading a row from the wire and writing it there; whoever looks at
 * the value asks for {@link text}.
 */
export class EncodedText extends Uint8Array {
  /** Decoded anew by each call. */
  get text(): string {
    return Buffer.from(this.buffer, this.byteOffset, this.byteLength).toString('utf8');
  }
}
