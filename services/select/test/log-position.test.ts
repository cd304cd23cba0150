import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EVENT_TYPE, FramedEvent } from '@lutra/binlog';
import { LogPosition } from '../src/log-position.ts';

/** An event of `fileBytes` that says it ends at `next` (its low 32 bits). */
function event(type: number, fileBytes: number, next: number): FramedEvent {
  const bytes = Buffer.alloc(19);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32LE(next % 2 ** 32, 13);
  return new FramedEvent('whole', type, bytes, 0, bytes.length, fileBytes, fileBytes);
}
const { MARIADB_GTID, TABLE_MAP, WRITE_ROWS_V1, XID, FORMAT_DESCRIPTION, HEARTBEAT } = EVENT_TYPE;

describe('LogPosition', () => {
  it('is exact behind a transaction whose events in the middle do not say where they are', () => {
    const position = new LogPosition('bin.000001', 100);
    // Between the GTID and the table map the file has an ANNOTATE_ROWS of 50 bytes, which is not sent.
    position.advance(event(MARIADB_GTID, 40, 140));
    position.advance(event(TABLE_MAP, 60, 0));
    position.advance(event(WRITE_ROWS_V1, 70, 0));
    expect(position.offset).toBe(270);
    position.advance(event(XID, 30, 350));
    expect(position.offset).toBe(350);
  });

  it('does not lose 4 GiB in such a transaction that is longer than that', () => {
    const position = new LogPosition('bin.000001', 100);
    position.advance(event(MARIADB_GTID, 40, 140));
    for (let part = 0; part < 5; part++) position.advance(event(WRITE_ROWS_V1, 2 ** 30, 0));
    const end = 140 + 5 * 2 ** 30 + 30;
    position.advance(event(XID, 30, end));
    expect(position.offset).toBe(end);
  });

  it.each([
    ['the format in front of a dump', FORMAT_DESCRIPTION],
    ['a heartbeat', HEARTBEAT],
  ])('is not moved by %s', (_, type) => {
    const position = new LogPosition('bin.000001', 100);
    position.advance(event(type, 40, 0));
    expect(position.offset).toBe(100);
  });

  it('follows offsets of which events tell 32 bits, beyond 4 GiB too', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 2 ** 40 }), steps, (start, lengths) => {
        const position = new LogPosition('bin.000001', start);
        let offset = start;
        for (const length of lengths) {
          offset += length;
          // 0 would stand for an event that does not say where it is.
          if (offset % 2 ** 32 === 0) return;
          position.advance(event(XID, 30, offset));
          expect(position.offset).toBe(offset);
        }
      }),
    );
  });
});
