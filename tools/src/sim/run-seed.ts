import { Random } from '../demo/random.ts';
import { FaultMaker, needsStart } from './faults.ts';
import { BrokenRule } from './pipeline-check.ts';
import { tendLetters } from './person.ts';
import { Simulation } from './simulation.ts';

/** Faults and workload come in this span; then everything is mended. */
const FAULTS_FROM_MS = 3_000;
/** After the last fault the pipelines have so long to bring everything to the targets. */
const RECOVERY_MS = 240_000;
const LOOK_MS = 500;
const START_EVERY_MS = 5_000;
/** A pipeline that is not concerned gets on within this. */
const UNDISTURBED_MS = 8_000;

export interface SeedReport {
  readonly seed: number;
  readonly hash: string;
  readonly steps: number;
  readonly virtualMs: number;
  readonly recoveryMs: number;
  readonly transactions: number;
  readonly commits: number;
  /** Of them, those after which the lanes stood at different places. */
  readonly unevenCommits: number;
  readonly faults: Readonly<Record<string, number>>;
}

/** A run that broke a rule, with what happened before. */
export class SeedFailure extends Error {
  constructor(
    readonly seed: number,
    readonly trace: readonly string[],
    options: { readonly cause: unknown },
  ) {
    super(options.cause instanceof Error ? options.cause.message : String(options.cause), options);
  }
}

/** One random run, the same for the same seed. Throws {@link SeedFailure}. */
export async function runSeed(
  seed: number,
  options: { readonly isTraced: boolean } = { isTraced: false },
): Promise<SeedReport> {
  const shape = new Random(seed);
  const isLonely = shape.next() < 0.1;
  const pipelines = isLonely || shape.next() < 0.2 ? 2 : 1;
  const hasLetters = new Random(seed ^ 0x3c6ef372).next() < 0.25;
  const simulation = new Simulation({
    seed,
    pipelines,
    instances: { extract: shape.between(1, 2), transform: shape.between(1, 2), arbiter: shape.between(1, 2) },
    parameters: {
      parallelism: shape.between(1, 4),
      maxRows: shape.between(3, 16),
      retryInPlaceMs: shape.pick([2_000, 10_000, 30_000]),
      processAgeMaxMs: shape.pick([15_000, 60_000]),
      extractPlacement: shape.pick(['any', 'any', 'roundRobin', 'stick', 'leastLoaded']),
      failoverMode: shape.pick(['fast', 'balanced']),
      applyMode: shape.next() < 0.4 ? 'transactional' : 'merged',
      lanes: shape.between(1, 4),
      ...(hasLetters ? { onPoison: 'deadLetter', poisonTries: 1 } : {}),
    },
    isTraced: options.isTraced,
  });
  try {
    return await run(simulation, { isLonely, faultsMs: shape.between(10_000, 30_000), seed, hasLetters });
  } catch (error) {
    throw new SeedFailure(seed, simulation.world.trace.tail(400), { cause: error });
  }
}

interface RunShape {
  readonly isLonely: boolean;
  readonly faultsMs: number;
  readonly seed: number;
  /** The targets refuse rows at times. */
  readonly hasLetters: boolean;
}

