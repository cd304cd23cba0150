import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ColumnDefinition, ColumnKind, ColumnValue, EncodedImage, ImageSink, RowImage } from '@lutra/model';
import { BulkPacket } from '../src/bulk/bulk-packet.ts';
import type { BulkRow, BulkRows } from '../src/bulk/bulk-rows.ts';
import type { WrittenColumn } from '../src/table-writer.ts';
import { column } from './target-fixture.ts';

const PACKET_BYTES_MAX = 2 ** 30;
const STATEMENT_ID = 0x01020304;
const LATIN1_MAX = /^[\0-\xff]*$/;

function rowsOf(definitions: readonly (ColumnDefinition | null)[], rows: readonly BulkRow[]): BulkRows {
  const columns = definitions.flatMap((definition, position) =>
    definition === null ? [] : [{ position, definition } as WrittenColumn],
  );
  return { table: '`t`', sql: 'INSERT', columns, rows };
}

const packetOf = (rows: BulkRows): Buffer | null => {
  const packet = new BulkPacket().encode(STATEMENT_ID, rows, PACKET_BYTES_MAX);
  // Its header is the driver's.
  return packet === null ? null : Buffer.concat([Buffer.alloc(4), packet.subarray(4)]);
};

/** An image that offers its values as a message does; nobody may ask for them. */
class Offered implements BulkRow, EncodedImage {
  readonly columnCount: number;
  readonly byteLength = 0;
  readonly encoded = this;

  constructor(private readonly image: readonly ColumnValue[]) {
    this.columnCount = image.length;
  }

  get after(): RowImage {
    throw new Error('a row that offers its values is not asked for its image');
  }

  valueAt(position: number): ColumnValue | undefined {
    return this.image[position];
  }

  offerTo(sink: ImageSink): boolean {
    return this.image.every((value, position) => offer(sink, position, value));
  }
}

function offer(sink: ImageSink, position: number, value: ColumnValue): boolean {
  if (value === null) return sink.takeNull(position);
  if (typeof value === 'number')
    return value === (value | 0) && !Object.is(value, -0)
      ? sink.takeInteger(position, value)
      : sink.takeDouble(position, value);
  if (typeof value === 'bigint') {
    const isUnsigned = value >= 2n ** 63n;
    const bytes = Buffer.alloc(9, 0xff);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 1);
    return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value
      ? sink.takeInt64(position, bytes, 1, isUnsigned)
      : false;
  }
  if (typeof value === 'string') return offerText(sink, position, value);
  return sink.takeBytes(position, Buffer.concat([Buffer.from([7]), value, Buffer.from([9])]), 1, 1 + value.length);
}

function offerText(sink: ImageSink, position: number, value: string): boolean {
  const isLatin1 = LATIN1_MAX.test(value);
  if (!isLatin1 && !value.isWellFormed()) return false;
  const bytes = Buffer.from(`<${value}>`, isLatin1 ? 'latin1' : 'utf8');
  return isLatin1
    ? sink.takeLatin1(position, bytes, 1, bytes.length - 1)
    : sink.takeUtf8(position, bytes, 1, bytes.length - 1);
}

type Parameter = null | bigint | number | Buffer;

/** Reads the packet by the documentation of the protocol: MariaDB KB, "COM_STMT_BULK_EXECUTE". */
function read(
  packet: Buffer,
  columnCount: number,
): { readonly types: readonly number[]; readonly rows: Parameter[][] } {
  expect(packet.readUInt8(4)).toBe(0xfa);
  expect(packet.readUInt32LE(5)).toBe(STATEMENT_ID);
  expect(packet.readUInt16LE(9)).toBe(128);
  let at = 11;
  const types = Array.from({ length: columnCount }, () => packet.readUInt16LE((at += 2) - 2));
  const length = (): number => {
    const first = packet.readUInt8(at++);
    if (first < 251) return first;
    const bytes = first === 0xfc ? 2 : first === 0xfd ? 3 : 6;
    const value = packet.readUIntLE(at, bytes);
    at += first === 0xfe ? 8 : bytes;
    return value;
  };
  const rows: Parameter[][] = [];
  while (at < packet.length)
    rows.push(
      types.map((type) => {
        const indicator = packet.readUInt8(at++);
        expect(indicator).toBeLessThan(2);
        if (indicator === 1) return null;
        if (type === 0x08) return packet.readBigInt64LE((at += 8) - 8);
        if (type === 0x8008) return packet.readBigUInt64LE((at += 8) - 8);
        if (type === 0x05) return packet.readDoubleLE((at += 8) - 8);
        const bytes = length();
        return packet.subarray(at, (at += bytes));
      }),
    );
  expect(at).toBe(packet.length);
  return { types, rows };
}

