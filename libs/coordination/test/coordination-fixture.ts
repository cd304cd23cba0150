import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@lutra/model';
import type { InstanceDescription, Permit } from '@lutra/model';
import { NodeZooKeeperClient } from '../src/zookeeper-client.ts';

/** Waits until the condition holds, for at most 20 s. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  const startMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startMs > limitMs)
      throw new Error(`not within ${String(limitMs)} ms: ${String(condition)}`);
    await sleep(10);
  }
}

export const permit = (change: Partial<Permit>): Permit => ({
  state: 'RUNNING',
  epoch: 1,
  draining: false,
  commandId: 'c',
  aboutEpoch: null,
  reason: 'test',
  failure: null,
  since: '2026-01-01T00:00:00.000Z',
  by: 'test',
  attempt: 0,
  nextAttemptAt: null,
  ...change,
});

export const instance = (name: string): InstanceDescription => ({
  service: 'load',
  instance: name,
  host: 'host',
  pid: 1,
  version: '0',
  startedAt: '2026-01-01T00:00:00.000Z',
  httpPort: 0,
  load: { cpu: 0, memoryBytes: 0, tasks: 0 },
  weight: 1,
  draining: false,
});

interface TestServer {
  readonly servers: string;
  readonly auth: string;
}

export function openClient(server: TestServer): NodeZooKeeperClient {
  return new NodeZooKeeperClient({ ...server, sessionTimeoutMs: 6_000, clock: systemClock });
}
