import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import type { DecodedEvent, RowsDecoder } from '@lutra/binlog/decoder';
import { attachDefinition, readLoggedTable } from '@lutra/binlog/schema';
import { SyncError } from '@lutra/model';
import type { RawEvent, TableDefinition } from '@lutra/model';
import { passedRows } from './collecting-sink.ts';

const TABLE_MAP = 19;

/** Events that a real server wrote: an insert of two rows, an update, then update and delete with MINIMAL images. */
function recorded(server: string): RawEvent[] {
  const file = join(import.meta.dirname, '..', 'fixtures', `item-${server}.events`);
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([type, bytes]) => ({
      type: Number(type) === TABLE_MAP ? 'tableMap' : 'rows',
      bytes: Buffer.from(bytes ?? '', 'base64'),
      event: 0,
    }));
}

/** `definition`: what select knows of the table, for maps that do not tell all. */
function decode(events: readonly RawEvent[], definition?: TableDefinition): DecodedEvent[] {
  const decoder = createRowsDecoder(new TableShapes());
  const decoded: DecodedEvent[] = [];
  for (const event of events) {
    if (event.type === 'rows') decoded.push(bothWays(decoder, event));
    else if (definition === undefined) decoder.tableMap(event);
    else decoder.tableMap({ ...event, bytes: attach(event, definition) });
  }
  return decoded;
}

/** What is returned, which is what is handed over. */
function bothWays(decoder: RowsDecoder, event: RawEvent): DecodedEvent {
  const decoded = decoder.rows(event);
  expect(passedRows(decoder, event)).toEqual(decoded);
  return decoded;
}

function attach({ bytes }: RawEvent, definition: TableDefinition): Buffer {
  const logged = readLoggedTable(bytes, 'mysql');
  expect(logged.isWhole).toBe(false);
  return attachDefinition(bytes, logged, definition);
}

/** The table map as a server writes it that logs no optional metadata: it ends behind the null bits. */
function withoutMetadata(event: RawEvent): RawEvent {
  if (event.type !== 'tableMap') return event;
  const marker = Buffer.from('item\0\x0b', 'latin1');
  const bytes = Buffer.from(event.bytes);
  const typesAt = bytes.indexOf(marker) + marker.length;
  const metadataLength = bytes.readUInt8(typesAt + 11);
  return { ...event, bytes: bytes.subarray(0, typesAt + 12 + metadataLength + 2) };
}

const COMPRESSED = 'mariadb-10.11-compressed';
const SERVERS = ['mariadb-10.11', COMPRESSED, 'mysql-9.7'];

/** The rows event as version 2 with seven bytes of extra data behind its flags: of version 1 (24 → 31, 166 → 169) or 2. */
function withExtraData(event: RawEvent): RawEvent {
  const bytes = Buffer.from(event.bytes);
  const type = bytes.readUInt8(4);
  const isVersion1 = type < 30 || (type >= 166 && type <= 168);
  if (isVersion1) bytes.writeUInt8(type < 30 ? type + 7 : type + 3, 4);
  const extra = Buffer.from([9, 0, 0, 7, 1, 2, 3, 4, 5]);
  return { ...event, bytes: Buffer.concat([bytes.subarray(0, 27), extra, bytes.subarray(isVersion1 ? 27 : 29)]) };
}

