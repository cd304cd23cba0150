// Goal: what waits in the queues and how full the streams are is told as it is.
// Method: processes of two pipelines in a namespace of its own on a real server.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { consumeSelected, nextOf, openTestBus, writeProcess } from './fixtures.ts';
import type { TestBus } from './fixtures.ts';

let test: TestBus;
const stop = new AbortController();

beforeAll(async () => {
  test = await openTestBus();
});

afterAll(async () => {
  stop.abort();
  await test.close();
});

it('the oldest message of a pipeline is told until it is acknowledged, others are not', async () => {
  expect(await test.bus.oldestQueued('P1')).toBeNull();
  await writeProcess(test.bus, { pipelineId: 'P2', epoch: 1, process: 1 }, Buffer.from('x'));
  expect(await test.bus.oldestQueued('P1')).toBeNull();
  const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
  await writeProcess(test.bus, { pipelineId: 'P1', epoch: 2, process: 1 }, Buffer.from('x'));
  const [first, second] = [await test.bus.oldestQueued('P2'), await test.bus.oldestQueued('P1')];
  expect(first?.getTime()).toBeLessThanOrEqual(second?.getTime() ?? 0);
  await delivery.ack();
  expect(await test.bus.oldestQueued('P2')).toBeNull();
});

it('streams that refuse when they are full are told with their limits, those that drop old messages are not', async () => {
  const use = await test.bus.storageUse();
  const names = use.map(({ name }) => name.replace(/^TEST_\w+_(?=[A-Z]+$)/i, ''));
  expect(names).toEqual(expect.arrayContaining(['SELECTED', 'EXTRACTED', 'TRANSFORMED', 'BODIES', 'COMMANDS']));
  expect(names).not.toContain('EVENTS');
  for (const { bytes, bytesMax } of use) {
    expect(bytes).toBeGreaterThanOrEqual(0);
    expect(bytesMax).toBeGreaterThan(bytes);
  }
  expect(use.some(({ bytes }) => bytes > 0)).toBe(true);
});
