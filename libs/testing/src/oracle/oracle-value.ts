/** What the double can put into a row; Oracle's number of a type in its protocol, and the longest value in bytes. */
export const COLUMN_TYPES = {
  VARCHAR2: { code: 1, bytes: 4_000 },
  NUMBER: { code: 2, bytes: 22 },
  DATE: { code: 12, bytes: 7 },
  RAW: { code: 23, bytes: 2_000 },
} as const;
export type OracleColumnType = keyof typeof COLUMN_TYPES;

const EXPONENT_BIAS = 193;
const NEGATIVE_END = 102;
const MANTISSA_BYTES_MAX = 20;

/** A value as it travels. NUMBER is given as decimal text, DATE as 'YYYY-MM-DD HH:MM:SS', RAW as hexadecimal digits. */
export function encodeValue(type: OracleColumnType, value: string): Buffer {
  switch (type) {
    case 'VARCHAR2':
      return Buffer.from(value);
    case 'RAW':
      return Buffer.from(value, 'hex');
    case 'NUMBER':
      return encodeNumber(value);
    case 'DATE':
      return encodeDate(value);
  }
}

/** Digits to the base of a hundred behind an exponent; one more than they are in a positive number, 101 less them in a negative. */
function encodeNumber(text: string): Buffer {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
  const left = whole.replace(/^0+/, '');
  const right = fraction.replace(/0+$/, '');
  const padded = `${left.length % 2 === 0 ? '' : '0'}${left}${right}${right.length % 2 === 0 ? '' : '0'}`;
  const pairs = padded.match(/\d\d/g)?.map(Number) ?? [];
  const leading = pairs.findIndex((pair) => pair !== 0);
  if (leading < 0) return Buffer.from([0x80]);
  const digits = pairs.slice(leading, pairs.findLastIndex((pair) => pair !== 0) + 1);
  const exponent = Math.ceil(left.length / 2) - leading - 1 + EXPONENT_BIAS;
  if (sign === '') return Buffer.from([exponent, ...digits.map((digit) => digit + 1)]);
  const end = digits.length < MANTISSA_BYTES_MAX ? [NEGATIVE_END] : [];
  return Buffer.from([exponent ^ 0xff, ...digits.map((digit) => 101 - digit), ...end]);
}

/** Century and year are a hundred more than they are, the parts of the day one more. */
function encodeDate(text: string): Buffer {
  const parts = /^(\d\d)(\d\d)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined) throw new TypeError(`not a date of the double: ${text}`);
  const [century = 0, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  return Buffer.from([century + 100, year + 100, month, day, hour + 1, minute + 1, second + 1]);
}
