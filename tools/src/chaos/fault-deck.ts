import { must } from '@lutra/model';
import { SeededRandom } from '@lutra/testing';
import type { FaultKind } from './chaos-types.ts';
import type { FaultFamily } from './faults/fault-family.ts';

/** A fault that is to be made: what, on what, and the chance that belongs to it alone. */
export interface DrawnFault {
  readonly family: FaultFamily;
  readonly target: string;
  readonly random: SeededRandom;
}

/** Kinds that cost seconds of everything come half as often as the others, once all have been used. */
const RARE: readonly FaultKind[] = ['kill-both', 'nats-wiped', 'zookeeper-wiped', 'source-restart', 'target-restart'];

/**
 * Decides what comes next, by the seed alone: every kind once in some order, then by chance; within a kind every target
 * once before one comes again. A kind that took no effect comes again before chance decides.
 */
export class FaultDeck {
  private readonly random: SeededRandom;
  private readonly round: FaultFamily[];
  private readonly targets = new Map<FaultKind, string[]>();
  private drawn = 0;
  private upcoming: FaultFamily | null = null;

  constructor(
    private readonly families: readonly FaultFamily[],
    private readonly seed: number,
  ) {
    this.random = new SeededRandom(seed, 0);
    this.round = this.shuffle(families);
  }

  /** Kinds that wait for their first time, or for another one because they took no effect. */
  get waiting(): number {
    return this.round.length;
  }

  next(): DrawnFault {
    const family = this.come();
    this.upcoming = null;
    this.drawn += 1;
    return { family, target: this.targetOf(family), random: new SeededRandom(this.seed, this.drawn) };
  }

  /** The kind that `next` will give. */
  peek(): FaultKind {
    return this.come().kind;
  }

  /** Comes again. */
  putBack(kind: FaultKind): void {
    const family = this.families.find((each) => each.kind === kind);
    if (family !== undefined && !this.round.includes(family)) this.round.push(family);
  }

  private come(): FaultFamily {
    this.upcoming ??= this.round.shift() ?? this.any();
    return this.upcoming;
  }

  private any(): FaultFamily {
    for (;;) {
      const family = must(this.families[this.random.below(this.families.length)], 'a family');
      if (!RARE.includes(family.kind) || this.random.oneIn(2)) return family;
    }
  }

  private targetOf(family: FaultFamily): string {
    const left = this.targets.get(family.kind) ?? [];
    if (left.length === 0) left.push(...this.shuffle(family.targets));
    this.targets.set(family.kind, left);
    return must(left.shift(), 'a target');
  }

  /** Fisher and Yates. */
  private shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let index = shuffled.length - 1; index > 0; index -= 1) {
      const other = this.random.below(index + 1);
      const [a, b] = [must(shuffled[index], 'an item'), must(shuffled[other], 'an item')];
      shuffled[index] = b;
      shuffled[other] = a;
    }
    return shuffled;
  }
}
