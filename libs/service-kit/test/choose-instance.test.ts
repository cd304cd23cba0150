// Goal: a placement chooses live instances only, in the proportions it promises, and never makes a process wait for nobody.
// Method: tables of rules, and laws over random memberships that change between processes; fast-check prints the seed.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PLACEMENTS } from '@lutra/model';
import type { InstanceDescription, Placement } from '@lutra/model';
import { chooseInstance, EMPTY_MEMORY } from '../src/placement/choose-instance.ts';
import type { PlacementMemory, PlacementQuestion } from '../src/placement/choose-instance.ts';

type Change = Partial<Omit<InstanceDescription, 'load'>> & { readonly load?: Partial<InstanceDescription['load']> };

const member = (instance: string, change: Change = {}): InstanceDescription => ({
  service: 'extract',
  instance,
  host: 'host',
  pid: 1,
  version: '0',
  startedAt: '2026-01-01T00:00:00.000Z',
  httpPort: 1,
  weight: 1,
  draining: false,
  ...change,
  load: { cpu: 0, memoryBytes: 1, tasks: 0, ...change.load },
});

const names = (...instances: readonly string[]): InstanceDescription[] => instances.map((name) => member(name));

/** Places processes one after the other, as a placer does. */
class Placer {
  private memory: PlacementMemory = EMPTY_MEMORY;
  private process = 0;

  constructor(
    private readonly policy: Placement,
    private readonly change: Partial<PlacementQuestion> = {},
    private readonly pipelineId = 'P1',
  ) {}

  next(members: readonly InstanceDescription[], change: Partial<PlacementQuestion> = {}): string {
    this.process += 1;
    const { instance, memory } = chooseInstance(
      {
        policy: this.policy,
        process: { pipelineId: this.pipelineId, epoch: 1, process: this.process },
        parallelism: 5,
        members,
        hostsAfter: new Set(),
        ownHost: null,
        random: Math.random,
        ...this.change,
        ...change,
      },
      this.memory,
    );
    this.memory = memory;
    return instance;
  }

  take(count: number, members: readonly InstanceDescription[]): string[] {
    return Array.from({ length: count }, () => this.next(members));
  }
}

const counts = (chosen: readonly string[]): Record<string, number> => {
  const result: Record<string, number> = {};
  for (const name of chosen) result[name] = (result[name] ?? 0) + 1;
  return result;
};

/** Members with every figure and flag that a choice looks at; few names, so that they come and go. */
const membersOf: fc.Arbitrary<InstanceDescription[]> = fc.uniqueArray(
  fc
    .record({
      instance: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      host: fc.constantFrom('h1', 'h2', 'h3'),
      weight: fc.integer({ min: 0, max: 5 }),
      draining: fc.boolean(),
      maintenance: fc.boolean(),
      cpu: fc.float({ min: 0, max: 4, noNaN: true }),
      tasks: fc.nat({ max: 9 }),
      eventLoopDelayMs: fc.option(fc.nat({ max: 500 }), { nil: 0 }),
    })
    .map(({ instance, host, weight, draining, maintenance, ...load }) =>
      member(instance, { host, weight, draining, maintenance, load }),
    ),
  { selector: ({ instance }) => instance, maxLength: 5 },
);

const isEligible = ({ draining, maintenance }: InstanceDescription): boolean => !draining && maintenance !== true;

