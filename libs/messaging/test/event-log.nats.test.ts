// Goal: the event log keeps order, filters, and answers "the newest n" without reading the whole of it.
// Method: many events of two pipelines on a real server, read and followed in several ways.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { must } from '@lutra/model';
import type { LutraEvent, WarningEvent, WindowEvent } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { connect } from '@nats-io/transport-node';
import { openBus } from '../src/index.ts';
import type { LogPlace } from '../src/index.ts';
import { NatsLink } from '../src/nats/nats-link.ts';
import { readNewest } from '../src/nats/read-newest.ts';
import { command, eventually, iteratorOf, loadedEvent, nextOf, openTestBus } from './fixtures.ts';
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

const warning = (pipelineId: string | null, code: string): WarningEvent => {
  const { v, at, who } = loadedEvent();
  return { v, at, who, pipelineId, epoch: null, process: null, traceId: null, kind: 'warning', code, message: code };
};

const windowEvent = (changes: Partial<WindowEvent>): WindowEvent => {
  const { v, at, who } = loadedEvent();
  return {
    ...{ v, at, who, pipelineId: 'P1', epoch: 1, process: null, traceId: null, kind: 'window', state: 'streaming' },
    ...{ cause: null, open: [], lagMs: 0, eventsRead: 0, bytesRead: 0 },
    ...changes,
  };
};

const processes = (events: readonly LutraEvent[]) => events.map((event) => event.process);

