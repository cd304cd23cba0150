import { describe, expect, it } from '@jest/globals';
import { SyncError, systemClock } from '@lutra/model';
import type { Place } from '@lutra/model';
import { Reconnect } from '../src/reconnect.ts';

const place: Place = { done: { kind: 'mysqlGtid', gtidSet: '11111111-2222-3333-4444-555555555555:1-3' }, inside: null };
const gone = new SyncError('SOURCE_UNREACHABLE', { problem: 'refused' });

/** A source whose server is away: says after how many ms the epoch ends, and how often standbys were asked. */
async function outage(options: {
  readonly standbyFitsAfterMs: number;
  readonly error?: SyncError;
  readonly serverUuid?: string | null;
  /** The server is back for a moment at these times. */
  readonly opensAtMs?: readonly number[];
}): Promise<{ readonly endedAfterMs: number; readonly asked: number }> {
  const { standbyFitsAfterMs, error = gone, serverUuid = 'u', opensAtMs = [] } = options;
  let nowMs = 0;
  let asked = 0;
  const clock = {
    ...systemClock,
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    sleep: () => Promise.resolve(),
  };
  const findStandby = (): Promise<string | null> => {
    asked += 1;
    return Promise.resolve(nowMs >= standbyFitsAfterMs ? 'b:3306' : null);
  };
  const reconnect = new Reconnect({ clock, reader: { serverUuid, findStandby }, retryInPlaceMs: () => 30_000 });
  const opens = [...opensAtMs];
  try {
    for (;;) {
      nowMs += await reconnect.pause(error, place);
      if (nowMs >= (opens[0] ?? Infinity)) {
        opens.shift();
        reconnect.opened();
        nowMs += 1_000;
      }
    }
  } catch (thrown) {
    expect(thrown).toBe(error);
  }
  return { endedAfterMs: nowMs, asked };
}

describe('a source that is away', () => {
  it('is given up after five seconds when a standby can go on', async () => {
    expect(await outage({ standbyFitsAfterMs: 0 })).toEqual({ endedAfterMs: 5_000, asked: 1 });
  });

  it('is given up soon after a standby has caught up', async () => {
    const { endedAfterMs } = await outage({ standbyFitsAfterMs: 12_000 });
    expect(endedAfterMs).toBeGreaterThanOrEqual(12_000);
    expect(endedAfterMs).toBeLessThanOrEqual(17_000);
  });

  it('is waited for until retryInPlaceMs while no standby can go on', async () => {
    const { endedAfterMs } = await outage({ standbyFitsAfterMs: Infinity });
    expect(endedAfterMs).toBeGreaterThan(30_000);
    expect(endedAfterMs).toBeLessThanOrEqual(35_000);
  });

  it('counts from the last time that it could be read', async () => {
    const { endedAfterMs } = await outage({ standbyFitsAfterMs: 0, opensAtMs: [3_000] });
    expect(endedAfterMs).toBeGreaterThanOrEqual(9_000);
  });

  it.each<[string, SyncError, string | null]>([
    ['before the first dump of an epoch', gone, null],
    ['for an error that waiting does not heal', new SyncError('SOURCE_GRANT_MISSING', { problem: 'no' }), 'u'],
    [
      'for another server at its address',
      new SyncError('SOURCE_CONNECTION_LOST', { problem: 'other', needsNewEpoch: true }),
      'u',
    ],
  ])('ends the epoch at once %s', async (_, error, serverUuid) => {
    expect(await outage({ standbyFitsAfterMs: 0, error, serverUuid })).toEqual({ endedAfterMs: 0, asked: 0 });
  });

  it('is waited for, in a new epoch, while the one that answers lacks transactions', async () => {
    const error = new SyncError('SOURCE_LOST_TRANSACTIONS', { problem: 'lacks', unreachable: ['a:3306'] });
    const { endedAfterMs, asked } = await outage({ standbyFitsAfterMs: 0, error, serverUuid: null });
    expect(endedAfterMs).toBeGreaterThan(30_000);
    expect(asked).toBe(0);
  });
});
