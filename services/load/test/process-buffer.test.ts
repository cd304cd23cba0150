import { describe, expect, it } from '@jest/globals';
import type { ProcessDelivery } from '@lutra/messaging';
import { ProcessBuffer } from '../src/process-buffer.ts';

const LIMITS = { processesMax: 3, rowsMax: 100, bytesMax: 1_000 };

function delivery(
  process: number,
  more: { epoch?: number; deliveryCount?: number; rowCount?: number; bodyBytes?: number; revision?: number } = {},
): ProcessDelivery {
  const { epoch = 7, deliveryCount = 1, rowCount = 1, bodyBytes = 10, revision = 1 } = more;
  return { header: { epoch, process, rowCount, revision }, deliveryCount, bodyBytes } as unknown as ProcessDelivery;
}
const numbers = (deliveries: readonly ProcessDelivery[]): number[] => deliveries.map(({ header }) => header.process);

describe('the re-order buffer', () => {
  it('hands processes out in order, without a hole', () => {
    const buffer = new ProcessBuffer(7);
    for (const process of [3, 2]) expect(buffer.offer(delivery(process), 0)).toBe('held');
    expect(buffer.take(LIMITS)).toEqual([]);
    buffer.offer(delivery(1), 0);
    expect(numbers(buffer.take(LIMITS))).toEqual([1, 2, 3]);
    expect(buffer.lastTaken).toBe(3);
  });

  it('joins only what stays small, and never two revisions; one process may be of any size', () => {
    const buffer = new ProcessBuffer(7);
    const sizes = [
      { rowCount: 500 },
      { rowCount: 60 },
      { rowCount: 60 },
      { bodyBytes: 990 },
      {},
      { revision: 2 },
      { revision: 2 },
    ];
    for (const [index, size] of sizes.entries()) buffer.offer(delivery(index + 1, size), 0);
    const units: number[][] = [];
    for (let unit = buffer.take(LIMITS); unit.length > 0; unit = buffer.take(LIMITS)) units.push(numbers(unit));
    expect(units).toEqual([[1], [2], [3, 4], [5], [6, 7]]);
  });

  it('drops older epochs and repeats, and leaves newer epochs', () => {
    const buffer = new ProcessBuffer(7);
    buffer.offer(delivery(1), 0);
    buffer.take(LIMITS);
    expect(buffer.offer(delivery(1, { deliveryCount: 9 }), 0)).toBe('drop');
    expect(buffer.offer(delivery(5, { epoch: 6, deliveryCount: 9 }), 0)).toBe('drop');
    expect(buffer.offer(delivery(1, { epoch: 8 }), 0)).toBe('later');
  });

  it('keeps the newest delivery of a process and refuses one that comes too often', () => {
    const buffer = new ProcessBuffer(7);
    const again = delivery(1, { deliveryCount: 3 });
    buffer.offer(delivery(1), 0);
    buffer.offer(again, 0);
    expect(buffer.take(LIMITS)).toMatchObject([{ header: again.header, deliveryCount: 3 }]);
    expect(() => buffer.offer(delivery(2, { deliveryCount: 4 }), 0)).toThrow('BUS_REDELIVERED_TOO_OFTEN');
  });

  it('settles every delivery of a process with the one that it hands out', async () => {
    const buffer = new ProcessBuffer(7);
    const settled: string[] = [];
    const settling = (name: string): ProcessDelivery => ({
      ...delivery(1),
      ack: () => Promise.resolve(void settled.push(`${name} ack`)),
      nak: () => void settled.push(`${name} nak`),
      term: () => void settled.push(`${name} term`),
    });
    for (const name of ['first', 'second', 'third']) buffer.offer(settling(name), 0);
    const [handedOut] = buffer.take(LIMITS);
    await handedOut?.ack();
    expect(settled).toEqual(['third ack', 'second term', 'first term']);
    handedOut?.nak();
    expect(settled.slice(3)).toEqual(['third nak', 'second nak', 'first nak']);
  });

  it('says how long a later process has been waiting', () => {
    const buffer = new ProcessBuffer(7);
    expect(buffer.gapMs(1_000)).toBe(0);
    buffer.offer(delivery(2), 1_000);
    buffer.offer(delivery(3), 2_000);
    expect(buffer.gapMs(6_000)).toBe(5_000);
    buffer.offer(delivery(1), 6_000);
    expect(buffer.gapMs(9_000)).toBe(0);
    expect(numbers(buffer.clear())).toEqual([2, 3, 1]);
  });
});