describe('the event log', () => {
  it('follows events from the call on, in order and by kind and pipeline', async () => {
    await test.bus.publishEvent(loadedEvent({ process: 1 }));
    const followed = iteratorOf(test.bus.followEvents({ pipelineId: 'P1', kinds: ['loaded'] }, stop.signal));
    const everything = iteratorOf(test.bus.followEvents({}, stop.signal));
    // A probe that comes back says that both readers stand.
    await nextUntilSeen(everything);
    await nextUntilSeen(followed);
    for (let process = 10; process < 60; process++) {
      await test.bus.publishEvent(warning('P1', 'W'));
      await test.bus.publishEvent(loadedEvent({ process, pipelineId: 'P2' }));
      await test.bus.publishEvent(loadedEvent({ process }));
    }
    const seen: LutraEvent[] = [];
    while (seen.length < 50) {
      const event = await nextOf(followed);
      if (event.process !== null && event.process >= 10) seen.push(event);
    }
    expect(processes(seen)).toEqual(Array.from({ length: 50 }, (_, index) => index + 10));
  });

  it('says that NATS does not answer, and not that there is nothing, when what is there does not come in time', async () => {
    await test.bus.publishEvent(loadedEvent({ process: 1 }));
    const link = await NatsLink.open(test.options);
    const { subjects } = link;
    const read = { stream: subjects.streams.events, filter: subjects.eventFilter({}, 'loaded'), limit: 5 };
    expect(await readNewest(link, read)).toHaveLength(1);
    await expect(readNewest(link, read, () => AbortSignal.abort())).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
    await link.close();
  });

  it('reads the newest that match, oldest first', async () => {
    await test.bus.publishEvent(warning('P1', 'FIRST'));
    for (let process = 1; process <= 300; process++)
      await test.bus.publishEvent(loadedEvent({ process, pipelineId: 'P2' }));
    for (let process = 1; process <= 5; process++) await test.bus.publishEvent(loadedEvent({ process }));
    await test.bus.publishEvent(warning(null, 'LAST'));
    expect(processes(await test.bus.readEvents({ pipelineId: 'P1', kinds: ['loaded'], limit: 3 }))).toEqual([3, 4, 5]);
    expect(processes(await test.bus.readEvents({ pipelineId: 'P2', limit: 2 }))).toEqual([299, 300]);
    const both = await test.bus.readEvents({ kinds: ['warning', 'loaded'], limit: 3 });
    expect(both.map(({ kind }) => kind)).toEqual(['loaded', 'loaded', 'warning']);
    const warnings = await test.bus.readEvents({ kinds: ['warning'], limit: 10 });
    expect(warnings.map((event) => (event.kind === 'warning' ? event.code : ''))).toEqual(['FIRST', 'LAST']);
    expect(await test.bus.readEvents({ pipelineId: 'P3', limit: 10 })).toEqual([]);
  });

  it('reads since a time', async () => {
    await test.bus.publishEvent(loadedEvent({ process: 1 }));
    const [before] = await test.bus.readEvents({ since: new Date(0), limit: 10 });
    expect(before?.process).toBe(1);
    const since = new Date();
    await test.bus.publishEvent(loadedEvent({ process: 2 }));
    await test.bus.publishEvent(loadedEvent({ process: 3 }));
    expect(processes(await test.bus.readEvents({ since, limit: 10 }))).toEqual([2, 3]);
    expect(processes(await test.bus.readEvents({ since, limit: 1 }))).toEqual([3]);
    expect(await test.bus.readEvents({ since: new Date(Date.now() + 60_000), limit: 1 })).toEqual([]);
  });

  it('keeps the newest windows beside the log, read and followed together with it', async () => {
    for (let lagMs = 1; lagMs <= 20; lagMs++) await test.bus.publishEvent(windowEvent({ lagMs }));
    await test.bus.publishEvent(loadedEvent({ process: 1, at: '2026-01-01T00:00:01.000Z' }));
    const kept = await test.bus.readEvents({ kinds: ['window'], limit: 100 });
    expect(kept.map((event) => (event.kind === 'window' ? event.lagMs : null))).toEqual([17, 18, 19, 20]);
    expect((await test.bus.readEvents({ limit: 2 })).map(({ kind }) => kind)).toEqual(['window', 'loaded']);
    const since = new Date(0);
    const followed = iteratorOf(test.bus.followEvents({ kinds: ['loaded', 'window'], since }, stop.signal));
    const kinds: string[] = [];
    while (kinds.length < 5) kinds.push((await nextOf(followed)).kind);
    expect(kinds.sort()).toEqual(['loaded', 'window', 'window', 'window', 'window']);
    await test.bus.publishEvent(windowEvent({ lagMs: 21 }));
    expect(await nextOf(followed)).toMatchObject({ kind: 'window', lagMs: 21 });
    const log = iteratorOf(test.bus.followLog({ after: null, since }, stop.signal));
    expect((await nextOf(log)).event.kind).toBe('loaded');
  });

  it('reads the windows that a release of before wrote into the log', async () => {
    const { servers, user = '', password = '', namespace } = test.options;
    const plain = await connect({ servers, user, pass: password });
    plain.publish(`${namespace}.events.P1.window`, JSON.stringify(windowEvent({ lagMs: 7 })));
    await plain.flush();
    await plain.close();
    await eventually(async () => (await test.bus.readEvents({ kinds: ['window'], limit: 1 })).length === 1);
    const followed = iteratorOf(test.bus.followEvents({ kinds: ['window'], since: new Date(0) }, stop.signal));
    expect(await nextOf(followed)).toMatchObject({ kind: 'window', lagMs: 7 });
  });

  it('puts windows into the log for as long as it is told to, and follows them from both places', async () => {
    const followed = iteratorOf(test.bus.followEvents({ kinds: ['window'], since: new Date(0) }, stop.signal));
    for (const [lagMs, isInLog] of [
      [1, true],
      [2, false],
    ] as const) {
      test.bus.putWindowsInLog(isInLog);
      await test.bus.publishEvent(windowEvent({ lagMs }));
      expect(await nextOf(followed)).toMatchObject({ kind: 'window', lagMs });
    }
    await test.bus.publishEvent(loadedEvent({ process: 1 }));
    const log = iteratorOf(test.bus.followLog({ after: null, since: new Date(0) }, stop.signal));
    expect((await nextOf(log)).event).toMatchObject({ kind: 'window', lagMs: 1 });
    expect((await nextOf(log)).event).toMatchObject({ kind: 'loaded' });
  });

  it('says that it has dropped what a reader has not seen, and takes the size that is set', async () => {
    await test.bus.publishEvent(loadedEvent({ process: 1 }));
    const all = { kinds: ['loaded'] as const, since: new Date(0) };
    const { place } = await nextOf(iteratorOf(test.bus.followLog({ ...all, after: null }, stop.signal)));
    const small = await openBus({ ...test.options, eventsBytesMax: 32 * 1024 });
    for (let process = 2; process <= 5; process++) await small.publishEvent(loadedEvent({ process }));
    const whole = iteratorOf(small.followLog({ ...all, after: place }, stop.signal));
    expect(await nextOf(whole)).toMatchObject({ event: { process: 2 }, isBehindHole: false });
    for (let process = 6; process <= 300; process++) await small.publishEvent(loadedEvent({ process }));
    const torn = iteratorOf(small.followLog({ ...all, after: place }, stop.signal));
    const [first, second] = [await nextOf(torn), await nextOf(torn)];
    expect([first.isBehindHole, second.isBehindHole]).toEqual([true, false]);
    expect(first.event.process).toBeGreaterThan(2);
    await small.close();
  });

  it('tells places, and goes on behind one: each event once', async () => {
    for (let process = 1; process <= 5; process++) await test.bus.publishEvent(loadedEvent({ process }));
    const all = { kinds: ['loaded'] as const, after: null, since: new Date(0) };
    const first = iteratorOf(test.bus.followLog(all, stop.signal));
    const seen = [await nextOf(first), await nextOf(first), await nextOf(first)];
    const { place } = must(seen.at(-1), 'three were read');
    await test.bus.publishEvent(warning('P1', 'W'));
    await test.bus.publishEvent(loadedEvent({ process: 6 }));
    const passed: number[] = [];
    const onPassed = ({ sequence }: LogPlace): number => passed.push(sequence);
    const second = iteratorOf(
      test.bus.followLog({ ...all, kinds: ['loaded', 'failed'], after: place, onPassed }, stop.signal),
    );
    expect(
      [await nextOf(second), await nextOf(second), await nextOf(second)].map(({ event }) => event.process),
    ).toEqual([4, 5, 6]);
    expect(passed).toEqual([place.sequence + 3]);
  });

  it.each([
    ['of a log that is no more', (log: string) => ({ log: `not ${log}`, sequence: 3 })],
    ['that the log never reached', (log: string) => ({ log, sequence: 1_000 })],
  ])('from a place %s it reads from the time that is given', async (_what, placeIn) => {
    await test.bus.publishEvent(loadedEvent({ process: 1 }));
    const [newest] = await test.bus.readEvents({ limit: 1 });
    expect(newest?.process).toBe(1);
    const since = new Date(0);
    const { place } = await nextOf(iteratorOf(test.bus.followLog({ after: null, since }, stop.signal)));
    const again = test.bus.followLog({ after: placeIn(place.log), since }, stop.signal);
    expect((await nextOf(iteratorOf(again))).event.process).toBe(1);
  });

  it('says that everything was read: once what came before was taken, whatever its kind, and at once of an empty log', async () => {
    const ends: string[] = [];
    const follow = async (name: string): Promise<void> => {
      let taken = 0;
      const onEnd = (): void => {
        ends.push(`${name} ${String(taken)}`);
      };
      const filter = { kinds: ['loaded', 'failed'] as const, after: null, since: new Date(0), onEnd };
      for await (const { event } of test.bus.followLog(filter, stop.signal)) taken += event.kind === 'loaded' ? 1 : 0;
    };
    const following = [follow('empty')];
    await waitUntil(() => ends.includes('empty 0'), { what: 'the end of the empty log', timeoutMs: 60_000 });
    for (let process = 1; process <= 300; process++) await test.bus.publishEvent(loadedEvent({ process }));
    await test.bus.publishEvent(warning('P1', 'LAST'));
    following.push(follow('filled'));
    await waitUntil(() => ends.includes('filled 300'), { what: 'the end of the filled log', timeoutMs: 60_000 });
    expect(ends.find((end) => end.startsWith('filled'))).toBe('filled 300');
    stop.abort();
    await Promise.all(following);
  });

  it('passes over what is no event, and tells its place', async () => {
    const link = await NatsLink.open(test.options);
    await test.bus.publishEvent(loadedEvent({ process: 1 }));
    await link.publish(link.subjects.event(loadedEvent()), new TextEncoder().encode('{"kind":'), { id: 'broken' });
    await test.bus.publishEvent(loadedEvent({ process: 2 }));
    await link.close();
    const unreadable: [number, string][] = [];
    const onUnreadable = ({ sequence }: { readonly sequence: number }, { code }: { readonly code: string }): void => {
      unreadable.push([sequence, code]);
    };
    const followed = iteratorOf(
      test.bus.followLog({ kinds: ['loaded'], after: null, since: new Date(0), onUnreadable }, stop.signal),
    );
    const seen = [await nextOf(followed), await nextOf(followed)];
    expect(seen.map(({ event }) => event.process)).toEqual([1, 2]);
    expect(unreadable).toEqual([
      [must(seen[0], 'two were read').place.sequence + 1, expect.stringMatching(/^BUS_|^MESS/)],
    ]);
    expect(processes(await test.bus.readEvents({ limit: 10 }))).toEqual([1, 2]);
  });

  async function nextUntilSeen(iterator: AsyncIterator<LutraEvent>): Promise<void> {
    const seen = nextOf(iterator);
    let isSeen = false;
    const watching = seen.then(() => {
      isSeen = true;
    });
    while (!isSeen) {
      await test.bus.publishEvent(loadedEvent({ process: 0 }));
      await Promise.race([watching, test.bus.cursor('none')]);
    }
  }
});

