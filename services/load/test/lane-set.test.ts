/**
 * Goal: what the lanes promise to whoever gives them segments.
 * Method: sessions that find every row that a move names, until they are told to break.
 */
import { describe, expect, it } from '@jest/globals';
import { SyncError, systemClock } from '@lutra/model';
import type { Place } from '@lutra/model';
import type { CheckpointRow, TargetSession } from '@lutra/sql';
import { LaneSet } from '../src/lane-set.ts';
import { Quarantine } from '../src/write/quarantine.ts';
import type { WriteHow } from '../src/write/write-how.ts';

const placeAt = (last: number): Place => ({
  done: { kind: 'mariadbGtid', gtidList: `0-1-${String(last)}` },
  inside: null,
});
const CLAIM = { pipelineId: 'p', epoch: 1, owner: 'load-1/a' };
const OPTIONS = { retryMs: 0, signal: new AbortController().signal };
const HOW = { policyOf: () => ({ kind: 'overwrite' }), quarantine: new Quarantine() } as unknown as WriteHow;
const UNIT = { revision: 1, how: HOW, plan: () => Promise.resolve([]) };

/** A session whose statements find all the rows that they name, until it breaks. */
class FragileSession {
  readonly info = { sessionId: 1, serverId: 's', kind: 'mariadb', address: 'db:3306' };
  readonly written: string[] = [];
  isOpen = true;
  failsAtCommit = false;
  /** Rows that a move finds too few. */
  misses = 0;

  query(): Promise<never[]> {
    return this.isOpen ? Promise.resolve([]) : Promise.reject(new SyncError('TARGET_CONNECTION_LOST'));
  }
  execute(statements: readonly { readonly sql: string }[]): Promise<number[]> {
    this.written.push(...statements.map(({ sql }) => sql));
    const found = (sql: string): number => /lane IN \(([\d,]+)\)/.exec(sql)?.[1]?.split(',').length ?? 1;
    return Promise.resolve(statements.map(({ sql }) => found(sql) - this.misses));
  }
  commit(): Promise<void> {
    if (this.failsAtCommit) return Promise.reject(new SyncError('TARGET_ROW_REFUSED'));
    this.written.push('COMMIT');
    return Promise.resolve();
  }
  rollback(): Promise<void> {
    return Promise.resolve();
  }
  destroy(): void {
    this.isOpen = false;
  }
}

const rowOf = (lane: number, place: Place): CheckpointRow => ({
  lane,
  epoch: 1,
  owner: CLAIM.owner,
  step: 10 * lane,
  place,
  revision: 1,
  sessionId: 1,
});

function lanesOf(places: readonly Place[], later: readonly FragileSession[] = []) {
  const first = new FragileSession();
  const spare = [...later];
  const open = (): Promise<TargetSession> =>
    Promise.resolve((spare.shift() ?? new FragileSession()) as unknown as TargetSession);
  const rows = places.map((place, index) => rowOf(places.length === 1 ? 0 : index + 1, place));
  const session = first as unknown as TargetSession;
  return { first, lanes: new LaneSet({ clock: systemClock, open }, CLAIM, { session, rows }) };
}

const movesIn = ({ written }: FragileSession): string[] =>
  written.filter((sql) => sql.includes('SET step')).map((sql) => /AND (lane .*) AND epoch/.exec(sql)?.[1] ?? sql);

