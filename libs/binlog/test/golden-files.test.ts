/**
 * Goal: what real servers wrote into their log files is read the same for ever: events, places, names and rows.
 * Method: each file in golden/ (see record.mjs there) goes through framer, unwrapper, readers and decoder; the result is
 * compared with the .json beside it. Where there is none yet, it is written, and the test fails until somebody has read it.
 */
import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  classifyEvent,
  EVENT_TYPE,
  EventFramer,
  eventTypeName,
  PayloadUnwrapper,
  readGtidEvent,
  readIncident,
  readPreparedXid,
  readQuery,
  readRotate,
  readTableName,
} from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import { readLoggedTable } from '@lutra/binlog/schema';
import type { DatabaseKind, RawEvent } from '@lutra/model';
import { binlogFileToPackets } from '@lutra/testing';
import { passedRows } from './decoder/collecting-sink.ts';

interface Golden {
  readonly name: string;
  readonly content: string;
  readonly kind: DatabaseKind;
}

const folder = join(dirname(fileURLToPath(import.meta.url)), 'golden');
const goldens = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Golden[];

describe('golden binlog files', () => {
  it.each(goldens.map((golden) => [golden.name, golden] as const))('%s', (name, golden) => {
    const packets = binlogFileToPackets(readFileSync(join(folder, `${name}.binlog`)));
    const events = new Description(golden.kind).describe(packets, packets.length);
    const file = join(folder, `${name}.json`);
    if (!existsSync(file)) {
      writeFileSync(file, `[\n${events.map((event) => `  ${JSON.stringify(event)}`).join(',\n')}\n]\n`);
      throw new Error(`${file} was missing and has been written: read it, then run this test again`);
    }
    expect(events).toEqual(JSON.parse(readFileSync(file, 'utf8')));
    for (const size of [1, 7, 100]) expect(new Description(golden.kind).describe(packets, size)).toEqual(events);
  });

  it('are read one behind the other, with checksums, without, and with them again', () => {
    const names = ['mysql-rows-full', 'mysql-no-checksum', 'mysql-payload', 'mysql-no-checksum'];
    const files = names.map((name) => readFileSync(join(folder, `${name}.binlog`)));
    const joined = binlogFileToPackets(
      Buffer.concat(files.map((file, index) => (index === 0 ? file : file.subarray(4)))),
    );
    const each = files.map((file) => new Description('mysql').describe(binlogFileToPackets(file), file.length * 2));
    for (const size of [50, 1000, joined.length])
      expect(new Description('mysql').describe(joined, size)).toEqual(each.flat());
  });

  it('hold every event that a transaction can have, and most of the others', () => {
    const types = goldens.flatMap(({ name }) => {
      const events = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as { type: string }[];
      return events.map(({ type }) => type);
    });
    const missing = Object.values(EVENT_TYPE)
      .map(eventTypeName)
      .filter((type) => !types.includes(type));
    expect(missing).toEqual(NOT_RECORDED.map((type) => `${type}_EVENT`));
  });
});

/** Old logs and LOAD DATA (refused), group replication, and what no server writes: covered by other tests or not at all. */
const NOT_RECORDED = [
  'START_V3',
  'LOAD',
  'CREATE_FILE',
  'APPEND_BLOCK',
  'EXEC_LOAD',
  'DELETE_FILE',
  'NEW_LOAD',
  'BEGIN_LOAD_QUERY',
  'EXECUTE_LOAD_QUERY',
  'PRE_GA_WRITE_ROWS',
  'PRE_GA_UPDATE_ROWS',
  'PRE_GA_DELETE_ROWS',
  'HEARTBEAT',
  'IGNORABLE',
  'ANONYMOUS_GTID',
  'TRANSACTION_CONTEXT',
  'VIEW_CHANGE',
  'MARIADB_START_ENCRYPTION',
  'MARIADB_WRITE_ROWS_COMPRESSED',
  'MARIADB_UPDATE_ROWS_COMPRESSED',
  'MARIADB_DELETE_ROWS_COMPRESSED',
  'MARIADB_PARTIAL_ROW_DATA',
];

class Description {
  private readonly decoder = createRowsDecoder(new TableShapes());
  /** Whether the table maps tell everything about their columns. */
  private readonly isWhole = new Map<number, boolean>();

  constructor(private readonly kind: DatabaseKind) {}

  describe(packets: Buffer, chunkBytes: number): unknown[] {
    const framer = new EventFramer({ hasChecksum: false });
    const unwrapper = new PayloadUnwrapper();
    const described: unknown[] = [];
    for (let at = 0; at < packets.length; at += chunkBytes) {
      const outer: FramedEvent[] = [];
      framer.push(packets.subarray(at, at + chunkBytes), outer);
      unwrapper.push(outer);
      for (let events = unwrapper.take(); events !== null; events = unwrapper.take())
        for (const event of events) described.push(this.describeEvent(event));
    }
    // Columns that are absent, 64-bit integers and bytes have no form of their own in JSON.
    return JSON.parse(JSON.stringify(described, spell)) as unknown[];
  }

  private describeEvent(event: FramedEvent): unknown {
    const place = event.fileBytes === 0 ? { inside: true } : { end: event.nextPosition, bytes: event.fileBytes };
    return { type: eventTypeName(event.type), ...place, ...this.describeBody(event) };
  }

  private describeBody(event: FramedEvent): object {
    switch (classifyEvent(event)) {
      case 'gtid':
        return readGtidEvent(event);
      case 'query':
        return readQuery(event);
      case 'rotate':
        return readRotate(event);
      case 'incident':
        return readIncident(event);
      case 'xaPrepare':
        return { xid: readPreparedXid(event) };
      case 'tableMap':
        return this.describeMap(event);
      case 'rows':
        return this.describeRows(event);
      default:
        return {};
    }
  }

  private describeMap(event: FramedEvent): object {
    const raw: RawEvent = { type: 'tableMap', event: 0, bytes: event.bytes };
    const { isWhole } = readLoggedTable(raw.bytes, this.kind);
    this.isWhole.set(event.buffer.readUIntLE(event.start + 19, 6), isWhole);
    if (isWhole) this.decoder.tableMap(raw);
    return { ...readTableName(event), isWhole };
  }

  private describeRows(event: FramedEvent): object {
    if (this.isWhole.get(event.buffer.readUIntLE(event.start + 19, 6)) !== true) return {};
    const raw: RawEvent = { type: 'rows', event: 0, bytes: event.bytes };
    const decoded = this.decoder.rows(raw);
    expect(passedRows(this.decoder, raw)).toEqual(decoded);
    const { kind, flags, rows } = decoded;
    return { kind, flags, rows };
  }
}

function spell(_key: string, value: unknown): unknown {
  if (value === undefined) return '(absent)';
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  return value;
}
