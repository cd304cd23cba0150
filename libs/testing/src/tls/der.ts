/** The few parts of DER (ITU-T X.690) that a certificate needs. */

/** Tag, length, content. */
export function derValue(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(minimalHex(BigInt(content.length)), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

export const derSequence = (...parts: readonly Uint8Array[]): Buffer => derValue(0x30, ...parts);

export const derSet = (...parts: readonly Uint8Array[]): Buffer => derValue(0x31, ...parts);

/** A number that is not negative; a leading 1 bit gets a zero byte before it. */
export function derInteger(value: bigint): Buffer {
  const bytes = Buffer.from(minimalHex(value), 'hex');
  return derValue(0x02, ...((bytes[0] ?? 0) >= 0x80 ? [Buffer.from([0])] : []), bytes);
}

/** '1.2.840.113549.1.1.11': the first two numbers share a byte, the others are in base 128. */
export function derObjectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return derValue(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

export const derUtf8 = (text: string): Buffer => derValue(0x0c, Buffer.from(text));

export const derBoolean = (value: boolean): Buffer => derValue(0x01, Buffer.from([value ? 0xff : 0]));

export const derBytes = (bytes: Uint8Array): Buffer => derValue(0x04, bytes);

/** A bit string of whole bytes. */
export const derBits = (bytes: Uint8Array): Buffer => derValue(0x03, Buffer.from([0]), bytes);

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
export function derTime(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/[-T:]/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? derValue(0x17, Buffer.from(digits.slice(2)))
    : derValue(0x18, Buffer.from(digits));
}

function base128(value: number): number[] {
  const low = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) low.unshift((rest & 0x7f) | 0x80);
  return low;
}

function minimalHex(value: bigint): string {
  const hex = value.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}
