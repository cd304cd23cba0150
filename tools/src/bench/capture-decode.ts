import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import type { RawEvent } from '@lutra/model';
import { measureOf } from './measure.ts';
import type { Measure } from './measure.ts';

export interface BenchDecodeOptions {
  readonly runs: number;
  /** Rows that each reader decodes in one run, default 200 000. */
  readonly rows?: number;
}

/** Rows of one event: as many as the servers put into 8 KiB. */
const ROWS_PER_EVENT = 120;
const TABLE_ID = 71;

/** Decodes one row of (bigint, int, varchar, decimal, datetime, tinyint) again and again, ours and zongji's decoder in turns, on the same bytes in memory. */
export async function benchDecode({ runs, rows = 200_000 }: BenchDecodeOptions): Promise<Measure[]> {
  const map = tableMapEvent();
  const event = rowsEvent();
  const eventCount = Math.ceil(rows / ROWS_PER_EVENT);
  const ourReader = oursOver(map, event);
  const theirReader = await zongjiOver(map, event);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (const decode of [ourReader, theirReader]) {
    if (decode() !== ROWS_PER_EVENT) throw new Error('a reader does not see all rows: its figures would mean nothing');
    rate(decode, Math.ceil(eventCount / 4));
  }
  for (let run = 0; run < runs; run += 1) {
    ours.push(rate(ourReader, eventCount));
    theirs.push(rate(theirReader, Math.ceil(eventCount / 4)));
  }
  const note = '6 columns, one core, decoding only, no socket';
  return [measureOf('capture.decode.memory', 'rows/s', { ours, peer: { name: 'zongji', values: theirs }, note })];
}

/** Decodes the event once and returns its number of rows. */
type Decode = () => number;

function rate(decode: Decode, eventCount: number): number {
  const startMs = performance.now();
  let rows = 0;
  for (let event = 0; event < eventCount; event += 1) rows += decode();
  return rows / ((performance.now() - startMs) / 1_000);
}

function oursOver(map: Buffer, event: Buffer): Decode {
  const decoder = createRowsDecoder(new TableShapes());
  decoder.tableMap({ type: 'tableMap', bytes: map, event: 0 });
  const raw: RawEvent = { type: 'rows', bytes: event, event: 0 };
  return () => decoder.rows(raw).rows.length;
}

interface ZongjiModule {
  readonly Parser: new () => { append(bytes: Buffer): void; _offset: number };
  readonly getEventClass: (
    type: number,
  ) => new (
    parser: object,
    options: object,
    zongji: object,
  ) => { readonly rows?: readonly unknown[]; updateColumnInfo?(): void };
}

/** The classes that zongji itself uses behind its connection; its package does not export them. */
async function zongjiOver(map: Buffer, event: Buffer): Promise<Decode> {
  const folder = join(dirname(fileURLToPath(import.meta.resolve('@vlasky/zongji'))), 'lib');
  const load = async (file: string): Promise<Partial<ZongjiModule>> =>
    (await import(pathToFileURL(join(folder, file)).href)) as Partial<ZongjiModule>;
  const { Parser } = await load('reader.js');
  const { getEventClass } = await load('code_map.js');
  if (Parser === undefined || getEventClass === undefined) throw new Error('zongji has another inside than 0.9.0');
  const zongji = {
    tableMap: {} as Record<number, unknown>,
    useChecksum: false,
    connection: { config: { timezone: 'Z', dateStrings: true, supportBigNumbers: true, bigNumberStrings: true } },
    _skipSchema: () => false,
  };
  const parse = (bytes: Buffer) => {
    const type = bytes.readUInt8(4);
    const parser = new Parser();
    parser.append(bytes);
    parser._offset = 19;
    const options = { timestamp: 0, eventType: type, nextPosition: 0, size: bytes.length - 19 };
    return new (getEventClass(type))(parser, options, zongji);
  };
  const table = parse(map) as { buildColumnSchemas?(): unknown[]; updateColumnInfo?(): void };
  zongji.tableMap[TABLE_ID] = {
    columnSchemas: table.buildColumnSchemas?.(),
    parentSchema: 'shop',
    tableName: 'orders',
  };
  table.updateColumnInfo?.();
  return () => parse(event).rows?.length ?? 0;
}

const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >> 8]);

function eventOf(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(19);
  header.writeUInt8(type, 4);
  header.writeUInt32LE(header.length + body.length, 9);
  const tableId = Buffer.alloc(6);
  tableId.writeUIntLE(TABLE_ID, 0, 6);
  return Buffer.concat([header, tableId, body]);
}

/** CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, customer INT, name VARCHAR(40), amount DECIMAL(10,2), created DATETIME, state TINYINT), full metadata. */
function tableMapEvent(): Buffer {
  const names = ['id', 'customer', 'name', 'amount', 'created', 'state'];
  const nameField = Buffer.concat(names.map((name) => Buffer.from(`${String.fromCharCode(name.length)}${name}`)));
  const body = [
    u16(1),
    Buffer.from('\x04shop\0\x06orders\0', 'latin1'),
    Buffer.from([6, 8, 3, 15, 246, 18, 1]),
    Buffer.from([5, 160, 0, 10, 2, 0]),
    Buffer.from([0]),
    Buffer.from([1, 1, 0]),
    Buffer.from([2, 1, 45]),
    Buffer.from([4, nameField.length]),
    nameField,
    Buffer.from([8, 1, 0]),
  ];
  return eventOf(19, Buffer.concat(body));
}

function rowsEvent(): Buffer {
  const rows = Array.from({ length: ROWS_PER_EVENT }, (_, index) => {
    const id = Buffer.alloc(8);
    id.writeBigInt64LE(1_000_000n + BigInt(index));
    const customer = Buffer.alloc(4);
    customer.writeInt32LE(4_000 + index);
    const name = Buffer.from(`customer name ${String(index)}`);
    // 1234.56 in groups of nine digits and two; 2024-02-29 12:34:56.
    const amount = Buffer.from([0x80, 0x00, 0x04, 0xd2, 56]);
    const created = Buffer.from([0x99, 0xb2, 0xba, 0xc8, 0xb8]);
    return Buffer.concat([
      Buffer.from([0]),
      id,
      customer,
      Buffer.from([name.length]),
      name,
      amount,
      created,
      Buffer.from([3]),
    ]);
  });
  return eventOf(30, Buffer.concat([u16(1), u16(2), Buffer.from([6, 0xff]), ...rows]));
}
