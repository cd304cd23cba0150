import fc from 'fast-check';
import type { RawEvent } from '@lutra/model';

/** A column of a table as the log stores it, and what its values may be: also what no server writes. */
interface AnyColumn {
  readonly type: number;
  readonly metadata: readonly number[];
  /** Of numeric columns. */
  readonly isUnsigned?: boolean;
  /** Of character columns. */
  readonly collation?: number;
  readonly labels?: readonly string[];
  /** Of columns that are known by it. */
  readonly name?: string;
  readonly isRequired?: boolean;
  readonly value: fc.Arbitrary<Buffer>;
}

/** Events of one table: a table map and rows events behind it. */
export const anyTable = (): fc.Arbitrary<readonly RawEvent[]> =>
  fc
    .tuple(fc.array(anyColumn(), { minLength: 1, maxLength: 10 }), period())
    .map(([columns, last]) => [...columns, ...last])
    .chain((columns) =>
      fc
        .array(rowsEvent(columns), { minLength: 1, maxLength: 3 })
        .map((events): RawEvent[] => [
          { type: 'tableMap', bytes: tableMap(columns), event: 0 },
          ...events.map((bytes, event): RawEvent => ({ type: 'rows', bytes, event })),
        ]),
    );

const TABLE_ID = 71;

/** Mostly none; or that of a system-versioned table (`refuse-history.ts` of the decoder), and what only looks like it. */
const period = (): fc.Arbitrary<AnyColumn[]> =>
  fc.constantFrom([], [], [], ['row_start', 'row_end'], ['started', 'ended']).map((names) =>
    names.map((name) => ({
      type: 17,
      metadata: [6],
      name,
      isRequired: true,
      value: fc.constantFrom(...PERIOD_ENDS),
    })),
  );

/** In force; history. */
const PERIOD_ENDS = ['7fffffff0f423f', '6fffffff0f423f'].map((hex) => Buffer.from(hex, 'hex'));

function anyColumn(): fc.Arbitrary<AnyColumn> {
  return fc.oneof(
    numericColumn(),
    numericColumn(),
    decimalColumn(),
    temporalColumn(),
    { arbitrary: textColumn(), weight: 2 },
    labelColumn(),
    rareColumn(),
  );
}

/** Type code and bytes of a value (MySQL source documentation, "Binary log: Table_map_event", column types). */
const NUMERIC = [
  [1, 1],
  [2, 2],
  [9, 3],
  [3, 4],
  [8, 8],
  [4, 4, 4],
  [5, 8, 8],
  [13, 1],
] as const;

const numericColumn = (): fc.Arbitrary<AnyColumn> =>
  fc
    .tuple(fc.constantFrom(...NUMERIC), fc.boolean())
    .map(([[type, length, ...metadata], isUnsigned]) => ({ type, metadata, isUnsigned, value: numberBytes(length) }));

/** Small, large and negative numbers are as frequent as those in the middle. No NaN, which no server stores. */
const numberBytes = (length: number): fc.Arbitrary<Buffer> =>
  fc
    .oneof(
      exactly(length),
      fc.integer({ min: -128, max: 127 }).map((value) => littleEndian(value, length)),
      fc.constantFrom(0x7f, 0x80, 0xff, 0).map((last) => Buffer.alloc(length, 0xff).fill(last, length - 1)),
      fc.double({ noNaN: true }).map((value) => floatBytes(value, length)),
    )
    .filter((bytes) => !isNaNOf(bytes));

function littleEndian(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes.subarray(0, length);
}

function floatBytes(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  if (length === 4) bytes.writeFloatLE(value);
  else bytes.writeDoubleLE(value);
  return bytes.subarray(0, length);
}

const isNaNOf = (bytes: Buffer): boolean =>
  (bytes.length === 4 && Number.isNaN(bytes.readFloatLE())) ||
  (bytes.length === 8 && Number.isNaN(bytes.readDoubleLE()));

const BYTES_OF_DIGITS = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