describe('chooseInstance', () => {
  it.each(PLACEMENTS)('chooses nobody who is not eligible, and any when nobody is: %s', (policy) => {
    fc.assert(
      fc.property(fc.array(membersOf, { maxLength: 30 }), (memberships) => {
        const placer = new Placer(policy);
        for (const members of memberships) {
          const eligible = members.filter(isEligible);
          const chosen = placer.next(members);
          const isAny = policy === 'any' || eligible.every(({ weight }) => policy === 'weighted' && weight === 0);
          if (isAny) expect(chosen).toBe('any');
          else expect(eligible.map(({ instance }) => instance)).toContain(chosen);
        }
      }),
    );
  });

  it('gives everyone about the same by chance', () => {
    const shares = counts(new Placer('random').take(6_000, names('a', 'b', 'c')));
    // Six standard deviations of a binomial distribution: about one failure in a billion runs.
    for (const name of ['a', 'b', 'c']) expect(Math.abs((shares[name] ?? 0) - 2_000)).toBeLessThan(220);
  });

  it('goes round in the order of the names, whatever order they are seen in', () => {
    const placer = new Placer('roundRobin');
    expect([...placer.take(4, names('c', 'a', 'b')), ...placer.take(2, names('b', 'c', 'a'))]).toEqual([
      ...['a', 'b', 'c', 'a'],
      ...['b', 'c'],
    ]);
  });

  it('keeps everyone else his turn when somebody joins or leaves a round', () => {
    fc.assert(
      fc.property(fc.array(membersOf, { minLength: 1, maxLength: 40 }), (memberships) => {
        const placer = new Placer('roundRobin');
        const waiting = new Map<string, number>();
        for (const members of memberships) {
          const eligible = members.filter(isEligible).map(({ instance }) => instance);
          const chosen = placer.next(members);
          for (const name of [...waiting.keys()]) if (!eligible.includes(name)) waiting.delete(name);
          for (const name of eligible) waiting.set(name, (waiting.get(name) ?? 0) + 1);
          waiting.delete(chosen);
          // Who is there all the time is passed over by each of the five names once at most.
          for (const count of waiting.values()) expect(count).toBeLessThan(5);
        }
      }),
    );
  });

  describe('stick', () => {
    it('stays with one member while others come, go and change, and chooses anew when it is not eligible any more', () => {
      fc.assert(
        fc.property(
          fc.array(membersOf, { minLength: 2, maxLength: 30 }),
          fc.constantFrom('P1', 'P2'),
          (all, pipeline) => {
            const placer = new Placer('stick', {}, pipeline);
            let before = 'any';
            for (const members of all) {
              const chosen = placer.next(members);
              const stays = members.some((each) => each.instance === before && isEligible(each));
              if (stays) expect(chosen).toBe(before);
              before = chosen === 'any' ? before : chosen;
            }
          },
        ),
      );
    });

    it('prefers a host that has the stage after too, then the own host', () => {
      const members = ['h1', 'h2', 'h3'].map((host) => member(`on-${host}`, { host }));
      for (let pipeline = 0; pipeline < 20; pipeline++) {
        const first = (change: Partial<PlacementQuestion>): string =>
          new Placer('stick', change, `P${String(pipeline)}`).next(members);
        expect(first({ hostsAfter: new Set(['h2']), ownHost: 'h3' })).toBe('on-h2');
        expect(first({ hostsAfter: new Set(['h1', 'h3']), ownHost: 'h3' })).toBe('on-h3');
        expect(first({ hostsAfter: new Set(['h9']), ownHost: 'h1' })).toBe('on-h1');
      }
    });

    it('lets two placers agree, and spreads pipelines', () => {
      const members = names('a', 'b', 'c');
      const pipelines = Array.from({ length: 60 }, (_, index) => `P${String(index)}`);
      const chosen = pipelines.map((id) => new Placer('stick', {}, id).next(members));
      expect(pipelines.map((id) => new Placer('stick', {}, id).next([...members].reverse()))).toEqual(chosen);
      for (const name of ['a', 'b', 'c']) expect(counts(chosen)[name] ?? 0).toBeGreaterThan(8);
    });
  });

  describe('weighted', () => {
    it('gives exactly in proportion over as many processes as the weights add up to', () => {
      fc.assert(
        fc.property(fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 6 }), (weights) => {
          const sum = weights.reduce((total, weight) => total + weight, 0);
          fc.pre(sum > 0);
          const members = weights.map((weight, index) => member(`m${String(index)}`, { weight }));
          const placer = new Placer('weighted');
          for (let round = 0; round < 3; round++) {
            const shares = counts(placer.take(sum, members));
            for (const { instance, weight } of members) expect(shares[instance] ?? 0).toBe(weight);
          }
        }),
      );
    });

    it('spreads the share of the heavy one', () => {
      const members = [member('a', { weight: 4 }), member('b', { weight: 2 }), member('c')];
      expect(new Placer('weighted').take(7, members).join('')).toBe('abacaba');
    });

    it('obeys a changed weight at once and owes nothing to who was away', () => {
      const placer = new Placer('weighted');
      placer.take(101, [member('a', { weight: 3 }), member('b')]);
      const [a, b] = [member('a'), member('b', { weight: 3 })];
      placer.take(50, [a]);
      const shares = counts(placer.take(40, [a, b]));
      expect(Math.abs((shares['b'] ?? 0) - 30)).toBeLessThanOrEqual(1);
    });
  });

  describe('leastLoaded', () => {
    it.each<[string, Change, Change]>([
      ['of cores in use', { load: { cpu: 0.9 } }, { load: { cpu: 0.2 } }],
      ['of tasks', { load: { tasks: 3 } }, { load: { tasks: 2 } }],
      ['of event loop delay', { load: { eventLoopDelayMs: 80 } }, { load: { eventLoopDelayMs: 20 } }],
      ['of their sum', { load: { cpu: 0.1, tasks: 4 } }, { load: { cpu: 0.9, eventLoopDelayMs: 30 } }],
    ])('takes the one with less %s', (_what, more, less) => {
      expect(new Placer('leastLoaded').next([member('a', more), member('b', less)])).toBe('b');
    });

    it('decides ties, and differences that are noise, by chance', () => {
      const members = [member('a', { load: { cpu: 0.012 } }), member('b', { load: { cpu: 0.031 } })];
      const first = Array.from({ length: 60 }, () => new Placer('leastLoaded').next(members));
      expect(new Set(first)).toEqual(new Set(['a', 'b']));
    });

    it('counts what it has sent since the figures and what may be open, and nothing else', () => {
      const members = names('a', 'b', 'c');
      // Five may be open: of any five in a row nobody gets a third one.
      const chosen = new Placer('leastLoaded').take(30, members);
      for (let at = 0; at + 5 <= chosen.length; at++)
        for (const count of Object.values(counts(chosen.slice(at, at + 5)))) expect(count).toBeLessThanOrEqual(2);
      // One that is three tasks ahead gets nothing until the others have as many open, which a window of five never allows.
      const busy = [member('a', { load: { tasks: 3 } }), member('b'), member('c')];
      expect(counts(new Placer('leastLoaded').take(40, busy))['a']).toBeUndefined();
      // Figures that show what was sent take the place of the count.
      const placer = new Placer('leastLoaded');
      const [idle, other] = [member('a'), member('b', { load: { tasks: 2 } })];
      expect(placer.take(2, [idle, other])).toEqual(['a', 'a']);
      expect(placer.next([member('a', { load: { tasks: 1 } }), other])).toBe('a');
    });

    it('forgets what an earlier epoch has sent', () => {
      const placer = new Placer('leastLoaded');
      const members = [member('a'), member('b', { load: { tasks: 3 } })];
      expect(placer.take(3, members)).toEqual(['a', 'a', 'a']);
      const inNext = (process: number): string =>
        placer.next(members, { process: { pipelineId: 'P1', epoch: 2, process } });
      expect([1, 2, 3].map(inNext)).toEqual(['a', 'a', 'a']);
    });
  });
});