describe('commands', () => {
  it('reach one arbiter, leave an audit copy, and a repeat is stored once', async () => {
    const issued = command({ id: 'c1' });
    await test.bus.issueCommand(issued);
    await test.bus.issueCommand(issued);
    await test.bus.issueCommand(command({ id: 'c2', pipelineId: 'P2' }));
    const iterator = iteratorOf(test.bus.consumeCommands(stop.signal));
    const first = await nextOf(iterator);
    expect(first.command).toEqual(issued);
    await first.ack();
    const second = await nextOf(iterator);
    expect(second.command.id).toBe('c2');
    second.nak();
    const again = await nextOf(iterator);
    expect([again.command.id, again.deliveryCount]).toEqual(['c2', 2]);
    await again.ack();
    const audit = await test.bus.readEvents({ kinds: ['command-issued'], limit: 10 });
    expect(audit.map((event) => (event.kind === 'command-issued' ? event.command.id : ''))).toEqual(['c1', 'c2']);
  });

  it('to a channel are one message, with an audit copy for each pipeline', async () => {
    const { id, kind, reason, author, issuedAt } = command({ id: 'c1', kind: 'PAUSE' });
    const issued = { id, kind, reason, author, issuedAt, channelId: 'C1', pipelineIds: ['P1', 'P2'] };
    await test.bus.issueChannelCommand(issued);
    await test.bus.issueChannelCommand(issued);
    await test.bus.issueCommand(command({ id: 'c2' }));
    const iterator = iteratorOf(test.bus.consumeCommands(stop.signal));
    const first = await nextOf(iterator);
    expect(first.command).toEqual(issued);
    await first.ack();
    const second = await nextOf(iterator);
    expect(second.command.id).toBe('c2');
    await second.ack();
    const audit = await test.bus.readEvents({ kinds: ['command-issued'], limit: 10 });
    expect(audit.map((event) => [event.pipelineId, event.kind === 'command-issued' ? event.command.id : ''])).toEqual([
      ['P1', 'c1.P1'],
      ['P2', 'c1.P2'],
      ['P1', 'c2'],
    ]);
  });
});