const decimalColumn = (): fc.Arbitrary<AnyColumn> =>
  fc
    .tuple(fc.integer({ min: 1, max: 65 }), fc.nat({ max: 30 }), fc.boolean())
    .map(([precision, digits, isUnsigned]): AnyColumn => {
      const scale = Math.min(digits, precision);
      return { type: 246, metadata: [precision, scale], isUnsigned, value: decimalBytes(precision, scale) };
    });

/** Groups of nine digits in four bytes, the first bit is the sign, negative numbers are inverted. Some digits too many. */
function decimalBytes(precision: number, scale: number): fc.Arbitrary<Buffer> {
  const groupsOf = (digits: number): number[] => [...new Array<number>(Math.floor(digits / 9)).fill(9), digits % 9];
  const widths = [...groupsOf(precision - scale).reverse(), ...groupsOf(scale)].filter((digits) => digits > 0);
  const group = (digits: number): fc.Arbitrary<Buffer> => {
    const length = BYTES_OF_DIGITS[digits] ?? 4;
    const value = fc.oneof(fc.constant(0), fc.nat({ max: 10 ** digits - 1 }), fc.constantFrom(1, 10 ** digits - 1));
    const valid = value.map((number) => {
      const bytes = Buffer.alloc(length);
      bytes.writeUIntBE(number, 0, length);
      return bytes;
    });
    return fc.oneof({ arbitrary: valid, weight: 30 }, { arbitrary: exactly(length), weight: 1 });
  };
  return fc.tuple(fc.tuple(...widths.map(group)), fc.boolean()).map(([groups, isNegative]) => {
    const bytes = Buffer.concat(groups);
    bytes[0] = (bytes[0] ?? 0) ^ 0x80;
    return isNegative ? Buffer.from(bytes.map((byte) => byte ^ 0xff)) : bytes;
  });
}

/** DATE, NEWDATE, the types of before fractions, and those with them: 17, 18 and 19. */
const temporalColumn = (): fc.Arbitrary<AnyColumn> =>
  fc.oneof(
    fc
      .constantFrom(10, 14)
      .map((type) => ({ type, metadata: [], value: fc.oneof(exactly(3), fc.nat({ max: 9_999 * 512 }).map(date)) })),
    fc.constantFrom([7, 4] as const, [11, 3] as const).map(([type, length]) => ({
      type,
      metadata: [],
      value: exactly(length),
    })),
    fc.tuple(fc.constantFrom(...FRACTIONAL), fc.integer({ min: 0, max: 6 })).map(([[type, clock], digits]) => ({
      type,
      metadata: [digits],
      value: fc.tuple(clock, fractionBytes(digits)).map((parts) => Buffer.concat(parts)),
    })),
  );

const date = (value: number): Buffer => littleEndian(value, 3);

/** With many values that are the same but for a part, as in rows of one time. */
const FRACTIONAL: readonly (readonly [number, fc.Arbitrary<Buffer>])[] = [
  [17, fc.oneof(exactly(4), fc.constantFrom(0, 1, 86_399, 86_400, 2 ** 31, 1_790_000_000, 1_790_000_001).map(moment))],
  [
    18,
    fc.oneof(
      exactly(5),
      fc.nat({ max: 255 }).map((last) => Buffer.from([0x99, 0xb9, 0x2b, 0x80, last])),
    ),
  ],
  [
    19,
    fc.oneof(
      exactly(3),
      fc.nat({ max: 255 }).map((last) => Buffer.from([0x80, 0x2b, last])),
      fc.constant(Buffer.from([0x80, 0, 0])),
    ),
  ],
];

function moment(seconds: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(seconds);
  return bytes;
}