describe.each(SERVERS)('rows of %s', (server) => {
  const json = '{"a": [1, 2.5, "x"]}';
  const first = [
    18446744073709551615n,
    'Zoë €',
    '-12.50',
    'sold, gone',
    'a,b',
    '2024-02-29 23:59:59.987',
    '2024-02-29 23:59:59.987654',
    Buffer.from([0, 255]),
    json,
    21n,
    -1,
  ];
  const second: (bigint | string | number | null)[] = [2n, null, null, null, null, null, null, null, null, null, null];
  const absent = Array.from({ length: 11 }, () => undefined);

  it('reads values, NULLs, and images that lack columns', () => {
    const [inserted, updated, minimal, deleted] = decode(recorded(server));
    expect(inserted).toMatchObject({ kind: 'insert', rows: [{ after: first }, { after: second }] });
    const renamed = second.with(1, 'new').with(10, 5);
    expect(updated).toMatchObject({ kind: 'update', rows: [{ before: second, after: renamed }] });
    expect(minimal?.rows).toEqual([
      { before: [2n, ...absent.slice(1)], after: [undefined, undefined, '1.00', ...absent.slice(3)] },
    ]);
    expect(deleted).toMatchObject({ kind: 'delete', rows: [{ before: [2n, ...absent.slice(1)] }] });
  });

  it('says what the columns are', () => {
    const [inserted] = decode(recorded(server));
    const { columns, primaryKey, schema, table } = inserted?.table ?? ({} as TableDefinition);
    expect([schema, table, primaryKey]).toEqual(['fx', 'item', [0]]);
    expect(columns.map(({ name, declared }) => `${name} ${declared}`)).toEqual([
      'id bigint unsigned',
      'name varchar(20)',
      'price decimal(10,2)',
      "state enum('new','sold, gone')",
      "tags set('a','b')",
      'made datetime(3)',
      'changed timestamp(6)',
      'data blob',
      server === 'mysql-9.7' ? 'doc json' : 'doc longtext',
      'bits bit(5)',
      'small tinyint',
    ]);
    expect(columns.map(({ nullable }) => nullable)).toEqual(columns.map((_column, index) => index > 0));
  });

  it('completes a table map without metadata by the definition that came with it', () => {
    const full = decode(recorded(server));
    const definition = full[0]?.table as TableDefinition;
    expect(decode(recorded(server).map(withoutMetadata), definition)).toEqual(full);
  });

  it('reads nothing when a table map without metadata comes alone', () => {
    expect(() => decode(recorded(server).map(withoutMetadata))).toThrow(
      expect.objectContaining({
        code: 'SOURCE_SCHEMA_MISMATCH',
        details: expect.objectContaining({ table: 'fx.item' }),
      }),
    );
  });

  it.each<[string, (columns: TableDefinition['columns']) => TableDefinition['columns']]>([
    ['one column more', (columns) => [...columns, ...columns.slice(0, 1)]],
    ['one column less', (columns) => columns.slice(1)],
    ['two columns of different types in another order', ([a, b, ...rest]) => [b, a, ...rest].flatMap((c) => c ?? [])],
    ['another precision', (columns) => columns.map((c) => (c.kind === 'decimal' ? { ...c, length: 12 } : c))],
    ['a longer varchar', (columns) => columns.map((c) => (c.name === 'name' ? { ...c, length: 21 } : c))],
    [
      'another number of fraction digits',
      (columns) => columns.map((c) => (c.kind === 'datetime' ? { ...c, length: 6 } : c)),
    ],
  ])('refuses a table that has %s than its rows', (_difference, change) => {
    const definition = decode(recorded(server))[0]?.table as TableDefinition;
    const changed = { ...definition, columns: change(definition.columns) };
    const reading = (): unknown => decode(recorded(server).map(withoutMetadata), changed);
    expect(reading).toThrow('the log has (integer8, varchar80, decimal10.2, enum1');
    expect(reading).toThrow(
      expect.objectContaining({
        code: 'SOURCE_SCHEMA_MISMATCH',
        details: expect.objectContaining({ table: 'fx.item', statement: 'SET GLOBAL binlog_row_metadata = FULL' }),
      }),
    );
  });

  it('reads the same from version 2 events with extra data, as NDB and partitioned tables have it', () => {
    const events = recorded(server);
    const asVersion2 = events.map((event) => (event.type === 'rows' ? withExtraData(event) : event));
    expect(decode(asVersion2)).toEqual(decode(events));
  });

  it('hands large values on as views of the event', () => {
    const events = recorded(server);
    const [inserted] = decode(events);
    const blob = inserted?.rows[0]?.after?.[7] as Uint8Array;
    // Compressed rows are views of what was inflated.
    expect(blob.buffer === events[1]?.bytes.buffer).toBe(server !== COMPRESSED);
    expect(blob.buffer.byteLength).toBeGreaterThan(100);
  });

  it('ends every damaged event in an error of its own, never in another one and never in a loop', () => {
    const events = recorded(server);
    const allowed = ['CORRUPT', 'UNSUPPORTED', 'TOO_LARGE'].map((what) => `SOURCE_EVENT_${what}`);
    allowed.push('SOURCE_SCHEMA_MISMATCH');
    const damage = fc.record({
      event: fc.nat({ max: events.length - 1 }),
      cut: fc.option(fc.nat({ max: 170 })),
      flips: fc.array(fc.record({ at: fc.nat({ max: 200 }), to: fc.nat({ max: 255 }) }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(damage, ({ event, cut, flips }) => {
        const damaged = events.map((original, index) => {
          if (index !== event) return original;
          const bytes = Buffer.from(original.bytes);
          // The header of an event is checked by the framing; damage begins behind it.
          for (const { at, to } of flips) if (19 + at < bytes.length) bytes[19 + at] = to;
          return { ...original, bytes: bytes.subarray(0, 19 + (cut ?? bytes.length)) };
        });
        try {
          decode(damaged);
        } catch (error) {
          if (!SyncError.is(error) || !allowed.includes(error.code)) throw error;
        }
      }),
      { numRuns: 1_500 },
    );
  });
});

describe('compressed rows', () => {
  /** The recorded insert with another announced size (one byte, behind header, table id, flags, width, bitmap and method). */
  const withSize = (size: number): RawEvent[] => {
    const [map, insert] = recorded(COMPRESSED);
    if (map === undefined || insert === undefined) throw new Error('the recording has a table map and an insert');
    const bytes = Buffer.from(insert.bytes);
    bytes.writeUInt8(size, 19 + 6 + 2 + 1 + 2 + 1);
    return [map, { ...insert, bytes }];
  };

  it.each([0, 1, 0x77, 0x79, 0xff])('of 120 bytes that announce %d are corrupt', (size) => {
    expect(() => decode(withSize(size))).toThrow(expect.objectContaining({ code: 'SOURCE_EVENT_CORRUPT' }));
  });

  it('that announce more than the limit are refused before they are inflated', () => {
    const shapes = new TableShapes({ inflatedBytesMax: 119 });
    const decoder = createRowsDecoder(shapes);
    const [map, insert] = withSize(0x78);
    decoder.tableMap(map as RawEvent);
    expect(() => decoder.rows(insert as RawEvent)).toThrow(
      expect.objectContaining({
        code: 'SOURCE_EVENT_TOO_LARGE',
        details: expect.objectContaining({ bytes: 120 }) as unknown,
      }),
    );
  });
});

describe('a table map with a definition', () => {
  it('is refused when a source sends it: only select attaches one', () => {
    const map = recorded('mysql-9.7').find(({ type }) => type === 'tableMap') as RawEvent;
    const logged = readLoggedTable(map.bytes, 'mysql');
    const columns = logged.known.columns.map((column) => ({ ...column, name: 'password' }));
    const forged = attachDefinition(map.bytes, logged, { ...logged.known, columns });
    expect(() => readLoggedTable(forged, 'mysql')).toThrow(expect.objectContaining({ code: 'SOURCE_EVENT_CORRUPT' }));
  });
});

describe('rows without their table map', () => {
  it('are corrupt', () => {
    const rows = recorded('mysql-9.7').filter(({ type }) => type === 'rows');
    expect(() => decode(rows)).toThrow(expect.objectContaining({ code: 'SOURCE_EVENT_CORRUPT' }));
  });
});
