// Goal: a seed decides the order of the faults, and no kind is forgotten.
// Method: decks of all families with different seeds, drawn from without doing anything.
import { describe, expect, it } from '@jest/globals';
import { FAULT_KINDS } from '../src/chaos/chaos-types.ts';
import { FaultDeck } from '../src/chaos/fault-deck.ts';
import { FAULT_FAMILIES } from '../src/chaos/faults/fault-families.ts';

const draw = (deck: FaultDeck, count: number): string[] =>
  Array.from({ length: count }, () => {
    const { family, target, random } = deck.next();
    return `${family.kind} ${target} ${String(random.next())}`;
  });

describe('the deck of faults', () => {
  it('has a family for every kind', () => {
    expect(FAULT_FAMILIES.map(({ kind }) => kind).sort()).toEqual([...FAULT_KINDS].sort());
  });

  it.each([1, 2, 3, 4, 5])('gives the same faults for the same seed, and others for another one: %i', (seed) => {
    const faults = draw(new FaultDeck(FAULT_FAMILIES, seed), 100);
    expect(draw(new FaultDeck(FAULT_FAMILIES, seed), 100)).toEqual(faults);
    expect(draw(new FaultDeck(FAULT_FAMILIES, seed + 1), 100)).not.toEqual(faults);
  });

  it.each([1, 2, 3])('gives every kind once before one comes twice: seed %i', (seed) => {
    const deck = new FaultDeck(FAULT_FAMILIES, seed);
    const kinds = FAULT_KINDS.map((_, index) => {
      expect(deck.waiting).toBe(FAULT_KINDS.length - index);
      const foreseen = deck.peek();
      const { kind } = deck.next().family;
      expect(kind).toBe(foreseen);
      return kind;
    });
    expect(kinds.sort()).toEqual([...FAULT_KINDS].sort());
    expect(deck.waiting).toBe(0);
  });

  it('gives every target of a kind before one comes twice', () => {
    const families = FAULT_FAMILIES.filter(({ kind }) => kind === 'kill');
    const targets = families.flatMap((family) => family.targets);
    const deck = new FaultDeck(families, 1);
    for (let round = 0; round < 3; round += 1)
      expect(targets.map(() => deck.next().target).sort()).toEqual([...targets].sort());
  });

  it('gives a kind again that took no effect, before chance decides', () => {
    const deck = new FaultDeck(FAULT_FAMILIES, 1);
    const { kind } = deck.next().family;
    deck.putBack(kind);
    deck.putBack(kind);
    const rest = FAULT_KINDS.map(() => deck.next().family.kind);
    expect(rest.at(-1)).toBe(kind);
    expect(rest.filter((each) => each === kind)).toHaveLength(1);
    expect(deck.waiting).toBe(0);
  });
});
