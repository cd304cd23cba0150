import { describe, expect, it } from '@jest/globals';
import { FramedEvent } from '@lutra/binlog';
import type { FrameKind } from '../src/framed-event.ts';
import { SkipToOffset } from '../src/skip-to-offset.ts';

const [ROTATE, FORMAT, XID] = [4, 15, 16];
const GIB = 2 ** 30;

function event(
  type: number,
  end: number,
  { kind = 'whole', flags = 0, fileBytes = GIB }: Partial<{ kind: FrameKind; flags: number; fileBytes: number }> = {},
): FramedEvent {
  const bytes = Buffer.alloc(19);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32LE(end % 2 ** 32, 13);
  bytes.writeUInt16LE(flags, 17);
  return new FramedEvent(kind, type, bytes, 0, kind === 'piece' ? 1 : 19, 19, fileBytes);
}

/** A log of 6 GiB in events of 1 GiB, as a dump from its beginning gives it. */
const log = (): FramedEvent[] => [
  event(ROTATE, 0, { flags: 0x20 }),
  event(FORMAT, 126, { fileBytes: 122 }),
  ...Array.from({ length: 6 }, (_, index) =>
    event(XID, (index + 1) * GIB, { fileBytes: index === 0 ? GIB - 126 : GIB }),
  ),
];

describe('SkipToOffset', () => {
  it('passes over what lies before an offset beyond 4 GiB, but not the file and its format', () => {
    const skip = new SkipToOffset('bin.000001', 5 * GIB);
    const passed = skip.pass(log());
    expect(passed.map(({ type, nextPosition }) => [type, nextPosition])).toEqual([
      [ROTATE, 0],
      [FORMAT, 0],
      [XID, (6 * GIB) % 2 ** 32],
    ]);
    expect(skip.isSkipping).toBe(false);
  });

  it('passes over a large event with all of its pieces', () => {
    const skip = new SkipToOffset('bin.000001', 5 * GIB);
    const large = [
      event(XID, 5 * GIB, { kind: 'begin' }),
      event(XID, 0, { kind: 'piece' }),
      event(XID, 0, { kind: 'end' }),
    ];
    skip.pass(log().slice(0, 6));
    expect(skip.pass(large.slice(0, 2))).toEqual([]);
    expect(skip.isSkipping).toBe(true);
    expect(skip.pass(large.slice(2))).toEqual([]);
    expect(skip.isSkipping).toBe(false);
  });

  it.each([
    ['inside an event', 5 * GIB + 1, log()],
    ['behind the end of the file', 7 * GIB, [...log(), event(ROTATE, 6 * GIB + 40)]],
  ])('refuses an offset %s', (_, offset, events) => {
    expect(() => new SkipToOffset('bin.000001', offset).pass(events)).toThrow(
      expect.objectContaining({ code: 'SOURCE_POSITION_UNKNOWN' }),
    );
  });
});
