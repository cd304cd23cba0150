import { describe, expect, it } from '@jest/globals';
import type { Permit } from '@lutra/model';
import { PermitCache } from '../src/permit-cache.ts';
import { PermitFeed } from '../src/permit-feed.ts';
import { FakeClock, settled } from './fake-clock.ts';
import { recordingLog } from './recording-log.ts';
import { ScriptedPermits } from './scripted-permits.ts';

const permit = (epoch: number, change: Partial<Permit> = {}): Permit => ({
  state: 'RUNNING',
  epoch,
  draining: false,
  commandId: 'c',
  aboutEpoch: null,
  reason: '',
  failure: null,
  since: '',
  by: '',
  attempt: 0,
  nextAttemptAt: null,
  ...change,
});

function setUp() {
  const permits = new ScriptedPermits();
  const clock = new FakeClock();
  const context = { clock, coordinator: permits.coordinator, log: recordingLog().log };
  return { permits, clock, context, feed: new PermitFeed('p', context), stop: new AbortController() };
}

describe('PermitFeed', () => {
  it('tells who waits for a claim as soon as it holds', async () => {
    const { permits, feed, stop } = setUp();
    void feed.run(stop.signal);
    const waiting = feed.waitUntil((known) => known?.epoch === 2, stop.signal);
    permits.change(permit(1));
    await settled();
    permits.change(permit(2));
    expect(await waiting).toBe(true);
    stop.abort();
  });

  it('answers false when the signal aborts first', async () => {
    const { feed, stop } = setUp();
    const waiting = feed.waitUntil(() => false, stop.signal);
    stop.abort();
    expect(await waiting).toBe(false);
  });

  it('answers false to who has been stopped, even when the claim holds: a loop would spin', async () => {
    const { feed, stop } = setUp();
    stop.abort();
    expect(await feed.waitUntil(() => true, stop.signal)).toBe(false);
  });

  it('reads anew when a message is of a higher epoch than the watch has told', async () => {
    const { permits, feed, stop } = setUp();
    void feed.run(stop.signal);
    permits.change(permit(1));
    await settled();
    permits.current = permit(5);
    await feed.expectEpoch(5);
    expect(feed.permit?.epoch).toBe(5);
    expect(permits.reads).toBe(1);
    await feed.expectEpoch(4);
    expect(permits.reads).toBe(1);
    stop.abort();
  });

  it('sets a watch again that broke', async () => {
    const { permits, clock, feed, stop } = setUp();
    void feed.run(stop.signal);
    await settled();
    permits.break(new Error('session expired'));
    await clock.advance(1_000);
    permits.change(permit(3));
    await settled();
    expect(feed.permit?.epoch).toBe(3);
    stop.abort();
  });
});

describe('PermitCache', () => {
  it('watches a pipeline once for all who use it, and drops it a minute after the last', async () => {
    const { permits, clock, context } = setUp();
    const cache = new PermitCache(context);
    const first = cache.use('a');
    const second = cache.use('a');
    expect(permits.watches).toBe(1);
    first.done();
    await clock.advance(120_000);
    cache.use('b').done();
    expect(cache.size).toBe(2);
    second.done();
    await clock.advance(60_001);
    cache.use('c').done();
    expect(cache.size).toBe(1);
    cache.close();
  });
});
