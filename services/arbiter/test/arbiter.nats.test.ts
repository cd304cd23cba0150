// Goal: commands become permits, once each, whoever of several arbiters carries them out and wherever one of them ends.
// Method: arbiters on a real NATS and ZooKeeper, in a namespace and below a root of their own; a crash between two steps is an
// arbiter whose bus fails there and which is then closed.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { LoadedEvent, Permit, WindowEvent } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { command, failure } from './arbiter-fixture.ts';
import { pipelineDefinition, RunningArbiters } from './running-arbiters.ts';
import type { Sabotage } from './running-arbiters.ts';

const signal = new AbortController().signal;
const event = {
  v: 1,
  at: '2026-01-01T00:00:00.000Z',
  who: 'test',
  pipelineId: 'p',
  process: 1,
  traceId: null,
} as const;
const drained = (epoch: number): WindowEvent => ({
  ...event,
  kind: 'window',
  epoch,
  state: 'drained',
  cause: null,
  open: [],
  lagMs: 0,
  eventsRead: 0,
  bytesRead: 0,
});
const loaded = (epoch: number): LoadedEvent => ({
  ...event,
  kind: 'loaded',
  epoch,
  end: { done: { kind: 'mysqlGtid', gtidSet: '' }, inside: null },
  revision: 1,
  transactionCount: 1,
  inserted: 1,
  updated: 0,
  deleted: 0,
  skipped: 0,
  conflicts: 0,
  sourceBytes: 1,
  firstCommitMs: 0,
  lastCommitMs: 0,
  stages: [],
});

const soon = (what: string, question: () => Promise<boolean> | boolean): Promise<boolean> =>
  waitUntil(question, { what, timeoutMs: 60_000, everyMs: 20 });

let running: RunningArbiters;
const permitOf = async (): Promise<Permit | undefined> => (await running.coordinator.permit('p'))?.permit;
const reaches = (state: Permit['state'], epoch: number): Promise<boolean> =>
  soon(`permit ${state}/${String(epoch)}`, async () => {
    const permit = await permitOf();
    return permit?.state === state && permit.epoch === epoch && !permit.draining;
  });
const finished = (commandId: string): Promise<boolean> =>
  soon(`command ${commandId} done`, () => outcomeOf(commandId) !== undefined);
const outcomeOf = (commandId: string): string | undefined => {
  const done = running.events.find((each) => each.kind === 'command-done' && each.command.id === commandId);
  return done?.kind === 'command-done' ? done.outcome : undefined;
};
const holdLease = (kind: 'mainstem' | 'loader') =>
  running.coordinator.acquireLease(
    { pipelineId: 'p', kind, instance: 'stage-1', epochSeen: () => Promise.resolve(1) },
    signal,
  );
const holdMainstem = () => holdLease('mainstem');

beforeEach(async () => {
  running = await RunningArbiters.open();
  await running.bus.putDefinition(pipelineDefinition('p', { processAgeMaxMs: 60_000 }));
});

afterEach(async () => {
  await running.close();
});

describe('commands', () => {
  it('START grants the permit, and the log tells so', async () => {
    await running.start('a');
    const start = command('START');
    await running.bus.issueCommand(start);
    await reaches('RUNNING', 1);
    await finished(start.id);
    expect(outcomeOf(start.id)).toBe('applied');
    expect(running.kinds('p')).toEqual(['command-issued', 'permit-granted', 'command-done']);
  });

  it('two RESTARTs about one epoch at two arbiters move it once', async () => {
    await Promise.all([running.start('a'), running.start('b')]);
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    const restarts = ['one', 'two', 'three'].map((id) => command('RESTART', { id, aboutEpoch: 1, author: id }));
    await Promise.all(restarts.map((each) => running.bus.issueCommand(each)));
    await Promise.all(restarts.map((each) => finished(each.id)));
    expect(await permitOf()).toMatchObject({ state: 'RUNNING', epoch: 2 });
    expect(restarts.map((each) => outcomeOf(each.id)).sort()).toEqual(['applied', 'void', 'void']);
  });

  it('what an arbiter began before it ended, the next one finishes, and the epoch moves once', async () => {
    const publishEvent = () => Promise.reject(new SyncError('BUS_UNREACHABLE', { address: 'x' }));
    const first = await running.start('a', { publishEvent });
    const start = command('START');
    await running.bus.issueCommand(start);
    await reaches('RUNNING', 1);
    await first.close();
    expect(running.kinds('p')).toEqual(['command-issued']);
    await running.start('b');
    await finished(start.id);
    expect(outcomeOf(start.id)).toBe('repeated');
    expect(await permitOf()).toMatchObject({ state: 'RUNNING', epoch: 1, commandId: start.id });
    expect(running.kinds('p')).toEqual(['command-issued', 'permit-granted', 'command-done']);
  });

  it('to a channel is finished for each pipeline by the next arbiter when the first one ends in the middle', async () => {
    await running.bus.putDefinition(pipelineDefinition('q'));
    const { id, kind, reason, author, issuedAt } = command('START');
    let published = 0;
    const publishEvent: Sabotage['publishEvent'] = () => {
      published += 1;
      return Promise.reject(new SyncError('BUS_UNREACHABLE', { address: 'x' }));
    };
    const first = await running.start('a', { publishEvent });
    await running.bus.issueChannelCommand({
      ...{ id, kind, reason, author, issuedAt },
      channelId: 'C',
      pipelineIds: ['p', 'q'],
    });
    await soon('one was told', () => published > 0);
    await first.close();
    await running.start('b');
    for (const pipelineId of ['p', 'q']) {
      await finished(`${id}.${pipelineId}`);
      const permit = (await running.coordinator.permit(pipelineId))?.permit;
      expect(permit).toMatchObject({ state: 'RUNNING', epoch: 1, commandId: `${id}.${pipelineId}` });
    }
  });

  it('a command for a pipeline that nobody defined is void and warned about', async () => {
    await running.start('a');
    const start = command('START', { pipelineId: 'unknown' });
    await running.bus.issueCommand(start);
    await finished(start.id);
    expect(outcomeOf(start.id)).toBe('void');
    expect(running.kinds('unknown')).toEqual(['command-issued', 'warning', 'command-done']);
    expect(await running.coordinator.permit('unknown')).toBeNull();
  });
});