/** Mostly no more digits than the column has room for. */
function fractionBytes(digits: number): fc.Arbitrary<Buffer> {
  const length = (digits + 1) >> 1;
  if (length === 0) return fc.constant(Buffer.alloc(0));
  const valid = fc.oneof(fc.constant(0), fc.nat({ max: 100 ** length - 1 })).map((value) => {
    const bytes = Buffer.alloc(length);
    bytes.writeUIntBE(value, 0, length);
    return bytes;
  });
  return fc.oneof({ arbitrary: valid, weight: 10 }, { arbitrary: exactly(length), weight: 1 });
}

/** Collations of utf8mb4, utf8mb3, latin1, ascii, binary, koi8r, swe7, gbk and utf16. */
const COLLATIONS = [45, 45, 255, 33, 8, 8, 11, 63, 63, 7, 10, 28, 54];

const textColumn = (): fc.Arbitrary<AnyColumn> =>
  fc
    .tuple(fc.constantFrom(...COLLATIONS), fc.constantFrom('char', 'varchar', 'blob'), fc.integer({ min: 1, max: 4 }))
    .map(([collation, kind, size]): AnyColumn => {
      if (kind === 'blob') return { type: 252, metadata: [size], collation, value: content(collation, size) };
      const isShort = size < 3;
      // CHAR of up to 255 bytes, or of 300, whose high bits of the length hide inverted in the type; VARCHAR likewise.
      const metadata = kind === 'char' ? (isShort ? [0xfe, 200] : [0xee, 0x2c]) : isShort ? [200, 0] : [0x2c, 1];
      return { type: kind === 'char' ? 254 : 15, metadata, collation, value: content(collation, isShort ? 1 : 2) };
    });

/** Length and bytes of a value: ASCII of lengths at which the wire form changes, other text, and sometimes any bytes. */
function content(collation: number, lengthBytes: number): fc.Arbitrary<Buffer> {
  const max = lengthBytes === 1 ? 255 : lengthBytes === 2 ? 17_000 : 70_000;
  const all = [0, 1, 62, 63, 64, 65, 200, 16_383, 16_384, 16_385, 65_535, 65_536, 65_540];
  const lengths = all.filter((length) => length <= max);
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.constantFrom(...lengths).map((length) => 'a'.repeat(length)),
    fc.constantFrom(...lengths.slice(0, -2)).map((length) => `${'a'.repeat(Math.max(length - 2, 0))}é`),
  );
  const isOneByte = [8, 63, 7, 10, 11].includes(collation);
  const encoded = text.map((value) => Buffer.from(value, isOneByte ? 'latin1' : collation === 54 ? 'utf16le' : 'utf8'));
  const anyBytes = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
  return fc.oneof({ arbitrary: encoded, weight: 40 }, { arbitrary: anyBytes, weight: 1 }).map((bytes) => {
    const whole = bytes.subarray(0, max);
    return Buffer.concat([littleEndian(whole.length, lengthBytes), whole]);
  });
}

/** ENUM and SET; the first label number that does not exist is an error in both ways. */
const labelColumn = (): fc.Arbitrary<AnyColumn> =>
  fc.constantFrom(247, 248).map((type) => ({
    type: 254,
    metadata: [type, 1],
    labels: ['new', 'größer', 'c'],
    value: fc.nat({ max: type === 247 ? 3 : 7 }).map((number) => Buffer.from([number])),
  }));

/** BIT(12), JSON (a small number, true, damage), geometry: what has no way of its own. */
const rareColumn = (): fc.Arbitrary<AnyColumn> =>
  fc.constantFrom<AnyColumn>(
    { type: 16, metadata: [4, 1], value: exactly(2) },
    {
      type: 245,
      metadata: [4],
      value: fc
        .oneof(
          exactly(2).map((bytes) => Buffer.concat([Buffer.from([5]), bytes])),
          fc.constant(Buffer.from([4, 1])),
        )
        .map((bytes) => Buffer.concat([littleEndian(bytes.length, 4), bytes])),
    },
    { type: 255, metadata: [4], value: exactly(9).map((bytes) => Buffer.concat([littleEndian(9, 4), bytes])) },
  );

function exactly(length: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes));
}

/** Write, update and delete rows, version 2. */
const ROWS_TYPES = [30, 30, 31, 32] as const;

