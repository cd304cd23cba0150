import { createHash } from 'node:crypto';
import type { InstanceDescription, InstanceLoad, Placement, ProcessIdentity } from '@lutra/model';
import { must } from '@lutra/model';

/** The queue that every instance of a stage reads. */
export const ANY_INSTANCE = 'any';

/**
 * What counts as one unit of load: a core in use, as many tasks as an instance works on by default, or an event loop that is
 * late by this much. Differences below a tenth of a unit are noise of the measuring.
 */
const TASKS_PER_UNIT = 2;
const DELAY_MS_PER_UNIT = 100;
const STEPS_PER_UNIT = 10;

/** What is to be placed, and what is known at that moment. */
export interface PlacementQuestion {
  readonly policy: Placement;
  readonly process: ProcessIdentity;
  /** Window of the pipeline: processes up to `process - parallelism` are loaded. */
  readonly parallelism: number;
  /** Live members of the stage that is to take the process, in any order. */
  readonly members: readonly InstanceDescription[];
  /** Hosts of the live members of the stage after that one. */
  readonly hostsAfter: ReadonlySet<string>;
  /** Host of the placing instance; null where several place for one pipeline and have to agree (extract). */
  readonly ownHost: string | null;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What a placer remembers of one pipeline between two processes. */
export interface PlacementMemory {
  /** roundRobin: who got the last process. */
  readonly last: string;
  /** stick: who gets all. */
  readonly stuck: string;
  /** weighted: what each member is owed. */
  readonly credits: ReadonlyMap<string, number>;
  /** leastLoaded: processes that the members' figures do not show yet. */
  readonly sent: readonly SentProcess[];
}

interface SentProcess {
  readonly instance: string;
  readonly process: ProcessIdentity;
  /** The figures that were known when it was sent. */
  readonly load: InstanceLoad;
}

export const EMPTY_MEMORY: PlacementMemory = { last: '', stuck: '', credits: new Map(), sent: [] };

/**
 * Chooses who takes a process: a live member that neither drains nor is in maintenance, or 'any' when there is none, so that
 * a placement never makes a pipeline stand still. Depends on its arguments alone.
 *
 * - random: each with the same chance. roundRobin: in the order of the names; joins and leaves move nobody else's turn.
 * - stick: one member per pipeline until it is gone or drains. A member whose host also has a member of the stage after is
 *   preferred, then one on the placing host (`ownHost`), then the highest hash of pipeline and name, which spreads pipelines
 *   and makes several placers agree.
 * - weighted: in proportion to `weight`, evenly spread (smooth weighted round robin); weight 0 gets nothing.
 * - leastLoaded: least of cores in use, tasks and event loop delay (see above), the processes counted in that were sent
 *   since the figures and may still be open; ties by chance.
 */
export function chooseInstance(
  question: PlacementQuestion,
  memory: PlacementMemory,
): { readonly instance: string; readonly memory: PlacementMemory } {
  const eligible = question.members
    .filter(({ draining, maintenance }) => !draining && maintenance !== true)
    .sort((a, b) => (a.instance < b.instance ? -1 : 1));
  const first = eligible[0];
  if (question.policy === 'any' || first === undefined) return { instance: ANY_INSTANCE, memory };
  switch (question.policy) {
    case 'random':
      return { instance: pick(eligible, question.random).instance, memory };
    case 'roundRobin': {
      const { instance } = eligible.find((member) => member.instance > memory.last) ?? first;
      return { instance, memory: { ...memory, last: instance } };
    }
    case 'stick': {
      const { instance } = eligible.find((member) => member.instance === memory.stuck) ?? closest(eligible, question);
      return { instance, memory: { ...memory, stuck: instance } };
    }
    case 'weighted':
      return chooseByWeight(eligible, memory);
    case 'leastLoaded':
      return chooseByLoad(eligible, question, memory);
  }
}

function closest(eligible: readonly InstanceDescription[], question: PlacementQuestion): InstanceDescription {
  const { hostsAfter, ownHost, process } = question;
  const rank = ({ host, instance }: InstanceDescription): string => {
    const hash = createHash('sha256').update(`${process.pipelineId}\0${instance}`).digest('hex');
    return `${hostsAfter.has(host) ? '1' : '0'}${host === ownHost ? '1' : '0'}${hash}`;
  };
  return eligible.reduce((best, member) => (rank(member) > rank(best) ? member : best));
}

/** Everyone is owed its weight; who is owed most goes and pays the sum. The debts of all add up to nothing. */
function chooseByWeight(
  eligible: readonly InstanceDescription[],
  memory: PlacementMemory,
): ReturnType<typeof chooseInstance> {
  const sharing = eligible.filter(({ weight }) => weight > 0);
  const sum = sharing.reduce((total, { weight }) => total + weight, 0);
  const credits = new Map(
    sharing.map(({ instance, weight }) => [instance, (memory.credits.get(instance) ?? 0) + weight] as const),
  );
  let best = { instance: ANY_INSTANCE, credit: -Infinity };
  for (const [instance, credit] of credits) if (credit > best.credit) best = { instance, credit };
  if (best.instance !== ANY_INSTANCE) credits.set(best.instance, best.credit - sum);
  return { instance: best.instance, memory: { ...memory, credits } };
}

function chooseByLoad(
  eligible: readonly InstanceDescription[],
  { process, parallelism, random }: PlacementQuestion,
  memory: PlacementMemory,
): ReturnType<typeof chooseInstance> {
  const loads = new Map(eligible.map(({ instance, load }) => [instance, load]));
  const sent = memory.sent.filter((earlier) => {
    const load = loads.get(earlier.instance);
    const isOpen = earlier.process.epoch === process.epoch && earlier.process.process > process.process - parallelism;
    return isOpen && load !== undefined && isSame(load, earlier.load);
  });
  const cost = ({ instance, load }: InstanceDescription): number => {
    const tasks = load.tasks + sent.filter((earlier) => earlier.instance === instance).length;
    const units = load.cpu + tasks / TASKS_PER_UNIT + (load.eventLoopDelayMs ?? 0) / DELAY_MS_PER_UNIT;
    return Math.round(units * STEPS_PER_UNIT);
  };
  const costs = eligible.map((member) => ({ member, cost: cost(member) }));
  const least = Math.min(...costs.map((each) => each.cost));
  const { member } = pick(
    costs.filter((each) => each.cost === least),
    random,
  );
  const { instance, load } = member;
  return { instance, memory: { ...memory, sent: [...sent, { instance, process, load }] } };
}

const pick = <T>(candidates: readonly T[], random: () => number): T =>
  must(candidates[Math.floor(random() * candidates.length)], 'there is a candidate');

const isSame = (a: InstanceLoad, b: InstanceLoad): boolean =>
  a.cpu === b.cpu &&
  a.tasks === b.tasks &&
  a.memoryBytes === b.memoryBytes &&
  a.eventLoopDelayMs === b.eventLoopDelayMs;
