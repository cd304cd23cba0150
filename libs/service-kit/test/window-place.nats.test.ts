// Goal: an arbiter or manager of the release before sees windows for as long as it is there, so that no order of upgrade matters.
// Method: real NATS and ZooKeeper; the old reader is a member that says nothing of windows, and the log is read as it reads it.
import { afterEach, beforeEach, it, jest } from '@jest/globals';
import type { ServiceName, WindowEvent } from '@lutra/model';
import { WindowPlace } from '../src/window-place.ts';
import { soon, TestInstallation } from './kit-fixture.ts';
import type { TestInstance } from './kit-fixture.ts';

jest.setTimeout(60_000);

let installation: TestInstallation;
let select: TestInstance;

beforeEach(async () => {
  installation = await TestInstallation.open();
  select = await installation.instance('select', 'S1');
});

afterEach(async () => {
  await installation.close();
});

/** Publishes a window, and says whether it is in the log. The log's own reader, `followLog`, gives no others. */
async function isInLog(): Promise<boolean> {
  const { bus, clock } = select.context;
  const event: WindowEvent = {
    ...{ v: 1, at: clock.now().toISOString(), who: 'S1', pipelineId: 'P1', epoch: 1, process: null, traceId: null },
    ...{ kind: 'window', state: 'streaming', cause: null, open: [], lagMs: 0, eventsRead: 0, bytesRead: 0 },
  };
  const since = new Date(clock.now().getTime() - 1_000);
  const over = new AbortController();
  const log = bus.followLog({ after: null, since }, over.signal);
  await bus.publishEvent(event);
  await bus.publishEvent({ ...event, kind: 'warning', code: 'W', message: event.at });
  try {
    for await (const { event: logged } of log) if (logged.at === event.at) return logged.kind === 'window';
    throw new Error('the log ended');
  } finally {
    over.abort();
  }
}

const becomes = (wanted: boolean, what: string): Promise<unknown> =>
  soon(what, async () => ((await isInLog()) === wanted ? true : undefined));

it.each<ServiceName>(['arbiter', 'manager'])('puts windows into the log while an old %s is there', async (service) => {
  const current = await installation.instance(service, 'R2');
  await current.join();
  select.start(new WindowPlace(select.context));
  await becomes(false, 'windows beside the log');
  const old = await installation.coordinator.join({
    ...{ service, instance: 'R1', host: 'here', pid: 1, version: '0.0.0', startedAt: '', httpPort: 0, weight: 1 },
    ...{ load: { cpu: 0, memoryBytes: 0, tasks: 0 }, draining: false },
  });
  await becomes(true, 'windows in the log');
  await old.leave();
  await becomes(false, 'windows beside the log again');
});
