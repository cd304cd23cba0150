import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { EMPTY_FOLD, foldPipeline } from '@lutra/model';
import type { Command, CommandEvent, LutraEvent, PipelineFold } from '@lutra/model';
import { PipelineRecord } from '../src/pipeline-record.ts';
import { command, permit } from './arbiter-fixture.ts';

const base = { v: 1, at: '2026-01-01T00:00:00.000Z', who: 'a', pipelineId: 'p', process: null, traceId: null } as const;
const issued = (given: Command): CommandEvent => ({
  ...base,
  epoch: null,
  kind: 'command-issued',
  command: given,
  outcome: 'issued',
});
const granted = (epoch: number): LutraEvent => ({
  ...base,
  epoch,
  kind: 'permit-granted',
  permit: permit({ epoch }),
});

/** A record over an event log in memory, at a time that the test sets. */
function recordOf(log: LutraEvent[]) {
  const time = { ms: 0 };
  const clock = {
    now: () => new Date(time.ms),
    monotonicMs: () => time.ms,
    sleep: () => Promise.resolve(),
    callAfter: () => () => undefined,
  };
  const told: string[] = [];
  const snapshots: PipelineFold[] = [];
  const announcer = {
    command: (kind: CommandEvent['kind'], given: Command, result: { readonly outcome: CommandEvent['outcome'] }) => {
      told.push(`${given.id} ${result.outcome}`);
      const event: CommandEvent = { ...issued(given), kind, outcome: result.outcome };
      log.push(event);
      return Promise.resolve(event);
    },
    snapshot: (_pipelineId: string, { state }: { readonly state: PipelineFold }) => {
      snapshots.push(state);
      log.push({ ...base, epoch: null, kind: 'snapshot', form: 1, state });
      return Promise.resolve();
    },
  };
  const bus = {
    readEvents: ({ kinds, limit }: { readonly kinds?: readonly string[]; readonly limit: number }) =>
      Promise.resolve(log.filter(({ kind }) => kinds?.includes(kind) ?? true).slice(-limit)),
  };
  const record = new PipelineRecord({ bus, clock, log: pino({ level: 'silent' }) }, announcer, 'p');
  return { record, time, told, snapshots };
}

describe('a snapshot', () => {
  it('is written by a new leader when the log tells more than the newest one, and then only after changes', async () => {
    const { record, time, snapshots } = recordOf([granted(1)]);
    await record.keep(null);
    expect(snapshots).toEqual([foldPipeline(EMPTY_FOLD, granted(1))]);
    time.ms = 600_000;
    await record.keep(null);
    expect(snapshots).toHaveLength(1);
    record.add(granted(2));
    await record.keep(null);
    expect(snapshots).toHaveLength(1);
    time.ms = 1_200_000;
    await record.keep(null);
    expect(snapshots[1]?.permit?.epoch).toBe(2);
  });

  it('keeps what the log has forgotten', async () => {
    const log = [granted(3)];
    await recordOf(log).record.keep(null);
    const { record, snapshots } = recordOf(log.filter(({ kind }) => kind === 'snapshot'));
    await record.keep(null);
    expect(record.state.permit?.epoch).toBe(3);
    expect(snapshots).toEqual([]);
  });
});

describe('a command that was carried out and not told', () => {
  const pause = command('PAUSE', { id: 'c' });
  const paused = permit({ state: 'PAUSED', epoch: 2, commandId: 'c', orders: ['c'] });

  it('is told by the leader after a while, once', async () => {
    const { record, time, told } = recordOf([issued(pause)]);
    await record.keep(paused);
    expect(told).toEqual([]);
    time.ms = 10_000;
    await record.keep(paused);
    time.ms = 20_000;
    await record.keep(paused);
    expect(told).toEqual(['c applied']);
  });

  it('is not told while its window empties, nor when the permit does not name it', async () => {
    const draining = permit({ draining: true, commandId: 'c', pending: pause, orders: ['c'] });
    for (const standing of [draining, permit({ epoch: 2 })]) {
      const { record, time, told } = recordOf([issued(pause)]);
      await record.keep(standing);
      time.ms = 10_000;
      await record.keep(standing);
      expect(told).toEqual([]);
    }
  });
});
