// Goal: one instance at a time works on a pipeline, only in an epoch that began after it won, and hands over at once.
// Method: real NATS and ZooKeeper in an installation of its own; the test is the arbiter, `runEpoch` a function of the test.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { leasedPipelines } from '../src/leased-pipelines.ts';
import type { PipelineSession } from '../src/pipeline-session.ts';
import { pipelineDefinition, soon, TestInstallation } from './kit-fixture.ts';
import type { TestInstance } from './kit-fixture.ts';

jest.setTimeout(30_000);

/** Records sessions and keeps each until its signal aborts. */
class Sessions {
  readonly begun: PipelineSession[] = [];
  readonly ended: PipelineSession[] = [];

  readonly run = async (session: PipelineSession): Promise<void> => {
    this.begun.push(session);
    await new Promise<void>((resolve) => {
      session.signal.addEventListener('abort', () => {
        resolve();
      });
      if (session.signal.aborted) resolve();
    });
    this.ended.push(session);
  };

  get epochs(): number[] {
    return this.begun.map(({ epoch }) => epoch);
  }
}

describe('leasedPipelines', () => {
  let installation: TestInstallation;
  beforeEach(async () => {
    installation = await TestInstallation.open();
    await installation.bus.putDefinition(pipelineDefinition('P1'));
    installation.listen();
  });
  afterEach(async () => {
    await installation.close();
  });

  const restarts = (): number[] =>
    installation.commands.filter(({ kind }) => kind === 'RESTART').map(({ aboutEpoch }) => aboutEpoch ?? -1);
  const holder = async (): Promise<string | undefined> =>
    (await installation.coordinator.leaseHolder('P1', 'loader'))?.instance;
  const start = async (name: string, run: (session: PipelineSession) => Promise<void>): Promise<TestInstance> => {
    const instance = await installation.instance('load', name);
    instance.start(leasedPipelines(instance.context, 'loader', () => run));
    return instance;
  };
  /** Starts an instance and waits until it has won: it works in larger epochs than this one only. */
  const win = async (name: string, run: (session: PipelineSession) => Promise<void>): Promise<TestInstance> => {
    await installation.permit('P1', { epoch: 1 });
    const instance = await start(name, run);
    await soon('the lease to be won', () => restarts().includes(1));
    return instance;
  };

  it('issues RESTART about the epoch seen at winning and works only in a larger one', async () => {
    await installation.permit('P1', { epoch: 4 });
    const sessions = new Sessions();
    await start('load-1', sessions.run);
    await soon('the RESTART', () => restarts().length === 1);
    expect(restarts()).toEqual([4]);
    expect(sessions.epochs).toEqual([]);
    await installation.permit('P1', { epoch: 5 });
    const session = await soon('the epoch', () => sessions.begun[0]);
    expect(session).toMatchObject({ pipelineId: 'P1', epoch: 5, definition: { id: 'P1', revision: 1 } });
  });

  it('does not start a paused pipeline by winning its lease, and runs it when somebody else does', async () => {
    await installation.permit('P1', { epoch: 4, state: 'PAUSED' });
    const sessions = new Sessions();
    await start('load-1', sessions.run);
    await soon('the lease', async () => (await holder()) === 'load-1');
    await installation.permit('P1', { epoch: 5 });
    await soon('the epoch', () => sessions.begun.length === 1);
    expect(restarts()).toEqual([]);
  });

  it('waits for the permit of a pipeline that was never started', async () => {
    const sessions = new Sessions();
    await start('load-1', sessions.run);
    expect(await holder()).toBeUndefined();
    await installation.permit('P1', { epoch: 1 });
    await soon('the RESTART', () => restarts().length === 1);
    await installation.permit('P1', { epoch: 2 });
    await soon('the epoch', () => sessions.begun.length === 1);
    expect(sessions.epochs).toEqual([2]);
  });

  it('ends a session when the epoch passes and begins the next', async () => {
    const sessions = new Sessions();
    await win('load-1', sessions.run);
    for (const epoch of [2, 3]) {
      await installation.permit('P1', { epoch });
      await soon('the epoch', () => sessions.epochs.at(-1) === epoch);
    }
    await installation.permit('P1', { epoch: 4, state: 'PAUSED' });
    await soon('the end', () => sessions.ended.length === 2);
    expect(sessions.epochs).toEqual([2, 3]);
    expect(await holder()).toBe('load-1');
  });

  it('tells a session to drain without ending it', async () => {
    const sessions = new Sessions();
    await win('load-1', sessions.run);
    await installation.permit('P1', { epoch: 2 });
    const session = await soon('the epoch', () => sessions.begun[0]);
    expect(session.draining.aborted).toBe(false);
    await installation.permit('P1', { epoch: 2, draining: true });
    await soon('the draining', () => session.draining.aborted);
    expect(session.signal.aborted).toBe(false);
  });

  it('shows a session the newest revision', async () => {
    const sessions = new Sessions();
    await win('load-1', sessions.run);
    await installation.permit('P1', { epoch: 2 });
    const session = await soon('the epoch', () => sessions.begun[0]);
    await installation.bus.putDefinition(pipelineDefinition('P1', 2));
    await soon('the revision', () => session.latestDefinition().revision === 2);
    expect(session.definition.revision).toBe(1);
  });

  it('hands over at once when it stops', async () => {
    const first = new Sessions();
    const second = new Sessions();
    const leaving = await win('load-1', first.run);
    await installation.permit('P1', { epoch: 2 });
    await soon('the epoch', () => first.begun.length === 1);
    await start('load-2', second.run);
    await leaving.stop();
    expect(first.ended).toHaveLength(1);
    await soon('the RESTART of the heir', () => restarts().includes(2));
    expect(await holder()).toBe('load-2');
    await installation.permit('P1', { epoch: 3 });
    await soon('the epoch', () => second.epochs.length === 1);
    expect(second.epochs).toEqual([3]);
    expect(first.epochs).toEqual([2]);
  });

  it('takes over when the holder dies', async () => {
    const first = new Sessions();
    const second = new Sessions();
    const dying = await win('load-1', first.run);
    await start('load-2', second.run);
    await dying.die();
    await soon('the lease to move', async () => (await holder()) === 'load-2');
    await installation.permit('P1', { epoch: 2 });
    await soon('the epoch', () => second.epochs.length === 1);
  });

  it('reports a failed epoch as event and ROLLBACK, keeps the lease, and goes on with the next epoch', async () => {
    const epochs: number[] = [];
    await win('load-1', async ({ epoch }) => {
      epochs.push(epoch);
      if (epoch === 2)
        throw new SyncError('TARGET_TABLE_MISSING', {
          problem: 'No table b.t',
          statement: 'CREATE TABLE b.t',
          process: 7,
        });
    });
    await installation.permit('P1', { epoch: 2 });
    const command = await soon('the ROLLBACK', () => installation.commands.find(({ kind }) => kind === 'ROLLBACK'));
    expect(command).toMatchObject({ aboutEpoch: 2, reason: 'No table b.t' });
    expect(command.failure).toMatchObject({
      code: 'TARGET_TABLE_MISSING',
      stage: 'load',
      statement: 'CREATE TABLE b.t',
      process: 7,
    });
    await soon('the event', () => installation.events.some(({ kind }) => kind === 'failed'));
    await installation.permit('P1', { epoch: 3, state: 'PAUSED' });
    await installation.permit('P1', { epoch: 4 });
    await soon('the next epoch', () => epochs.length === 2);
    expect(epochs).toEqual([2, 4]);
    expect(await holder()).toBe('load-1');
  });

  it('answers a fenced loader with RESTART, not with ROLLBACK, and only when the epoch still stands', async () => {
    let runs = 0;
    await win('load-1', async () => {
      runs += 1;
      if (runs === 1) throw new SyncError('TARGET_FENCED');
    });
    await installation.permit('P1', { epoch: 2 });
    await soon('the RESTART about the fenced epoch', () => restarts().includes(2));
    expect(installation.commands.filter(({ kind }) => kind === 'ROLLBACK')).toEqual([]);
  });

  it('gives the lease back when the pipeline is stopped or removed', async () => {
    const sessions = new Sessions();
    await win('load-1', sessions.run);
    await installation.permit('P1', { epoch: 2 });
    await soon('the epoch', () => sessions.begun.length === 1);
    await installation.permit('P1', { epoch: 3, state: 'STOPPED' });
    await soon('the lease to go', async () => (await holder()) === undefined);
    await installation.permit('P1', { epoch: 4 });
    await soon('the lease to come back', async () => (await holder()) === 'load-1');
    await installation.bus.removeDefinition('P1');
    await soon('the lease to go again', async () => (await holder()) === undefined);
    expect(sessions.ended).toHaveLength(sessions.begun.length);
  });

  it('forgets what the epochs of a pipeline have kept when it is removed', async () => {
    await installation.permit('P1', { epoch: 1 });
    const kept: number[][] = [];
    const instance = await installation.instance('load', 'load-1');
    instance.start(
      leasedPipelines(instance.context, 'loader', () => {
        const epochs: number[] = [];
        kept.push(epochs);
        return async ({ epoch }) => {
          await Promise.resolve(epochs.push(epoch));
        };
      }),
    );
    await soon('the lease', () => restarts().includes(1));
    for (const epoch of [2, 3]) {
      await installation.permit('P1', { epoch });
      await soon('the epoch', () => kept[0]?.at(-1) === epoch);
    }
    await installation.bus.putDefinition(pipelineDefinition('P1', 2));
    await installation.bus.removeDefinition('P1');
    await soon('the lease to go', async () => (await holder()) === undefined);
    await installation.bus.putDefinition(pipelineDefinition('P1', 3));
    await soon('the RESTART', () => restarts().includes(3));
    await installation.permit('P1', { epoch: 4 });
    await soon('the next epoch', () => kept[1]?.at(-1) === 4);
    expect(kept).toEqual([[2, 3], [4]]);
  });

  it('lets one pipeline fail without touching another', async () => {
    await installation.bus.putDefinition(pipelineDefinition('P2'));
    await installation.permit('P2', { epoch: 1 });
    const sessions = new Sessions();
    await win('load-1', (session) =>
      session.pipelineId === 'P1' ? Promise.reject(new Error('broken')) : sessions.run(session),
    );
    await soon('both leases', () => restarts().length === 2);
    for (const id of ['P1', 'P2']) await installation.permit(id, { epoch: 2 });
    await soon('the ROLLBACK of the bad one', () => installation.commands.some(({ kind }) => kind === 'ROLLBACK'));
    const good = await soon('the good one', () => sessions.begun[0]);
    expect(good.pipelineId).toBe('P2');
    expect(good.signal.aborted).toBe(false);
  });
});
