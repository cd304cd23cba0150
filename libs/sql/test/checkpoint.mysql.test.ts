/**
 * Goal: the checkpoint row is a fence and a truth after an unknown COMMIT.
 * Method: two sessions of two owners on one row of a real server.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { Place } from '@lutra/model';
import {
  claimCheckpoint,
  ensureCheckpointTable,
  explainLostMove,
  insertOrigin,
  killRecordedSessions,
  killSessions,
  moveStatement,
  resolveCommit,
} from '@lutra/sql';
import type { CheckpointMove, TargetSession } from '@lutra/sql';
import { TARGETS, TargetFixture } from './target-fixture.ts';

const placeAt = (last: number): Place => ({
  done: { kind: 'mariadbGtid', gtidList: `0-1-${String(last)}` },
  inside: { gtid: `0-1-${String(last + 1)}`, event: 2, row: 3, part: 0, serverUuid: "uuid'\\" },
});
const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (SyncError.is(error) ? error.code : error),
  );

describe.each(TARGETS)('the checkpoint on %s', (_name, server) => {
  let target: TargetFixture;
  let first: TargetSession;
  let second: TargetSession;
  const claimOf = (owner: string, epoch: number) => ({ pipelineId: target.pipelineId, epoch, owner });

  beforeEach(async () => {
    target = await TargetFixture.open(server);
    first = target.session;
    second = await target.connect();
    await ensureCheckpointTable(first);
  });
  afterEach(() => target.close());

  const begin = async (): Promise<void> => {
    expect(await claimCheckpoint(first, claimOf('one', 5))).toEqual([]);
    const rows = await insertOrigin(first, claimOf('one', 5), { place: placeAt(10), revision: 3, lanes: 2 });
    expect(rows.map(({ lane, step, place }) => ({ lane, step, place }))).toEqual([
      { lane: 0, step: 0, place: placeAt(10) },
      { lane: 1, step: 0, place: placeAt(10) },
    ]);
  };
  const moveOf = (owner: string, epoch: number, step: number, session: TargetSession): CheckpointMove => ({
    ...claimOf(owner, epoch),
    lane: 0,
    step,
    place: placeAt(11 + step),
    revision: 3,
    sessionId: session.info.sessionId,
  });

  it('moves one step at a time, and a claim of a larger epoch reads the last one', async () => {
    await begin();
    expect(await first.execute([moveStatement(moveOf('one', 5, 0, first))])).toEqual([1]);
    await first.commit();
    expect(await first.execute([moveStatement(moveOf('one', 5, 0, first))])).toEqual([0]);
    await first.rollback();
    const rows = await claimCheckpoint(second, claimOf('two', 6));
    expect(rows[0]).toMatchObject({
      epoch: 6,
      owner: 'two',
      step: 1,
      place: placeAt(11),
      sessionId: second.info.sessionId,
    });
  });

  it('fences a zombie: its transaction changes nothing', async () => {
    await begin();
    await claimCheckpoint(second, claimOf('two', 6));
    const move = moveOf('one', 5, 0, first);
    expect(await first.execute([moveStatement(move)])).toEqual([0]);
    expect((await explainLostMove(first, move)).code).toBe('TARGET_FENCED');
    expect(await second.execute([moveStatement(moveOf('two', 6, 0, second))])).toEqual([1]);
    await second.rollback();
  });

  it.each([
    ['epoch', 'one', 4],
    ['owner', 'two', 5],
  ])('moves for nobody whose %s alone is another', async (_what, owner, epoch) => {
    await begin();
    expect(await first.execute([moveStatement(moveOf(owner, epoch, 0, first))])).toEqual([0]);
    await first.rollback();
  });

  it('repeats a claim of the same owner, refuses an equal epoch of another one and reports a higher epoch', async () => {
    await begin();
    expect(await claimCheckpoint(second, claimOf('one', 5))).toHaveLength(2);
    expect(await codeOf(claimCheckpoint(second, claimOf('two', 5)))).toBe('TARGET_FENCED');
    const failure: unknown = await claimCheckpoint(second, claimOf('two', 4)).catch((error: unknown) => error);
    expect(SyncError.is(failure) && [failure.code, failure.details['aboveEpoch']]).toEqual(['TARGET_EPOCH_AHEAD', 5]);
    expect(await codeOf(insertOrigin(second, claimOf('two', 4), { place: placeAt(1), revision: 1, lanes: 1 }))).toBe(
      'TARGET_EPOCH_AHEAD',
    );
  });

  it('tells after an unknown COMMIT whether it happened, waiting for a transaction that is still open', async () => {
    await begin();
    const move = moveOf('one', 5, 0, first);
    await first.execute([moveStatement(move)]);
    // The old session is still there: the question has to wait for it.
    const answer = resolveCommit(second, move);
    await first.commit();
    expect(await answer).toBe('done');
    const next = moveOf('one', 5, 1, first);
    await first.execute([moveStatement(next)]);
    await first.rollback();
    expect(await resolveCommit(second, next)).toBe('repeat');
    await claimCheckpoint(second, claimOf('two', 6));
    expect(await codeOf(resolveCommit(second, next))).toBe('TARGET_FENCED');
    await second.query(`DELETE FROM lutra.checkpoint WHERE pipeline_id = '${target.pipelineId}'`);
    await second.commit();
    expect(await codeOf(resolveCommit(second, next))).toBe('TARGET_CHECKPOINT_MISSING');
  });

  it('ends the session that an older epoch left behind, and only such a one', async () => {
    await begin();
    await first.execute([moveStatement(moveOf('one', 5, 0, first))]);
    const claim = claimCheckpoint(second, claimOf('two', 6));
    const helper = await target.connect();
    expect(await killRecordedSessions(helper, { pipelineId: target.pipelineId, epoch: 5 })).toBe(0);
    expect(await killRecordedSessions(helper, { pipelineId: target.pipelineId, epoch: 6 })).toBe(1);
    expect((await claim)[0]).toMatchObject({ step: 0, owner: 'two' });
    expect(await codeOf(first.commit())).toBe('TARGET_CONNECTION_LOST');
    expect(first.isOpen).toBe(false);
    expect(await killSessions(helper, [first.info.sessionId])).toBe(0);
    target.session = second;
  });
});
