// Goal: the pipelines are led by all arbiters together, each by exactly one, whoever comes, drains or goes.
// Method: arbiters on a real NATS and ZooKeeper; each counts what it leads.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { waitUntil } from '@lutra/testing';
import { pipelineDefinition, RunningArbiters } from './running-arbiters.ts';
import type { RunningArbiter } from './running-arbiters.ts';

const PIPELINES = 24;
let running: RunningArbiters;

beforeEach(async () => {
  running = await RunningArbiters.open();
  for (let index = 0; index < PIPELINES; index += 1)
    await running.bus.putDefinition(pipelineDefinition(`p${String(index)}`));
});

afterEach(async () => {
  await running.close();
});

const led = (arbiters: readonly RunningArbiter[]): number =>
  arbiters.reduce((sum, arbiter) => sum + arbiter.leads(), 0);
const settles = (what: string, claim: () => boolean): Promise<boolean> =>
  waitUntil(claim, { what, timeoutMs: 60_000, everyMs: 50 });

it('spreads over arbiters that come, drain and go', async () => {
  const first = await running.start('one');
  await settles('the only arbiter to lead all', () => first.leads() === PIPELINES);
  const second = await running.start('two');
  await settles('the second to have its share', () => second.leads() >= 6 && led([first, second]) === PIPELINES);
  expect(first.leads()).toBeGreaterThanOrEqual(6);
  await second.setDraining(true);
  await settles('the draining one to lead nothing', () => second.leads() === 0 && first.leads() === PIPELINES);
  await second.setDraining(false);
  await settles('its share to come back', () => second.leads() >= 6 && led([first, second]) === PIPELINES);
  await first.close();
  await settles('the one that is left to lead all', () => second.leads() === PIPELINES);
});