async function run(simulation: Simulation, { isLonely, faultsMs, seed, hasLetters }: RunShape): Promise<SeedReport> {
  const { world, random, sources, checks } = simulation;
  const pipelineIds = [...sources.keys()];
  const faults = new FaultMaker(simulation, {
    isLonely,
    pipelineIds: isLonely ? pipelineIds.slice(0, 1) : pipelineIds,
  });
  for (const pipelineId of pipelineIds) simulation.order(pipelineId, 'START');
  const endMs = FAULTS_FROM_MS + faultsMs;
  for (const log of sources.values()) writeUntil(simulation, log, endMs);
  for (let atMs = FAULTS_FROM_MS; atMs < endMs; atMs += 200 + random.next() * 5_000)
    world.at(null, atMs, () => {
      faults.make();
    });
  if (hasLetters) for (const pipelineId of pipelineIds) tendLetters(simulation, pipelineId, endMs);
  if (isLonely) watchUndisturbed(simulation, pipelineIds.slice(1), endMs);
  await world.run(endMs, () => false);
  faults.heal();
  startHalted(simulation);
  const isThrough = (): boolean =>
    [...checks.values()].every((check) => check.isComplete && isRunning(check.permit) && check.letters.unsettled === 0);
  await world.run(endMs + RECOVERY_MS, every(world, LOOK_MS, isThrough));
  const recoveredMs = world.nowMs;
  if (!isThrough()) throw new BrokenRule(describeStuck(simulation));
  for (const check of checks.values()) check.compareAll();
  // The tails of commands and the last acknowledgements.
  const openCommands = (): readonly unknown[] =>
    [...checks.values()].flatMap((check) => check.openCommands(simulation.nats.damagedMs, recoveredMs - 1_000));
  await world.run(
    recoveredMs + 90_000,
    every(world, LOOK_MS, () => openCommands().length === 0),
  );
  if (openCommands().length > 0) throw new BrokenRule(`Commands without an outcome: ${JSON.stringify(openCommands())}`);
  return {
    seed,
    hash: world.trace.hash,
    steps: world.steps,
    virtualMs: Math.round(world.nowMs),
    recoveryMs: Math.round(recoveredMs - endMs),
    transactions: [...sources.values()].reduce((sum, { size }) => sum + size, 0),
    commits: [...checks.values()].reduce((sum, { commits }) => sum + commits, 0),
    unevenCommits: [...checks.values()].reduce((sum, { unevenCommits }) => sum + unevenCommits, 0),
    faults: Object.fromEntries(faults.counts),
  };
}

function writeUntil(simulation: Simulation, log: { write: (commitMs: number) => void }, endMs: number): void {
  const { world, random, operator } = simulation;
  const meanMs = 100 + random.next() * 900;
  const write = (): void => {
    if (world.nowMs >= endMs) return;
    for (let left = random.between(1, 3); left > 0; left -= 1) log.write(operator.clock.now().getTime());
    world.at(null, random.next() * 2 * meanMs, write);
  };
  write();
}

/** The operator starts what needs a person's word. */
function startHalted(simulation: Simulation): void {
  const look = (): void => {
    for (const [pipelineId, { permit }] of simulation.checks)
      if (needsStart(permit)) simulation.order(pipelineId, 'START');
    simulation.world.at(null, START_EVERY_MS, look);
  };
  look();
}

/** Guarantee 8: what happens to another pipeline does not stop these. */
function watchUndisturbed(simulation: Simulation, pipelineIds: readonly string[], endMs: number): void {
  const { world, checks, sources } = simulation;
  const look = (): void => {
    for (const pipelineId of pipelineIds) {
      const check = checks.get(pipelineId);
      const next = sources.get(pipelineId)?.transactions[check?.at?.done ?? 0];
      if (check === undefined || next === undefined) continue;
      // Its own load may be more than it can do: then it is late, but gets on.
      const waitingMs = simulation.operator.clock.now().getTime() - next.commitMs;
      const ageMs = Math.min(waitingMs, world.nowMs - check.progressMs);
      if (check.at !== null && ageMs > UNDISTURBED_MS)
        world.fail(
          new BrokenRule(`${pipelineId} stands still since ${String(ageMs)} ms, although nothing happened to it`),
        );
    }
    if (world.nowMs < endMs) world.at(null, LOOK_MS, look);
  };
  world.at(null, 2 * FAULTS_FROM_MS, look);
}

/** The claim, looked at now and then: each step would cost more than the step. */
function every(world: { readonly nowMs: number }, ms: number, claim: () => boolean): () => boolean {
  let nextMs = 0;
  return () => {
    if (world.nowMs < nextMs) return false;
    nextMs = world.nowMs + ms;
    return claim();
  };
}

const isRunning = (permit: unknown): boolean =>
  permit !== null && (permit as { readonly state: string }).state === 'RUNNING';

function describeStuck(simulation: Simulation): string {
  const lines = [...simulation.checks].map(([pipelineId, check]) => {
    const size = simulation.sources.get(pipelineId)?.size ?? 0;
    return `${pipelineId} stands at ${JSON.stringify(check.at)} of ${String(size)} transactions, permit ${JSON.stringify(check.permit)}`;
  });
  return `Not everything arrived in ${String(RECOVERY_MS / 1_000)} s after the last fault: ${lines.join('; ')}`;
}
