const ZERO = 0x30;

/** A text of ASCII characters that is written, and written over, from `at` on. */
export class DigitBytes {
  readonly bytes: Buffer;
  /** Where the next character goes. */
  at = 0;

  constructor(text: string) {
    this.bytes = Buffer.from(text, 'latin1');
  }

  character(code: number): void {
    this.bytes[this.at] = code;
    this.at += 1;
  }

  /** A number below 100 with two digits. */
  two(value: number): void {
    const { bytes, at } = this;
    const tens = (value / 10) | 0;
    bytes[at] = ZERO + tens;
    bytes[at + 1] = ZERO + value - tens * 10;
    this.at = at + 2;
  }

  /** A number below 10^digits with leading zeros, nine digits at most. */
  padded(value: number, digits: number): void {
    const { bytes, at } = this;
    let rest = value;
    for (let index = at + digits - 1; index >= at; index -= 1) {
      const tens = (rest / 10) | 0;
      bytes[index] = ZERO + rest - tens * 10;
      rest = tens;
    }
    this.at = at + digits;
  }
}
