// Goal: every process comes back as it was written, and damaged bytes end in one error.
// Method: arbitrary processes through the codecs; golden bytes with bits flipped, cut and lengthened.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, ProcessHeader, RowChange, RowImage, TableDefinition } from '@lutra/model';
import {
  decodeRawProcess,
  decodeRowProcess,
  RowProcessEncoder,
  RowProcessReader,
  transactionEnds,
} from '../src/index.ts';
import { encodeBlock } from '../src/wire/byte-encoder.ts';
import { decodeEnvelope, encodeEnvelope } from '../src/wire/envelope-v1.ts';
import { encodeProcessHeader } from '../src/wire/process-header.ts';
import {
  collect,
  encodeRaw,
  encodeRows,
  goldenHeader,
  goldenRaw,
  goldenRefused,
  goldenRows,
} from './golden-processes.ts';
import { anyRefusal } from './any-image.ts';
import { place, processHeader } from './fixtures.ts';

const bytes = (limits: fc.IntArrayConstraints = {}) => fc.uint8Array(limits).map((array) => Buffer.from(array));
const count = fc.maxSafeNat();
const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 200 }));
const loneSurrogate = fc.constantFrom('\ud800', 'a\udc00b', '\ud83d');

const columnValue: fc.Arbitrary<ColumnValue> = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.integer({ min: -70, max: 70 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, -(2 ** 31) - 1),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
  anyText,
  loneSurrogate,
  bytes(),
);

/** Beyond one scratch block, and from the size on at which values pass by reference. */
const largeValue: fc.Arbitrary<ColumnValue> = fc.oneof(
  fc.integer({ min: 16_000, max: 17_000 }).map((length) => 'ä'.repeat(length)),
  fc.integer({ min: 16_000, max: 17_000 }).map((length) => '漢'.repeat(length)),
  fc.integer({ min: 16_000, max: 70_000 }).map((length) => Buffer.alloc(length, length & 0xff)),
);

const anyValue = fc.oneof({ weight: 50, arbitrary: columnValue }, { weight: 1, arbitrary: largeValue });
const image: fc.Arbitrary<RowImage> = fc.array(fc.option(anyValue, { nil: undefined, freq: 5 }), { maxLength: 20 });

const optional = <T>(name: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((some) => (some === undefined ? {} : { [name]: some }));

const column: fc.Arbitrary<ColumnDefinition> = fc
  .tuple(
    fc.record({
      name: fc.string({ unit: 'grapheme' }),
      kind: fc.constantFrom('integer', 'decimal', 'text', 'geometry', 'json', 'timestamp'),
      declared: fc.string(),
      nullable: fc.boolean(),
    }),
    optional('bytes', fc.constantFrom(1, 2, 3, 4, 8)),
    optional('unsigned', fc.boolean()),
    optional('charset', fc.string()),
    optional('collation', fc.string()),
    optional('generated', fc.boolean()),
    optional('labels', fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 4 })),
    optional('length', count),
    optional('scale', fc.nat()),
    optional('ofChange', fc.constant(true)),
    optional('group', fc.nat()),
  )
  .map(([base, ...rest]) => Object.assign({}, base, ...rest) as ColumnDefinition);

const table: fc.Arbitrary<TableDefinition> = fc
  .record({ schema: fc.string(), table: fc.string(), columns: fc.array(column, { maxLength: 5 }) })
  .chain((base) =>
    fc.subarray(base.columns.map((_column, position) => position)).map((primaryKey) => ({ ...base, primaryKey })),
  );

const transaction = {
  seq: count,
  gtid: fc.string(),
  firstEvent: fc.nat(),
  commitMs: fc.double({ noNaN: true }),
  isLast: fc.boolean(),
};

const rowProcess = fc.array(table, { minLength: 1, maxLength: 3 }).chain((tables) => {
  const base = {
    table: fc.nat({ max: tables.length - 1 }),
    event: count,
    row: fc.nat(),
    part: fc.nat({ max: 200 }),
    flags: fc.nat({ max: 3 }),
  };
  const anyChange: fc.Arbitrary<RowChange> = fc.oneof(
    fc.record({ ...base, kind: fc.constant('insert' as const), after: image }),
    fc.record({ ...base, kind: fc.constant('update' as const), before: image, after: image }),
    fc.record({ ...base, kind: fc.constant('delete' as const), before: image }),
  );
  // Most rows are as the mapping wants them.
  const change = fc
    .tuple(anyChange, fc.option(anyRefusal, { nil: undefined, freq: 3 }))
    .map(([plain, refused]): RowChange => (refused === undefined ? plain : { ...plain, refusal: refused }));
  const transactions = fc.array(fc.record({ ...transaction, changes: fc.array(change, { maxLength: 6 }) }), {
    maxLength: 4,
  });
  return transactions.map((list) => ({ header: processHeader(), tables, transactions: list }));
});

const rawProcess = fc
  .array(
    fc.record({
      ...transaction,
      events: fc.array(
        fc.record({
          type: fc.constantFrom('rows' as const, 'tableMap' as const),
          event: count,
          bytes: bytes({ maxLength: 300 }),
        }),
        { maxLength: 5 },
      ),
    }),
    { maxLength: 4 },
  )
  .map((transactions) => ({ header: processHeader(), transactions }));

