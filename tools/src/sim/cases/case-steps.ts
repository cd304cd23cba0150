import type { Permit, ServiceName } from '@lutra/model';
import { needsStart } from '../faults.ts';
import type { SimNode } from '../node.ts';
import { BrokenRule } from '../pipeline-check.ts';
import type { Simulation } from '../simulation.ts';
import type { Slot } from '../target-table-store.ts';

/** A case that takes longer than this hangs. */
const LIMIT_MS = 180_000;

/** Fails the case when the claim is false. */
export function expectThat(claim: string, isTrue: boolean): void {
  if (!isTrue) throw new BrokenRule(`expected: ${claim}`);
}

/** Runs until the claim holds. */
export async function until(simulation: Simulation, claim: string, isTrue: () => boolean): Promise<void> {
  await simulation.run(LIMIT_MS, isTrue);
  expectThat(claim, isTrue());
}

export const permitOf = (simulation: Simulation): Permit | null => simulation.check('p1').permit as Permit | null;

/** Starts p1, writes some transactions and waits until they are loaded. */
export async function begin(simulation: Simulation): Promise<void> {
  simulation.order('p1', 'START');
  await until(simulation, 'the pipeline begins', () => simulation.check('p1').at !== null);
  write(simulation, 5);
  await until(simulation, 'the first transactions arrive', () => simulation.check('p1').isComplete);
}

export function write(simulation: Simulation, count: number): void {
  for (let left = count; left > 0; left -= 1)
    simulation.sources.get('p1')?.write(simulation.operator.clock.now().getTime());
}

/** Everything arrives, and the permit runs; an operator starts what needs a person's word. */
export async function complete(simulation: Simulation): Promise<void> {
  write(simulation, 5);
  let nextMs = 0;
  await until(simulation, 'everything arrives in the end', () => {
    const { permit, isComplete } = simulation.check('p1');
    if (needsStart(permit) && simulation.world.nowMs > nextMs) {
      nextMs = simulation.world.nowMs + 5_000;
      simulation.order('p1', 'START');
    }
    return isComplete && permitOf(simulation)?.state === 'RUNNING';
  });
}

/** The instance that works for p1 now: whoever wrote or published last. */
export function holder(simulation: Simulation, service: Extract<ServiceName, 'select' | 'load'>): SimNode {
  const kind = service === 'select' ? 'mainstem' : 'loader';
  const content = simulation.zookeeper.read(`/lutra/pipelines/p1/${kind}`)?.data.toString('utf8') ?? '{}';
  const { instance } = JSON.parse(content) as { readonly instance?: string };
  const node = simulation.nodes.find(({ name }) => name === instance);
  if (node === undefined) throw new BrokenRule(`nobody holds the ${kind} lease`);
  return node;
}

export function arbiters(simulation: Simulation): readonly SimNode[] {
  return simulation.nodes.filter(({ service, state }) => service === 'arbiter' && state === 'up');
}

/** The rows of `lutra.checkpoint`, one for each lane. */
export const checkpointSlots = (simulation: Simulation): readonly Slot[] => [
  ...(simulation.targets.get('p1')?.tables.get('lutra.checkpoint')?.slots.values() ?? []),
];

/** The first of them, as the target has committed it; null without one. */
export const checkpointSlot = (simulation: Simulation): Slot | null => checkpointSlots(simulation)[0] ?? null;
