// Goal: whenever managers are killed in the middle of a cycle or of a delivery, the next one goes on: no alarm is lost, none
// is doubled, and a delivery comes twice only under the same id.
// Method: two managers as processes; fail points end them before and after the commit of a cycle, and before and after a
// delivery. Instances are lost by events of the log and come back as members; a real HTTP server is told.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openCoordinator } from '@lutra/coordination';
import type { Coordinator } from '@lutra/coordination';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import type { AlarmEvent } from '@lutra/model';
import { HttpSink, testServers, waitUntil } from '@lutra/testing';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

let e2e: E2eStack;
let sink: HttpSink;
let bus: Bus;
let coordinator: Coordinator;

beforeAll(async () => {
  sink = await HttpSink.start();
  e2e = await startE2eStack('alarms', {
    services: { manager: 2, arbiter: 0, select: 0, extract: 0, transform: 0, load: 0 },
  });
  const { api, namespace } = e2e.stack;
  bus = await openBus({ ...testServers().nats, name: 'test', namespace });
  coordinator = await openCoordinator({ ...testServers().zookeeper, root: `/${namespace}` });
  const http = { url: sink.origin };
  const receiver = await api.post('/receivers', { body: { name: 'hook', kind: 'webhook', http } });
  const receiverIds = [receiver.id];
  await api.post('/alarm-rules', { body: { name: 'lost', kind: 'instanceLost', threshold: 0, receiverIds } });
});

afterAll(async () => {
  await bus.close();
  await coordinator.close();
  await e2e.stop();
  await sink.close();
});

async function tellLoss(instance: string): Promise<void> {
  const base = { v: 1, who: 'arbiter-1', pipelineId: null, epoch: null, process: null, traceId: null } as const;
  await bus.publishEvent({ ...base, at: new Date().toISOString(), kind: 'instance-lost', service: 'load', instance });
}

/** Ids of the deliveries that told of a change of this instance. */
const deliveries = (instance: string, change: string): Set<unknown> =>
  new Set(
    sink.posted
      .filter(({ body }) => {
        const alarm = body['alarm'] as { readonly subjectId: string; readonly change: string };
        return alarm.subjectId === instance && alarm.change === change;
      })
      .map(({ body }) => body['deliveryId']),
  );

/** Ids of the alarms that the event log was told of. */
async function logged(instance: string, kind: 'alarm-raised' | 'alarm-cleared'): Promise<Set<string>> {
  const events = await bus.readEvents({ kinds: [kind], limit: 1_000 });
  const alarms = events.filter((event): event is AlarmEvent => event.kind === kind);
  return new Set(
    alarms
      .filter(({ rule, subject }) => rule === 'lost' && subject === `instance ${instance}`)
      .map(({ alarmId }) => alarmId),
  );
}

const untilTold = (instance: string, change: string): Promise<unknown> =>
  waitUntil(() => deliveries(instance, change).size > 0, { what: `${change} of ${instance}`, timeoutMs: 90_000 });

it.each(['before-commit', 'after-commit', 'before-publish', 'after-publish'])(
  'an alarm is told once although both managers die at %s',
  async (point) => {
    const instance = `load-${point}`;
    const managers = e2e.stack.instancesOf('manager');
    for (const manager of managers) await manager.kill('SIGKILL');
    await tellLoss(instance);
    // Both: whoever leads or delivers first dies, then the other one in its place.
    for (const manager of managers) await manager.start({ LUTRA_FAIL_POINTS: `${point}=exit` });
    await waitUntil(() => managers.every(({ isRunning }) => !isRunning), { what: 'both to die', timeoutMs: 120_000 });
    expect(managers.map(({ end }) => end)).toEqual(['exit code 137', 'exit code 137']);
    for (const manager of managers) await manager.start();
    await untilTold(instance, 'firing');
    const member = await coordinator.join({
      ...{ service: 'load', instance, host: 'test', pid: 1, version: '0', startedAt: new Date().toISOString() },
      ...{ httpPort: 1, load: { cpu: 0, memoryBytes: 1, tasks: 0 }, weight: 1, draining: false },
    });
    await untilTold(instance, 'resolved');
    expect([deliveries(instance, 'firing').size, deliveries(instance, 'resolved').size]).toEqual([1, 1]);
    await waitUntil(async () => (await logged(instance, 'alarm-cleared')).size > 0, {
      ...{ what: 'the end in the event log', timeoutMs: 90_000 },
    });
    const begun = await logged(instance, 'alarm-raised');
    expect([begun.size, await logged(instance, 'alarm-cleared')]).toEqual([1, begun]);
    await member.leave();
  },
  240_000,
);
