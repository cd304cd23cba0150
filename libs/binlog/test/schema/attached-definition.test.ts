/**
 * Goal: raw processes with attached definitions that were written once stay readable, and nobody changes their form without
 * meaning to.
 * Method: item-attached-1.events holds the events of item-mysql-9.7.events as select writes them when the server logs no
 * metadata. It is never written again: another form gets another magic and a file of its own.
 */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import type { DecodedEvent } from '@lutra/binlog/decoder';
import { attachDefinition, readLoggedTable } from '@lutra/binlog/schema';
import type { RawEvent } from '@lutra/model';

const TABLE_MAP = 19;

function recorded(name: string): RawEvent[] {
  const lines = readFileSync(join(import.meta.dirname, '..', 'fixtures', `item-${name}.events`), 'utf8').trim();
  return lines.split('\n').map((line) => {
    const [type, bytes = ''] = line.split(' ');
    return { type: Number(type) === TABLE_MAP ? 'tableMap' : 'rows', bytes: Buffer.from(bytes, 'base64'), event: 0 };
  });
}

const maps = (events: readonly RawEvent[]): Uint8Array[] =>
  events.filter(({ type }) => type === 'tableMap').map(({ bytes }) => bytes);

function decode(events: readonly RawEvent[]): DecodedEvent[] {
  const decoder = createRowsDecoder(new TableShapes());
  return events.flatMap((event) => {
    if (event.type === 'rows') return [decoder.rows(event)];
    decoder.tableMap(event);
    return [];
  });
}

/** The table map as the server wrote it: without the field at its end, of which number, a marker and length come first. */
function withoutDefinition(bytes: Uint8Array): Buffer {
  const magicAt = Buffer.from(bytes).indexOf('lutra1{');
  return Buffer.from(bytes.subarray(0, magicAt - 10));
}

const LOGGED = 'mysql-9.7';
const ATTACHED = 'attached-1';

describe('a raw process with attached definitions', () => {
  it('decodes to the rows that the same events give with metadata of the server', () => {
    const decoded = decode(recorded(ATTACHED));
    expect(decoded.length).toBeGreaterThan(0);
    expect(decoded).toEqual(decode(recorded(LOGGED)));
  });

  it('is written byte for byte as before', () => {
    const whole = maps(recorded(LOGGED)).map((bytes) => readLoggedTable(bytes, 'mysql').known);
    const attached = maps(recorded(ATTACHED));
    const written = attached.map((bytes, index) => {
      const bare = withoutDefinition(bytes);
      return attachDefinition(bare, readLoggedTable(bare, 'mysql'), whole[index] ?? null);
    });
    expect(written.map((bytes) => bytes.toString('hex'))).toEqual(
      attached.map((bytes) => Buffer.from(bytes).toString('hex')),
    );
  });

  it('has the field 0xff, its length, the magic and JSON at the end of a table map', () => {
    for (const bytes of maps(recorded(ATTACHED)).map((map) => Buffer.from(map))) {
      const fieldAt = withoutDefinition(bytes).length;
      expect([...bytes.subarray(fieldAt, fieldAt + 2)]).toEqual([0xff, 0xfe]);
      expect(bytes.readBigUInt64LE(fieldAt + 2)).toBe(BigInt(bytes.length - fieldAt - 10));
      const definition = JSON.parse(bytes.toString('utf8', fieldAt + 16)) as unknown;
      expect(definition).toMatchObject({ table: 'item', columns: expect.any(Array) as unknown });
    }
  });
});