/** What the server is to read; undefined: the value has no parameter. */
function parameterOf({ kind, unsigned }: ColumnDefinition, value: ColumnValue): Parameter | undefined {
  if (value === null) return null;
  if (kind === 'binary' || kind === 'geometry') return value instanceof Uint8Array ? Buffer.from(value) : undefined;
  if (kind === 'float' || kind === 'double')
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  if (kind !== 'integer' && kind !== 'bit' && kind !== 'year')
    return typeof value === 'string' && value.isWellFormed() ? Buffer.from(value) : undefined;
  const isUnsigned = unsigned === true || kind === 'bit';
  if (typeof value === 'number')
    return Number.isInteger(value) && value <= 0xffff_ffff && value >= (isUnsigned ? 0 : -0x8000_0000)
      ? BigInt(value)
      : undefined;
  if (typeof value !== 'bigint') return undefined;
  return (isUnsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)) === value ? value : undefined;
}

const KINDS: readonly ColumnKind[] = [
  'integer',
  'bit',
  'year',
  'float',
  'double',
  'decimal',
  'datetime',
  'text',
  'json',
  'binary',
  'geometry',
];
const bytesLong = fc.constantFrom(0, 1, 24, 25, 83, 84, 250, 251, 65_535, 65_536);
const anyText = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  bytesLong.map((count) => 'a'.repeat(count)),
  fc
    .tuple(bytesLong, fc.constantFrom('\x7f', '\x80', 'é', '漢', '😀', '\ud800'))
    .map(([count, last]) => 'a'.repeat(count) + last),
);
const anyNumber = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, 63, 64, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 31), -(2 ** 31) - 1),
);
const anyBigint = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, -1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n) - 1n),
);
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  bytesLong.map((count) => Buffer.alloc(count, 7)),
);
const anyValue: fc.Arbitrary<ColumnValue> = fc.oneof(fc.constant(null), anyText, anyNumber, anyBigint, anyBytes);

/** Mostly what the column may hold. */
function valueOf({ kind }: ColumnDefinition): fc.Arbitrary<ColumnValue> {
  const own: fc.Arbitrary<ColumnValue> =
    kind === 'binary' || kind === 'geometry'
      ? anyBytes
      : kind === 'float' || kind === 'double'
        ? fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer())
        : kind === 'integer' || kind === 'bit' || kind === 'year'
          ? fc.oneof(
              { weight: 9, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }) },
              { weight: 9, arbitrary: fc.nat() },
              { weight: 1, arbitrary: anyBigint },
            )
          : anyText.filter((text) => text.isWellFormed());
  return fc.oneof(
    { weight: 400, arbitrary: own },
    { weight: 20, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: anyValue },
  );
}

const anyColumn = fc
  .record({ kind: fc.constantFrom(...KINDS), unsigned: fc.boolean(), isWritten: fc.boolean() })
  .map(({ kind, unsigned, isWritten }) => ({ definition: column('c', kind, kind, { unsigned }), isWritten }));
const anyRows = fc
  .array(anyColumn, { minLength: 1, maxLength: 6 })
  .filter((columns) => columns.some(({ isWritten }) => isWritten))
  .chain((columns) =>
    fc.tuple(
      fc.constant(columns),
      fc.array(fc.tuple(...columns.map(({ definition }) => valueOf(definition))), { minLength: 1, maxLength: 4 }),
    ),
  );

describe('a packet of rows', () => {
  it('says of each value what it is, or is not made; the same for values that are offered', () => {
    let made = 0;
    fc.assert(
      fc.property(anyRows, ([columns, images]) => {
        const definitions = columns.map(({ definition, isWritten }) => (isWritten ? definition : null));
        const written = definitions.flatMap((definition, position) =>
          definition === null ? [] : [{ definition, position }],
        );
        const expected = images.map((image) =>
          written.map(({ definition, position }) => parameterOf(definition, image[position] ?? null)),
        );
        const packet = packetOf(
          rowsOf(
            definitions,
            images.map((after) => ({ after })),
          ),
        );
        if (packet === null) expect(expected.flat()).toContain(undefined);
        else {
          made += 1;
          expect(read(packet, written.length).rows).toStrictEqual(expected);
        }
        const offered = packetOf(
          rowsOf(
            definitions,
            images.map((image) => new Offered(image)),
          ),
        );
        // A value of a column that is not written may be one that is never offered.
        if (offered !== null || images.flat().every((value) => offer(ANY, 0, value)))
          expect(offered?.toString('hex')).toBe(packet?.toString('hex'));
      }),
      { numRuns: 1_000 },
    );
    expect(made).toBeGreaterThan(300);
  });

  it('is not made when it would be too long', () => {
    const rows = rowsOf([column('c', 'text', 'text')], [{ after: ['a'.repeat(100)] }, { after: ['b'.repeat(100)] }]);
    const bytes = packetOf(rows)?.length ?? 0;
    expect(new BulkPacket().encode(1, rows, bytes)).not.toBeNull();
    expect(new BulkPacket().encode(1, rows, bytes - 1)).toBeNull();
  });
});

/** Takes everything. */
const ANY: ImageSink = {
  takeNull: () => true,
  takeInteger: () => true,
  takeDouble: () => true,
  takeInt64: () => true,
  takeLatin1: () => true,
  takeUtf8: () => true,
  takeBytes: () => true,
};
