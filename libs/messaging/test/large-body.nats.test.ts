// Goal: a body of any size passes, in one piece and unchanged, and neither side holds more than a few parts of it.
// Method: bodies above the inline limit on a real server; what a writer holds is read from isFull and from its own sink.
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { consumeSelected, nextOf, openTestBus, processHeader, writeProcess } from './fixtures.ts';
import type { TestBus } from './fixtures.ts';

jest.setTimeout(60_000);

const MIB = 1024 * 1024;
let test: TestBus;
let stop: AbortController;

beforeEach(async () => {
  test = await openTestBus();
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await test.close();
});

const identity = (process: number) => ({ pipelineId: 'P1', epoch: 1, process });

const partCount = async (bus: TestBus['bus']): Promise<number> => {
  const delivery = await nextOf(consumeSelected(bus, stop.signal));
  const body = await delivery.fetchBody();
  expect(body.length).toBe(delivery.bodyBytes);
  return body.length;
};

describe('a body beyond the inline limit', () => {
  it.each([
    ['exactly the inline limit', 512 * 1024],
    ['one byte more than the inline limit', 512 * 1024 + 1],
    ['exactly one part', 768 * 1024],
    ['a part and a byte', 768 * 1024 + 1],
    ['an empty body', 0],
  ])('passes with %s', async (_size, length) => {
    const body = randomBytes(length);
    await writeProcess(test.bus, identity(1), body);
    const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
    expect(delivery.bodyBytes).toBe(length);
    expect(Buffer.from(await delivery.fetchBody()).equals(body)).toBe(true);
  });

  it('passes 64 MiB written in pieces while the writer holds at most a few parts', async () => {
    const piece = randomBytes(MIB / 4);
    const writer = test.bus.writeProcess({ queue: 'selected', identity: identity(1), schema: 'raw-process/1' });
    const hash = createHash('sha256');
    let waits = 0;
    let sincePause = 0;
    let sincePauseMax = 0;
    for (let written = 0; written < 64 * MIB; written += piece.length) {
      writer.write(piece);
      hash.update(piece);
      sincePause += piece.length;
      sincePauseMax = Math.max(sincePauseMax, sincePause);
      if (writer.isFull) {
        await writer.drain();
        expect(writer.isFull).toBe(false);
        waits++;
        sincePause = 0;
      }
    }
    await writer.finish(processHeader(identity(1)));
    // The loop never yields on its own: all that it wrote between two drains was unsent at the second.
    expect(sincePauseMax).toBeLessThanOrEqual(4 * MIB);
    expect(waits).toBeGreaterThan(10);
    const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
    expect(delivery.bodyBytes).toBe(64 * MIB);
    const body = await delivery.fetchBody();
    expect(createHash('sha256').update(body).digest('hex')).toBe(hash.digest('hex'));
    await delivery.ack();
    await test.bus.forgetBodies(identity(1));
    await expect(delivery.fetchBody()).rejects.toMatchObject({ code: 'BUS_BODY_MISSING' });
  });

  it('takes a single value of 64 MiB by reference', async () => {
    const value = Buffer.alloc(64 * MIB, 7);
    await writeProcess(test.bus, identity(1), value);
    expect(await partCount(test.bus)).toBe(64 * MIB);
  });

  it('keeps the parts of two attempts apart', async () => {
    const abandoned = test.bus.writeProcess({ queue: 'selected', identity: identity(1), schema: 'raw-process/1' });
    abandoned.write(randomBytes(2 * MIB));
    const body = randomBytes(2 * MIB);
    await writeProcess(test.bus, identity(1), body);
    await abandoned.abort();
    const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
    expect(Buffer.from(await delivery.fetchBody()).equals(body)).toBe(true);
  });

  it('removes the parts of one process only', async () => {
    await writeProcess(test.bus, identity(1), randomBytes(MIB));
    await writeProcess(test.bus, identity(11), randomBytes(MIB));
    await test.bus.forgetBodies(identity(1));
    const iterator = consumeSelected(test.bus, stop.signal);
    const [gone, kept] = [await nextOf(iterator), await nextOf(iterator)];
    await expect(gone.fetchBody()).rejects.toMatchObject({ code: 'BUS_BODY_MISSING' });
    expect((await kept.fetchBody()).length).toBe(MIB);
  });
});
