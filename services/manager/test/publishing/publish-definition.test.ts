import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type { PipelineDefinition } from '@lutra/model';
import type { HeldDefinition } from '@lutra/messaging';
import { publishDefinition } from '../../src/publishing/publish-definition.ts';
import type { PublishingDoor } from '../../src/publishing/publish-definition.ts';

const ID = 'P';

const definition = (revision: number, name = `${ID}${String(revision)}`): PipelineDefinition => {
  const source = {
    ...{ id: 'S', name: 'source', host: 'h', port: 3306, user: 'u', password: 'v1.a.b.c' },
    kind: 'mariadb',
    tls: 'disabled',
  } as const;
  const parts = { source, target: { ...source, id: 'T' }, mappings: [], parameters: DEFAULT_PARAMETERS };
  return { ...parts, id: ID, name, channelId: 'C', revision, start: { kind: 'latest' } };
};

/** A store and a bus in memory; each use is one step, and `step` decides when it is taken. */
class World {
  stored: PipelineDefinition | null = definition(1);
  isNoted = false;
  raises = 0;
  /** All that the bus was told of this key, removals as null. */
  readonly written: (PipelineDefinition | null)[] = [];

  door(step: <T>(work: () => T) => Promise<T>): PublishingDoor {
    return {
      held: () => step(() => this.held()),
      stored: () => step(() => this.stored),
      put: (next, after) => step(() => this.put(next, after)),
      raise: (_id, above) =>
        step(() => {
          this.raises += 1;
          if (this.stored !== null && this.stored.revision <= above) this.edit(above + 1);
        }),
      note: (_id, revision) =>
        step(() => {
          if (this.stored?.revision === revision) this.isNoted = true;
        }),
    };
  }

  held(): HeldDefinition {
    return { definition: this.written.at(-1) ?? null, sequence: this.written.length };
  }

  put(next: PipelineDefinition, after: HeldDefinition): boolean {
    if (after.sequence !== this.written.length) return false;
    this.written.push(next);
    return true;
  }

  edit(revision: number): void {
    this.stored = definition(revision);
    this.isNoted = false;
  }
}

const atOnce = async <T>(work: () => T): Promise<T> => work();

// Goal: however two managers that both think they lead are delayed at each of their steps, the bus never goes back.
// Method: two publishers over one store and one bus, beside edits and perhaps a removal; the scheduler picks who goes on.
describe('managers that publish at once', () => {
  it('never put an older revision behind a newer one, nor any behind the removal, and end at the newest', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (scheduler, edits, isRemoved) => {
          const world = new World();
          const step = <T>(work: () => T): Promise<T> => scheduler.schedule(Promise.resolve()).then(work);
          const manager = async (): Promise<void> => {
            for (let round = 0; round < 4; round++) await publishDefinition(world.door(step), ID);
          };
          const person = async (): Promise<void> => {
            for (let edit = 0; edit < edits; edit++)
              await step(() => {
                world.edit(2 + edit);
              });
            if (isRemoved) {
              await step(() => (world.stored = null));
              await step(() => world.written.push(null));
            }
          };
          await scheduler.waitFor(Promise.all([manager(), manager(), person()]));
          await publishDefinition(world.door(atOnce), ID);
          const revisions = world.written.map((each) => each?.revision ?? Infinity);
          expect(revisions).toEqual(revisions.toSorted((one, other) => one - other));
          expect(world.raises).toBe(0);
          expect(new Set(revisions).size).toBe(revisions.length);
          expect(world.held().definition?.revision ?? null).toBe(isRemoved ? null : 1 + edits);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('a store that came back from a backup', () => {
  it.each([
    ['behind what the bus has', 3, definition(8), 9],
    ['with another definition under the same number', 8, definition(8, 'of before the loss'), 9],
    ['whose pipeline was removed since', 3, null, 3],
  ])('%s publishes what it has under a number of its own', async (_what, stored, held, published) => {
    const world = new World();
    world.edit(stored);
    world.written.push(definition(2), held);
    await publishDefinition(world.door(atOnce), ID);
    expect(await publishDefinition(world.door(atOnce), ID)).toBe('published');
    expect([world.held().definition, world.isNoted]).toEqual([definition(published), true]);
  });
});

it('what the bus has already is noted and not written again', async () => {
  const world = new World();
  world.written.push(definition(1));
  expect(await publishDefinition(world.door(atOnce), ID)).toBe('published');
  expect([world.written.length, world.isNoted]).toEqual([1, true]);
});
