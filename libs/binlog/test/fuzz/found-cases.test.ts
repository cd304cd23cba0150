import { describe, expect, it } from '@jest/globals';
import { FramedEvent, readGtidEvent } from '@lutra/binlog';
import { EVENT_TYPE } from '../../src/event-types.ts';
import { decodeDefinition, encodeDefinition } from '../../src/schema/attached-definition.ts';

/** An event of this body with other bytes before and behind it in its buffer. */
function eventOf(type: number, body: Uint8Array): FramedEvent {
  const header = Buffer.alloc(19);
  header[4] = type;
  const buffer = Buffer.concat([Buffer.alloc(50, 7), header, body, Buffer.alloc(300, 7)]);
  const length = header.length + body.length;
  return new FramedEvent('whole', type, buffer, 50, 50 + length, length, length);
}

// What the fuzz test found, one row each.
describe('a GTID event', () => {
  it.each([
    ['of MariaDB, cut', EVENT_TYPE.MARIADB_GTID, Buffer.alloc(12, 1)],
    ['of MySQL, cut in its number', EVENT_TYPE.GTID, Buffer.alloc(24, 1)],
    ['with a tag, cut in its uuid', EVENT_TYPE.GTID_TAGGED, Buffer.from([2, 80, 0, 0, 0, 2, 2, 2, 2])],
    [
      'with a tag longer than the event',
      EVENT_TYPE.GTID_TAGGED,
      Buffer.from([2, 80, 0, 2, ...new Uint8Array(16), 4, 4, 6, 120, 97]),
    ],
  ])('%s, is corrupt whatever stands behind it', (_, type, body) => {
    expect(() => readGtidEvent(eventOf(type, body))).toThrow('SOURCE_EVENT_CORRUPT');
  });
});

describe('an attached definition', () => {
  const column = { name: 'a', kind: 'enum', declared: "enum('x')", nullable: true, labels: ['x'] } as const;
  const definition = { schema: 's', table: 't', columns: [column], primaryKey: [0] };

  it('is read as it was written', () => {
    expect(decodeDefinition(encodeDefinition(definition))).toEqual(definition);
  });

  it.each([
    ['without columns', '"columns"', '"c0lumns"'],
    ['with a column that is none', '[{', '[7,{'],
    ['with an unknown kind', '"enum"', '"enuM"'],
    ['with labels that are none', '["x"]', '[1]'],
    ['with a key outside its columns', '"primaryKey":[0]', '"primaryKey":[1]'],
    ['that is no JSON', '{"schema"', '"schema"'],
  ])('%s, is corrupt', (_, from, to) => {
    const damaged = encodeDefinition(definition).toString('utf8').replace(from, to);
    expect(() => decodeDefinition(Buffer.from(damaged))).toThrow('SOURCE_EVENT_CORRUPT');
  });
});