function rowsEvent(columns: readonly AnyColumn[]): fc.Arbitrary<Buffer> {
  return fc.constantFrom(...ROWS_TYPES).chain((type) => {
    const images = type === 31 ? 2 : 1;
    // Most images carry all columns.
    const carried = fc.oneof(
      fc.constant(columns.map(() => true)),
      fc.tuple(...columns.map(() => fc.boolean())).map((flags) => flags.with(0, true)),
    );
    return fc.tuple(...Array.from({ length: images }, () => carried)).chain((presents) => {
      const row = fc.tuple(
        ...presents.map((present) => imageOf(columns.filter((_column, at) => present[at] === true))),
      );
      return fc.array(row, { minLength: 1, maxLength: 4 }).map((rows) => {
        const head = Buffer.from([1, 0, 2, 0, columns.length]);
        return eventOf(type, Buffer.concat([head, ...presents.map(bitmap), ...rows.flat()]));
      });
    });
  });
}

const imageOf = (columns: readonly AnyColumn[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(...columns.map(({ value }) => fc.option(value, { freq: 6 })))
    .map((values) =>
      Buffer.concat([bitmap(values.map((value) => value === null)), ...values.filter((value) => value !== null)]),
    );

function bitmap(flags: readonly boolean[]): Buffer {
  const bytes = Buffer.alloc((flags.length + 7) >> 3);
  flags.forEach((flag, at) => {
    if (flag) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7));
  });
  return bytes;
}

const NUMERIC_TYPES = new Set([1, 2, 3, 4, 5, 8, 9, 13, 246]);

/** With full metadata (MySQL source documentation, "Table_map_event", optional metadata fields). */
function tableMap(columns: readonly AnyColumn[]): Buffer {
  const metadata = Buffer.from(columns.flatMap((column) => column.metadata));
  const numeric = columns.filter(({ type }) => NUMERIC_TYPES.has(type));
  // Here the first column has the highest bit.
  const signs = Buffer.alloc((numeric.length + 7) >> 3);
  numeric.forEach(({ isUnsigned }, at) => {
    if (isUnsigned === true) signs[at >> 3] = (signs[at >> 3] ?? 0) | (0x80 >> (at & 7));
  });
  const collations = columns.flatMap(({ collation }) => (collation === undefined ? [] : packed(collation)));
  const names = columns.flatMap(({ name }, at) => {
    const bytes = Buffer.from(name ?? `c${String(at)}`);
    return [bytes.length, ...bytes];
  });
  const labels = (type: number): number[] =>
    columns.flatMap((column) =>
      column.labels !== undefined && column.metadata[0] === type
        ? [column.labels.length, ...column.labels.flatMap((label) => [Buffer.byteLength(label), ...Buffer.from(label)])]
        : [],
    );
  const body = Buffer.concat([
    Buffer.from([1, 0]),
    Buffer.from('\x02fx\0\x04item\0', 'latin1'),
    Buffer.from([columns.length, ...columns.map(({ type }) => type), metadata.length]),
    metadata,
    bitmap(columns.map(({ isRequired }) => isRequired !== true)),
    field(1, signs),
    field(3, collations),
    field(4, names),
    field(5, labels(248)),
    field(6, labels(247)),
    field(10, packed(45)),
  ]);
  return eventOf(19, body);
}

const packed = (value: number): number[] => (value < 251 ? [value] : [0xfc, value & 0xff, value >> 8]);

const field = (type: number, value: Iterable<number>): Buffer => {
  const bytes = Buffer.from([...value]);
  return bytes.length === 0 ? bytes : Buffer.concat([Buffer.from([type, ...packed(bytes.length)]), bytes]);
};

function eventOf(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(25);
  header.writeUInt8(type, 4);
  header.writeUInt32LE(header.length + body.length, 9);
  header.writeUIntLE(TABLE_ID, 19, 6);
  return Buffer.concat([header, body]);
}
