// Goal: an older definition never takes the place of a newer one, nor of a removal.
// Method: two connections that look at the same moment and write one after the other, on a real server.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { iteratorOf, nextOf, openTestBus, pipelineDefinition } from './fixtures.ts';
import type { TestBus } from './fixtures.ts';

jest.setTimeout(40_000);

let test: TestBus;
let stop: AbortController;

beforeEach(async () => {
  test = await openTestBus();
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await test.close();
});

describe('a definition that is put because of a look', () => {
  it.each([
    ['of one that there was not', async () => undefined],
    ['of an older one', () => test.bus.putDefinition(pipelineDefinition('A', 6))],
  ])('%s is refused when somebody was faster', async (_what, before) => {
    await before();
    const late = await test.open();
    const [seen, seenLate] = [await test.bus.heldDefinition('A'), await late.heldDefinition('A')];
    expect(await test.bus.putDefinition(pipelineDefinition('A', 8), seen)).toBe(true);
    expect(await late.putDefinition(pipelineDefinition('A', 7), seenLate)).toBe(false);
    expect((await test.bus.heldDefinition('A')).definition?.revision).toBe(8);
  });

  it('is refused when it was removed, and accepted after a look at the removal', async () => {
    await test.bus.putDefinition(pipelineDefinition('A', 1));
    const seen = await test.bus.heldDefinition('A');
    await test.bus.removeDefinition('A');
    await test.bus.forgetPipeline('A');
    expect(await test.bus.putDefinition(pipelineDefinition('A', 2), seen)).toBe(false);
    const removed = await test.bus.heldDefinition('A');
    expect(removed.definition).toBeNull();
    expect(await test.bus.putDefinition(pipelineDefinition('A', 2), removed)).toBe(true);
  });

  it('is listed, also when it was removed', async () => {
    for (const id of ['A', 'B']) await test.bus.putDefinition(pipelineDefinition(id, 1));
    await test.bus.removeDefinition('A');
    expect([...(await test.bus.definitionIds())].sort()).toEqual(['A', 'B']);
  });
});

describe('those who watch', () => {
  it('are not shown a revision below the one they saw, unless it was removed between', async () => {
    await test.bus.putDefinition(pipelineDefinition('A', 8));
    const changes = iteratorOf(test.bus.watchDefinitions(stop.signal));
    expect((await nextOf(changes)).definition?.revision).toBe(8);
    // A manager of before puts without a look.
    await test.bus.putDefinition(pipelineDefinition('A', 7));
    await test.bus.putDefinition(pipelineDefinition('A', 9));
    expect((await nextOf(changes)).definition?.revision).toBe(9);
    await test.bus.removeDefinition('A');
    expect((await nextOf(changes)).definition).toBeNull();
    await test.bus.putDefinition(pipelineDefinition('A', 3));
    expect((await nextOf(changes)).definition?.revision).toBe(3);
  });

  it('believe a bucket that was made anew', async () => {
    await test.bus.putDefinition(pipelineDefinition('A', 8));
    const changes = iteratorOf(test.bus.watchDefinitions(stop.signal));
    await nextOf(changes);
    const { servers, user = '', password = '' } = test.options;
    const plain = await connect({ servers, user, pass: password });
    await (await jetstreamManager(plain)).streams.delete(`KV_${test.options.namespace}_config`);
    await plain.close();
    await test.bus.putDefinition(pipelineDefinition('A', 5));
    expect((await nextOf(changes)).definition?.revision).toBe(5);
  });
});
