import { describe, expect, it } from '@jest/globals';
import { KeptSandboxes } from '../../src/script/kept-sandboxes.ts';
import type { SandboxHolder } from '../../src/script/kept-sandboxes.ts';

// Goal: tables whose rows come in turns do not open sandboxes again and again, and those that stay open have a limit together.

class Holder implements SandboxHolder {
  opened = 0;

  constructor(
    private readonly kept: KeptSandboxes,
    private readonly bytes: number,
    public heldBytes = 0,
  ) {}

  release(): void {
    this.heldBytes = 0;
  }

  use(): void {
    if (this.heldBytes === 0) this.opened += 1;
    this.heldBytes = this.bytes;
    this.kept.use(this);
  }
}

function holders(bytesMax: number, bytes: readonly number[]): readonly Holder[] {
  const kept = new KeptSandboxes(bytesMax);
  return bytes.map((each) => new Holder(kept, each));
}

describe('kept sandboxes', () => {
  it('stay open while all of them have room, in whatever order they are used', () => {
    const all = holders(30, new Array<number>(30).fill(1));
    for (let turn = 0; turn < 100; turn++) for (const one of turn % 2 === 0 ? all : all.toReversed()) one.use();
    expect(all.map(({ opened }) => opened)).toEqual(all.map(() => 1));
  });

  it('are closed in the order of their last use, not in that of their opening', () => {
    const [a, b, c] = holders(2, [1, 1, 1]);
    for (const one of [a, b, a, c, a]) one?.use();
    expect([a, b, c].map((one) => one?.heldBytes)).toEqual([1, 0, 1]);
    expect(a?.opened).toBe(1);
  });

  it('are not remembered for who has given up its own: it may be of a revision that is gone', () => {
    const kept = new KeptSandboxes(10);
    const [gone, other] = [new Holder(kept, 1), new Holder(kept, 1)];
    gone.use();
    gone.heldBytes = 0;
    other.use();
    expect(kept.count).toBe(1);
  });

  it('count by their memory, and the one in use stays whatever it takes', () => {
    const [a, b, c, large] = holders(10, [3, 3, 3, 50]);
    for (const one of [a, b, c, large]) one?.use();
    expect([a, b, c, large].map((one) => one?.heldBytes)).toEqual([0, 0, 0, 50]);
    a?.use();
    expect(large?.heldBytes).toBe(0);
  });
});