const insidePlace = fc.record({ gtid: fc.string(), event: count, row: count, part: count, serverUuid: fc.string() });
const anyPlace = fc.record({
  done: fc.oneof(
    fc.record({ kind: fc.constant('mysqlGtid' as const), gtidSet: fc.string() }),
    fc.record({ kind: fc.constant('mariadbGtid' as const), gtidList: fc.string() }),
    fc.record({ kind: fc.constant('file' as const), serverUuid: fc.string(), file: fc.string(), offset: count }),
  ),
  inside: fc.option(insidePlace),
});
const headerFields: fc.Arbitrary<ProcessHeader> = fc.record({
  pipelineId: fc.string(),
  epoch: count,
  process: count,
  revision: count,
  end: anyPlace,
  serverUuid: fc.string(),
  transactionCount: count,
  rowCount: count,
  sourceBytes: count,
  firstCommitMs: fc.double({ noNaN: true }),
  lastCommitMs: fc.double({ noNaN: true }),
  stages: fc.array(
    fc.record({
      stage: fc.constantFrom('select' as const, 'extract' as const, 'transform' as const, 'load' as const),
      instance: fc.string(),
      startMs: fc.double({ noNaN: true }),
      endMs: fc.double({ noNaN: true }),
      rowCount: count,
      bytes: count,
    }),
    { maxLength: 4 },
  ),
});
const anyHeader: fc.Arbitrary<ProcessHeader> = fc
  .tuple(
    headerFields,
    optional('statementsSkipped', fc.integer({ min: 1 })),
    optional('isCaseFolded', fc.constant(true as const)),
  )
  .map(([header, skipped, folded]) => ({ ...header, ...skipped, ...folded }));

/** Exact (-0, NaN, types) and fast on large values; the slow comparison only prints the difference. */
function same(actual: unknown, expected: unknown): void {
  const [left, right] = [plain(actual), plain(expected)];
  if (isDeepStrictEqual(left, right)) return;
  expect(left).toStrictEqual(right);
  throw new Error('values differ in kind');
}

/** fast-check makes some records without a prototype, which is no difference here. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, plain);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** What the reader finds, put together. */
function readAll(body: Uint8Array): unknown {
  const reader = new RowProcessReader(body);
  const tables: TableDefinition[] = [];
  const transactions: unknown[] = [];
  let changes: RowChange[] = [];
  for (let kind = reader.next(); kind !== null; kind = reader.next())
    if (kind === 'table') tables.push(reader.definition());
    else if (kind === 'begin') transactions.push({ ...reader.begin(), changes: (changes = []) });
    else if (kind === 'change') {
      const change = reader.change();
      expect([change.table, change.part]).toEqual([reader.table, reader.part]);
      changes.push(change);
    }
  return { tables, transactions };
}

function copyAll(body: Uint8Array): Buffer {
  return collect((sink) => {
    const encoder = new RowProcessEncoder(sink);
    const reader = new RowProcessReader(body);
    for (let kind = reader.next(); kind !== null; kind = reader.next())
      if (kind === 'table') encoder.defineTable(reader.definition());
      else encoder.copy(reader);
    encoder.end();
  });
}