describe('lanes', () => {
  it('move with their own units, those without rows with the first one, and are even afterwards', async () => {
    const second = new FragileSession();
    const { first, lanes } = lanesOf([placeAt(1), placeAt(1), placeAt(1), placeAt(1)], [second]);
    const units = [
      { lane: 0, unit: UNIT },
      { lane: 2, unit: UNIT },
    ];
    await lanes.apply({ end: placeAt(5), units }, OPTIONS);
    expect(movesIn(first)).toEqual(['lane IN (1,2,4)']);
    expect(movesIn(second)).toEqual(['lane = 3']);
    expect([lanes.isEven, lanes.reached]).toEqual([true, placeAt(5)]);
    await lanes.apply({ end: placeAt(6), units: [{ lane: 'all', unit: UNIT }] }, OPTIONS);
    expect(movesIn(first)).toHaveLength(2);
    expect(first.written.at(-2)).toContain(
      'step = CASE lane WHEN 1 THEN 11 WHEN 2 THEN 21 WHEN 3 THEN 31 WHEN 4 THEN 41 END',
    );
  });

  it('finish what is not concerned when one fails, and say afterwards what all have done', async () => {
    const second = new FragileSession();
    second.failsAtCommit = true;
    const third = new FragileSession();
    const { first, lanes } = lanesOf([placeAt(1), placeAt(1), placeAt(1)], [second, third]);
    // The session is noted in a transaction of its own, which has to pass.
    second.failsAtCommit = false;
    const units = [0, 1, 2].map((lane) => ({ lane, unit: UNIT }));
    const failing = {
      ...UNIT,
      plan: () => {
        second.failsAtCommit = true;
        return Promise.resolve([]);
      },
    };
    const work = lanes.apply(
      { end: placeAt(5), units: units.map((each) => (each.lane === 1 ? { ...each, unit: failing } : each)) },
      OPTIONS,
    );
    await expect(work).rejects.toMatchObject({ code: 'TARGET_ROW_REFUSED' });
    expect([first.written.at(-1), third.written.at(-1)]).toEqual(['COMMIT', 'COMMIT']);
    expect([lanes.isEven, lanes.reached]).toEqual([false, placeAt(1)]);
  });

  it('that a claim found uneven keep what they had until the others have it too', async () => {
    const { first, lanes } = lanesOf([placeAt(9), placeAt(3)]);
    const joint = { lane: 'all' as const, unit: UNIT };
    await lanes.apply({ end: placeAt(5), units: [joint] }, OPTIONS);
    expect(first.written[0]).toContain('0-1-9');
    expect([lanes.isEven, lanes.reached]).toEqual([false, placeAt(5)]);
    await lanes.apply({ end: placeAt(9), units: [joint] }, OPTIONS);
    expect([lanes.isEven, lanes.reached]).toEqual([true, placeAt(9)]);
  });

  it('keep the revision that they were left uneven under until they are even, since it tells whose a row was', async () => {
    const { first, lanes } = lanesOf([placeAt(9), placeAt(3)]);
    const segment = (end: number) => ({ end: placeAt(end), units: [{ lane: 'all' as const, unit: newer }] });
    const newer = { ...UNIT, revision: 7 };
    for (const end of [5, 9, 10]) await lanes.apply(segment(end), OPTIONS);
    const revisions = first.written.flatMap((sql) => /revision = (\d+)/.exec(sql)?.[1] ?? []);
    expect(revisions).toEqual(['1', '1', '7']);
  });

  it('are fenced together when one of their rows is not found', async () => {
    const { first, lanes } = lanesOf([placeAt(1), placeAt(1), placeAt(1)]);
    first.misses = 1;
    const work = lanes.apply({ end: placeAt(5), units: [{ lane: 'all', unit: UNIT }] }, OPTIONS);
    await expect(work).rejects.toMatchObject({ code: 'TARGET_CHECKPOINT_MISSING' });
    expect(first.written).not.toContain('COMMIT');
    expect([lanes.isEven, lanes.reached]).toEqual([true, placeAt(1)]);
  });

  it.each([
    [1, 3, [1, 2, 3]],
    [4, 2, [1, 2]],
    [3, 1, [0]],
  ])('become another number: %d to %d', async (before, after, numbers) => {
    const { first, lanes } = lanesOf(Array.from({ length: before }, () => placeAt(4)));
    await lanes.relane(after, 2, OPTIONS);
    expect([lanes.count, lanes.isEven, lanes.reached]).toEqual([after, true, placeAt(4)]);
    await lanes.apply({ end: placeAt(5), units: [{ lane: 'all', unit: UNIT }] }, OPTIONS);
    expect(movesIn(first).at(-1)).toBe(numbers.length === 1 ? 'lane = 0' : `lane IN (${numbers.join(',')})`);
  });
});

describe('lanes whose staged slices are gone', () => {
  it('write nothing behind them, also when nobody has waited for the answer that told so', async () => {
    const second = new FragileSession();
    const { first, lanes } = lanesOf([placeAt(1)], [second]);
    await lanes.stage(UNIT, OPTIONS);
    first.isOpen = false;
    await lanes.keepAlive().catch(() => undefined);
    const lost = { code: 'TARGET_TRANSACTION_LOST' };
    await expect(lanes.keepAlive()).rejects.toMatchObject(lost);
    await expect(lanes.stage(UNIT, OPTIONS)).rejects.toMatchObject(lost);
    const segment = { end: placeAt(2), units: [{ lane: 'all' as const, unit: UNIT }] };
    await expect(lanes.apply(segment, OPTIONS)).rejects.toMatchObject(lost);
    expect(second.written).toEqual([]);
    expect(first.written).toHaveLength(1);
  });
});
