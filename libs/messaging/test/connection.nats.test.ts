// Goal: a bus says plainly when there is no server, and closes whatever state it is in.
// Method: addresses and passwords that lead nowhere, with a clock that makes 30 s pass at once.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Clock } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { NatsLink } from '../src/nats/nats-link.ts';
import { consumeSelected, eventually, openTestBus } from './fixtures.ts';
import type { TestBus } from './fixtures.ts';

jest.setTimeout(40_000);

/** Each sleep takes no time and moves the clock by ten seconds. */
function hurriedClock(): Clock {
  let nowMs = 0;
  return {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    sleep: () => {
      nowMs += 10_000;
      return Promise.resolve();
    },
    callAfter: () => () => undefined,
  };
}

describe('a connection', () => {
  const { nats } = testServers();

  it.each([
    ['a port where nobody listens', { servers: '127.0.0.1:1' }],
    ['a wrong password', { ...nats, password: 'wrong' }],
  ])('is refused with BUS_UNREACHABLE for %s', async (_why, options) => {
    const opening = NatsLink.open({ ...options, name: 'test' }, hurriedClock());
    await expect(opening).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
  });
});

describe('an open connection', () => {
  let test: TestBus;

  beforeEach(async () => {
    test = await openTestBus();
  });

  afterEach(async () => {
    await test.close();
  });

  it('is healthy until it is closed; readers end with it', async () => {
    const bus = await test.open();
    expect(bus.isHealthy()).toBe(true);
    const reading = consumeSelected(bus, new AbortController().signal).next();
    await bus.close();
    expect((await reading).done).toBe(true);
    await eventually(() => !bus.isHealthy());
    await expect(bus.cursor('P1')).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
  });

  it('finds the first of several servers that answers', async () => {
    const link = await NatsLink.open({ ...test.options, servers: `127.0.0.1:1, ${test.options.servers}` });
    expect(link.isHealthy).toBe(true);
    await link.close();
  });
});
