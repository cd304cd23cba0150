import type { Simulation } from './simulation.ts';

const LOOK_MS = 2_000;

/** The target refuses some versions of an account, or takes all of them. */
export function refuse(simulation: Simulation, pipelineId: string, isRefusing: boolean): void {
  const accounts = simulation.targets.get(pipelineId)?.tables.get('shop.account');
  if (accounts === undefined) throw new Error('No table account');
  accounts.refuses = (row) => isRefusing && Number(row['version']) % 4 === 3;
}

/** A person's word about letters that follow no other one. */
export function decide(
  simulation: Simulation,
  pipelineId: string,
  state: 'retryWanted' | 'discardWanted',
  share = 1,
): void {
  for (const slot of simulation.targets.get(pipelineId)?.tables.get('lutra.dead_letter')?.slots.values() ?? []) {
    const { committed, owner } = slot;
    if (owner !== null || committed?.['state'] !== 'open' || committed['follows'] !== null) continue;
    if (simulation.random.next() >= share) continue;
    slot.committed = { ...committed, state, wanted_by: 'a person', wanted_at: 'now' };
  }
}

/** Rows are refused at times and taken at others, and a person decides about letters now and then; later all are retried. */
export function tendLetters(simulation: Simulation, pipelineId: string, untilMs: number): void {
  const { random, world } = simulation;
  refuse(simulation, pipelineId, true);
  const look = (): void => {
    const isOver = world.nowMs >= untilMs;
    refuse(simulation, pipelineId, !isOver && random.next() < 0.7);
    if (isOver) decide(simulation, pipelineId, 'retryWanted');
    else decide(simulation, pipelineId, random.next() < 0.7 ? 'retryWanted' : 'discardWanted', 0.3);
    world.at(null, LOOK_MS, look);
  };
  world.at(null, LOOK_MS, look);
}