describe('round trips', () => {
  it('row processes come back value for value', () => {
    fc.assert(
      fc.property(rowProcess, (process) => {
        same(decodeRowProcess(process.header, encodeRows(process)), process);
      }),
      { numRuns: 200 },
    );
  });

  it('row processes that are read record by record come back too, and copied they are the same bytes', () => {
    fc.assert(
      fc.property(rowProcess, (process) => {
        const body = encodeRows(process);
        same(readAll(body), { tables: process.tables, transactions: process.transactions });
        expect(copyAll(body).equals(body)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('raw processes come back byte for byte', () => {
    fc.assert(
      fc.property(rawProcess, (process) => {
        const body = encodeRaw(process);
        same(decodeRawProcess(process.header, body), process);
        expect(transactionEnds(body)).toEqual(process.transactions.map(({ isLast }) => isLast));
      }),
    );
  });

  it('envelopes come back with header and body', () => {
    fc.assert(
      fc.property(anyHeader, bytes(), (header, body) => {
        const envelope = { schema: 'raw-process/1', header, body: { kind: 'inline', bytes: body } } as const;
        same(decodeEnvelope(encodeEnvelope(envelope)), envelope);
      }),
    );
  });

  it('the encoder counts the bytes that it hands over', () => {
    fc.assert(
      fc.property(fc.array(image, { maxLength: 20 }), (images) => {
        const written = { bytes: 0 };
        const body = collect((sink) => {
          const encoder = new RowProcessEncoder(sink);
          encoder.defineTable({ schema: 's', table: 't', columns: [], primaryKey: [] });
          for (const after of images)
            encoder.change({ kind: 'insert', table: 0, event: 0, row: 0, part: 0, flags: 0, after });
          encoder.end();
          written.bytes = encoder.bytes;
        });
        expect(written.bytes).toBe(body.length);
      }),
    );
  });

  it('passes a large value on by reference', () => {
    const large = Buffer.alloc(1024 * 1024, 1);
    const pieces: Uint8Array[] = [];
    const encoder = new RowProcessEncoder({
      write: (piece) => pieces.push(piece),
      isFull: false,
      drain: () => Promise.resolve(),
    });
    encoder.defineTable({ schema: 's', table: 't', columns: [], primaryKey: [] });
    encoder.change({ kind: 'insert', table: 0, event: 0, row: 0, part: 0, flags: 0, after: [1, large, 2] });
    encoder.end();
    expect(pieces.some((piece) => piece === large)).toBe(true);
  });
});

/** Only MESSAGING_MALFORMED_BODY may leave a decoder, and for another version MESSAGING_UNKNOWN_SCHEMA. */
function refusedOrRead(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!SyncError.is(error)) throw error;
    expect(['MESSAGING_MALFORMED_BODY', 'MESSAGING_UNKNOWN_SCHEMA']).toContain(error.code);
  }
}

const damage = fc.record({
  flips: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }),
  cut: fc.nat(),
  isCut: fc.boolean(),
  tail: bytes({ maxLength: 12 }),
});

function damaged(original: Buffer, how: typeof damage extends fc.Arbitrary<infer T> ? T : never): Buffer {
  const copy = Buffer.from(original);
  for (const [at, value] of how.flips) copy[at % copy.length] = value;
  return Buffer.concat([how.isCut ? copy.subarray(0, how.cut % copy.length) : copy, how.tail]);
}

describe('damaged bytes', () => {
  const envelope = encodeEnvelope({
    schema: 'row-process/1',
    header: goldenHeader,
    body: { kind: 'inline', bytes: encodeRows(goldenRows) },
  });

  it.each([
    ['a row process', encodeRows(goldenRows), (body: Buffer): unknown => decodeRowProcess(goldenHeader, body)],
    ['refused rows', encodeRows(goldenRefused), (body: Buffer): unknown => decodeRowProcess(goldenHeader, body)],
    ['a raw process', encodeRaw(goldenRaw), (body: Buffer): unknown => decodeRawProcess(goldenHeader, body)],
    ['an envelope', envelope, (body: Buffer): unknown => decodeEnvelope(body)],
  ])('of %s end in one error', (_what, original, decode) => {
    fc.assert(
      fc.property(damage, (how) => {
        refusedOrRead(() => decode(damaged(original, how)));
      }),
      { numRuns: 1000 },
    );
  });

  it('that are random end in one error', () => {
    fc.assert(
      fc.property(bytes({ maxLength: 200 }), (body) => {
        refusedOrRead(() => decodeRowProcess(goldenHeader, body));
        refusedOrRead(() => readAll(body));
        refusedOrRead(() => decodeRawProcess(goldenHeader, body));
        refusedOrRead(() => transactionEnds(body));
        refusedOrRead(() => decodeEnvelope(body));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a transaction that does not end', encodeRows(goldenRows).subarray(0, -1)],
    [
      'a row of a table that is not defined',
      Buffer.from([2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 5, 0, 0, 0, 0, 0, 6]),
    ],
    ['a refusal without its row', Buffer.from([1, 0, 0, 0, 0, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 6])],
    ['a row count beyond the message', Buffer.from([1, 0, 0, 0, 255, 255, 255, 127])],
  ])('with %s are refused', (_what, body) => {
    const malformed = expect.objectContaining({ code: 'MESSAGING_MALFORMED_BODY' });
    expect(() => readAll(body)).toThrow(malformed);
    expect(() => decodeRowProcess(goldenHeader, body)).toThrow(malformed);
  });
});

describe('versions', () => {
  const bytesOf = (header = processHeader()) =>
    encodeEnvelope({ schema: 'raw-process/1', header, body: { kind: 'inline', bytes: Buffer.from('b') } });

  it('refuses another major version and another schema by name', () => {
    const major = bytesOf();
    major[2] = 2;
    expect(() => decodeEnvelope(major)).toThrow(expect.objectContaining({ code: 'MESSAGING_UNKNOWN_SCHEMA' }));
    const schema = Buffer.from(bytesOf().toString('latin1').replace('raw-process/1', 'raw-process/9'), 'latin1');
    expect(() => decodeEnvelope(schema)).toThrow(expect.objectContaining({ code: 'MESSAGING_UNKNOWN_SCHEMA' }));
  });

  it('passes over fields that a newer minor version appended', () => {
    const header = processHeader({ end: place });
    const fields = encodeBlock((to) => {
      to.text('raw-process/1');
      encodeProcessHeader(to, header);
      to.text('a field of version 1.1');
      to.double(1.5);
    });
    const message = encodeBlock((to) => {
      to.raw(Buffer.from('LU'));
      to.raw(Uint8Array.of(1, 1, 0));
      to.bytesValue(fields);
      to.bytesValue(Buffer.from('body'));
    });
    expect(decodeEnvelope(message)).toEqual({
      schema: 'raw-process/1',
      header,
      body: { kind: 'inline', bytes: Buffer.from('body') },
    });
  });
});
