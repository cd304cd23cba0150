import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { systemClock } from '@lutra/model';
import type { LogLine } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { NoticeWatch } from '../../src/alarms/notice-watch.ts';
import { withoutRepeats } from '../../src/alarms/without-repeats.ts';

// Goal: what went wrong in the last minutes is seen once, whether an event or a line of a log tells of it, by each leader.
// Method: events and lines on a real bus; two watches, as of two leaders.

let bus: Bus;

beforeAll(async () => {
  bus = await openBus({ ...testServers().nats, name: 'test', namespace: `notices-${randomUUID().slice(0, 8)}` });
});

afterAll(() => bus.close());

const at = (agoMs: number): string => new Date(Date.now() - agoMs).toISOString();

const writeLine = (message: string, change: Partial<LogLine> = {}): Promise<void> =>
  bus.publishLog({
    ...{ at: at(20_000), service: 'load', instance: 'load-1', level: 'error', message },
    ...{ pipelineId: 'P', traceId: null, code: null, fields: {}, ...change },
  });

it('events and lines of a pipeline are seen, each once, by every leader', async () => {
  await bus.publishEvent({
    ...{ v: 1, at: at(10_000), who: 'load-1', pipelineId: 'P', epoch: 3, process: null, traceId: null },
    ...{ kind: 'warning', code: 'SLOW', message: 'told' },
  });
  await writeLine('the same in the log', { at: at(9_000), code: 'SLOW' });
  await writeLine('of another instance', { at: at(8_000), code: 'SLOW', instance: 'load-2' });
  await writeLine('first', { fields: { err: { type: 'Error', message: 'the reason' } } });
  await writeLine('of no pipeline', { pipelineId: null });
  await writeLine('long ago', { at: at(400_000) });
  const leader = new NoticeWatch({ bus, clock: systemClock });
  const seen = await leader.read();
  expect(seen.map(({ message }) => message).sort()).toEqual([
    ...['first: the reason', 'of another instance', 'the same in the log', 'told'],
  ]);
  const once = withoutRepeats(seen).map(({ message }) => message);
  expect(once).toEqual(['first: the reason', 'told', 'of another instance']);
  expect(await leader.read()).toEqual(seen);
  expect(await new NoticeWatch({ bus, clock: systemClock }).read()).toEqual(seen);
  await writeLine('next', { at: at(0) });
  expect((await leader.read()).map(({ message }) => message).at(-1)).toBe('next');
});