describe('PAUSE and STOP', () => {
  it('wait for the window to empty', async () => {
    await running.start('a');
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    const mainstem = await holdMainstem();
    const pause = command('PAUSE');
    await running.bus.issueCommand(pause);
    await soon('draining', async () => (await permitOf())?.draining === true);
    expect(await permitOf()).toMatchObject({ state: 'RUNNING', epoch: 1 });
    await soon('paused after the drained event', async () => {
      await running.bus.publishEvent(drained(1));
      return (await permitOf())?.state === 'PAUSED';
    });
    expect(await permitOf()).toMatchObject({ epoch: 2, commandId: pause.id, draining: false });
    await finished(pause.id);
    expect(outcomeOf(pause.id)).toBe('applied');
    await mainstem.release();
  });

  it('need no window when nobody holds the mainstem', async () => {
    await running.start('a');
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    await running.bus.issueCommand(command('STOP'));
    await reaches('STOPPED', 2);
  });

  it('give way to a START, without anybody waiting for the other', async () => {
    await Promise.all([running.start('a'), running.start('b')]);
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    const mainstem = await holdMainstem();
    const pause = command('PAUSE');
    await running.bus.issueCommand(pause);
    await soon('draining', async () => (await permitOf())?.draining === true);
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 2);
    await finished(pause.id);
    expect(outcomeOf(pause.id)).toBe('void');
    expect(await permitOf()).toMatchObject({ state: 'RUNNING', epoch: 2 });
    await mainstem.release();
  });

  it('are finished by the next arbiter when the first one ends in the middle', async () => {
    const first = await running.start('a');
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    const mainstem = await holdMainstem();
    await running.bus.issueCommand(command('STOP'));
    await soon('draining', async () => (await permitOf())?.draining === true);
    await first.close();
    expect(await permitOf()).toMatchObject({ state: 'RUNNING', draining: true });
    await running.start('b');
    await mainstem.release();
    await reaches('STOPPED', 2);
  });
});

describe('a graceful RESTART', () => {
  it('waits for the window to empty, then opens one epoch with its seats', async () => {
    await running.start('a');
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    const mainstem = await holdMainstem();
    const restart = command('RESTART', { isGraceful: true, seats: { loader: 'load-2' } });
    await running.bus.issueCommand(restart);
    await soon('draining', async () => (await permitOf())?.draining === true);
    expect(await permitOf()).toMatchObject({ state: 'RUNNING', epoch: 1, pending: { id: restart.id } });
    expect((await permitOf())?.seats).toBeUndefined();
    await soon('restarted after the drained event', async () => {
      await running.bus.publishEvent(drained(1));
      return (await permitOf())?.epoch === 2;
    });
    await finished(restart.id);
    expect(outcomeOf(restart.id)).toBe('applied');
    expect(await permitOf()).toMatchObject({ state: 'RUNNING', draining: false, seats: { loader: 'load-2' } });
    expect((await permitOf())?.pending).toBeUndefined();
    await mainstem.release();
  });

  it("of the arbiter's own is finished by the next arbiter", async () => {
    const first = await running.start('a');
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    const mainstem = await holdMainstem();
    const restart = command('RESTART', { isGraceful: true, author: 'arbiter', aboutEpoch: 1 });
    await running.bus.issueCommand(restart);
    await soon('draining', async () => (await permitOf())?.draining === true);
    await first.close();
    await running.start('b');
    await mainstem.release();
    await reaches('RUNNING', 2);
    await finished(restart.id);
    expect(outcomeOf(restart.id)).toBe('applied');
  });
});

describe('supervision', () => {
  const fail = (epoch: number, kind: 'retryable' | 'configuration') =>
    command('ROLLBACK', { aboutEpoch: epoch, author: 'load-1', failure: failure({ class: kind, epoch }) });

  it('restarts after a failure that may pass, also across arbiters, and forgets the attempts at progress', async () => {
    const first = await running.start('a');
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    await running.bus.issueCommand(fail(1, 'retryable'));
    await reaches('RUNNING', 3);
    expect(await permitOf()).toMatchObject({ attempt: 1, by: 'arbiter' });
    await running.bus.issueCommand(fail(3, 'retryable'));
    await reaches('PAUSED', 4);
    await first.close();
    await running.start('b');
    await reaches('RUNNING', 5);
    expect(await permitOf()).toMatchObject({ attempt: 2 });
    await soon('attempts forgotten', async () => {
      await running.bus.publishEvent(loaded(5));
      return (await permitOf())?.attempt === 0;
    });
    expect(await permitOf()).toMatchObject({ state: 'RUNNING', epoch: 5 });
  });

  it('leaves a failure that needs a person, with its report', async () => {
    await running.start('a');
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    const rollback = fail(1, 'configuration');
    await running.bus.issueCommand(rollback);
    await finished(rollback.id);
    expect(await permitOf()).toMatchObject({
      state: 'PAUSED',
      epoch: 2,
      nextAttemptAt: null,
      failure: rollback.failure,
    });
    expect(running.kinds('p')).toContain('rolled-back');
  });

  it('restarts a pipeline whose process grows too old, once', async () => {
    await Promise.all([running.start('a'), running.start('b')]);
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    const old: WindowEvent = { ...drained(1), state: 'streaming', open: [{ process: 7, ageMs: 61_000, bytes: 1 }] };
    await soon('restarted', async () => {
      await running.bus.publishEvent(old);
      return (await permitOf())?.epoch === 2;
    });
    await running.bus.publishEvent(old);
    const later = command('START');
    await running.bus.issueCommand(later);
    await finished(later.id);
    expect(await permitOf()).toMatchObject({ state: 'RUNNING', epoch: 2 });
    const aged = running.events.filter((each) => each.kind === 'warning' && each.code === 'PROCESS_TOO_OLD');
    expect(aged).toMatchObject([{ process: 7, epoch: 1 }]);
  });

  it('asks who is in the way of a slow process, and names it', async () => {
    await running.bus.putDefinition(pipelineDefinition('p', { stageAgeMaxMs: 30_000, queueAgeMaxMs: 30_000 }));
    await running.start('a');
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    const seats = await Promise.all([holdMainstem(), holdLease('loader')]);
    const slow: WindowEvent = { ...drained(1), state: 'streaming', open: [{ process: 7, ageMs: 31_000, bytes: 1 }] };
    await soon('an inquiry', async () => {
      await running.bus.publishEvent(slow);
      return running.kinds('p').includes('inquiry');
    });
    const message = 'load waits for lock held by connection 812 at target: ALTER TABLE t';
    const blocker = { kind: 'targetLock', message, since: event.at, connectionId: 812 } as const;
    await running.bus.publishEvent({ ...event, kind: 'blocked', epoch: 1, stage: 'load', blocker });
    const warned = () => running.events.flatMap((each) => (each.kind === 'warning' ? [each] : []));
    await soon('a warning', () => warned().length > 0);
    expect(warned()).toMatchObject([{ code: 'STAGE_TOO_OLD', process: 7, epoch: 1 }]);
    expect(warned()[0]?.message).toContain(message);
    expect(await permitOf()).toMatchObject({ state: 'RUNNING', epoch: 1 });
    await Promise.all(seats.map((seat) => seat.release()));
  });

  it('restarts a pipeline in which nothing arrives although its source is ahead', async () => {
    await running.bus.putDefinition(pipelineDefinition('p', { noProgressMaxMs: 1_000 }));
    await running.start('a');
    await running.bus.issueCommand(command('START'));
    await reaches('RUNNING', 1);
    const seats = await Promise.all([holdMainstem(), holdLease('loader')]);
    const behind: WindowEvent = { ...drained(1), state: 'catchingUp', cause: 'the window is full', lagMs: 5_000 };
    await soon('restarted', async () => {
      await running.bus.publishEvent(behind);
      return ((await permitOf())?.epoch ?? 0) > 1;
    });
    const first = running.events.find((each) => each.kind === 'warning');
    expect(first).toMatchObject({ code: 'NO_PROGRESS', epoch: 1 });
    await Promise.all(seats.map((seat) => seat.release()));
  });

  it('tells who joins and who is lost, across arbiters', async () => {
    const told = (): string[] =>
      running.events.flatMap((each) =>
        (each.kind === 'instance-joined' || each.kind === 'instance-lost') && each.service === 'load'
          ? [`${each.kind} ${each.instance}`]
          : [],
      );
    const first = await running.start('a');
    const member = await running.coordinator.join({
      service: 'load',
      instance: 'load-1',
      host: 'host',
      pid: 1,
      version: '0',
      startedAt: '2026-01-01T00:00:00.000Z',
      httpPort: 0,
      load: { cpu: 0, memoryBytes: 0, tasks: 0 },
      weight: 1,
      draining: false,
    });
    await soon('joined', () => told().join() === 'instance-joined load-1');
    await first.close();
    await member.leave();
    await running.start('b');
    await soon('lost', () => told().join() === 'instance-joined load-1,instance-lost load-1');
  });
});
