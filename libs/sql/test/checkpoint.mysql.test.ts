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
  questionOf,
  recordSession,
  relaneStatements,
  resolveCommit,
} from '@lutra/sql';
import type { CheckpointMove, TargetSession } from '@lutra/sql';
import { runsBytes, TARGETS, TargetFixture } from './target-fixture.ts';

const placeAt = (last: number): Place => ({
  done: { kind: 'mariadbGtid', gtidList: `0-1-${String(last)}` },
  inside: { gtid: `0-1-${String(last + 1)}`, event: 2, row: 3, part: 0, serverUuid: "uuid'\\" },
});
const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (SyncError.is(error) ? error.code : error),
  );

/** The session of a loader that freezes when it comes to `method`: `reached` tells. */
function freezeAt(
  session: TargetSession,
  method: 'query' | 'commit',
): { readonly frozen: TargetSession; readonly reached: Promise<void> } {
  let tell: () => void;
  const reached = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const freeze = (): Promise<never> => {
    tell();
    return new Promise(() => undefined);
  };
  const frozen: TargetSession = Object.assign(Object.create(session) as TargetSession, { [method]: freeze });
  return { frozen, reached };
}

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
      { lane: 1, step: 0, place: placeAt(10) },
      { lane: 2, step: 0, place: placeAt(10) },
    ]);
  };
  const moveOf = (owner: string, epoch: number, step: number, session: TargetSession): CheckpointMove => ({
    ...claimOf(owner, epoch),
    lanes: [{ lane: 1, step, place: placeAt(11 + step), sessionId: session.info.sessionId }],
    revision: 3,
  });
  const moveOfAll = (step: number, places: readonly Place[], session: TargetSession): CheckpointMove => ({
    ...claimOf('one', 5),
    lanes: places.map((place, index) => ({ lane: index + 1, step, place, sessionId: session.info.sessionId + index })),
    revision: 3,
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
    const answer = resolveCommit(second, questionOf(move));
    await first.commit();
    expect(await answer).toBe('done');
    const next = moveOf('one', 5, 1, first);
    await first.execute([moveStatement(next)]);
    await first.rollback();
    expect(await resolveCommit(second, questionOf(next))).toBe('repeat');
    await claimCheckpoint(second, claimOf('two', 6));
    expect(await codeOf(resolveCommit(second, questionOf(next)))).toBe('TARGET_FENCED');
    await second.query(`DELETE FROM lutra.checkpoint WHERE pipeline_id = '${target.pipelineId}'`);
    await second.commit();
    expect(await codeOf(resolveCommit(second, questionOf(next)))).toBe('TARGET_CHECKPOINT_MISSING');
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

  it('waits for no session of a loader that froze before it was recorded', async () => {
    const at = { place: placeAt(10), revision: 3, lanes: 2 };
    const claimed = async (
      what: string,
      method: 'query' | 'commit',
      work: (frozen: TargetSession, claim: { pipelineId: string; epoch: number; owner: string }) => Promise<unknown>,
    ): Promise<unknown> => {
      const claim = { ...claimOf('one', 5), pipelineId: `${target.pipelineId}-${what}` };
      const [session, next] = [await target.connect(), await target.connect()];
      if (what !== 'origin') await insertOrigin(next, claim, at);
      const { frozen, reached } = freezeAt(session, method);
      // It never comes to an end.
      void work(frozen, claim);
      await reached;
      const rows = await claimCheckpoint(next, { ...claim, epoch: 7, owner: 'two' });
      await next.query(`DELETE FROM lutra.checkpoint WHERE pipeline_id = '${claim.pipelineId}'`);
      await next.commit();
      session.destroy();
      return rows.map(({ owner }) => owner);
    };
    const found = await Promise.all([
      claimed('origin', 'query', (frozen, claim) => insertOrigin(frozen, claim, at)),
      claimed('claim', 'query', (frozen, claim) => claimCheckpoint(frozen, { ...claim, epoch: 6 })),
      claimed('lane', 'commit', (frozen, claim) => recordSession(frozen, claim, 2)),
    ]);
    expect(found).toEqual([[], ['two', 'two'], ['two', 'two']]);
  });

  it('ends a session also while another one runs a statement with bytes that are no text', async () => {
    const binary = await runsBytes(target.server);
    try {
      expect(await killSessions(first, [second.info.sessionId])).toBe(1);
    } finally {
      binary.destroy();
    }
  });

  it('moves several lanes at once, each from its own step to its own place, or none of them', async () => {
    await begin();
    expect(await first.execute([moveStatement(moveOf('one', 5, 0, first))])).toEqual([1]);
    await first.commit();
    // Lane 1 has made a step meanwhile: a move that does not know of it finds lane 2 only.
    expect(await first.execute([moveStatement(moveOfAll(0, [placeAt(20), placeAt(20)], first))])).toEqual([1]);
    await first.rollback();
    const { lanes, ...move } = moveOfAll(0, [placeAt(20), placeAt(21)], first);
    const both = { ...move, lanes: lanes.map((each) => (each.lane === 1 ? { ...each, step: 1 } : each)) };
    expect(await first.execute([moveStatement(both)])).toEqual([2]);
    await first.commit();
    expect(await resolveCommit(second, questionOf(both))).toBe('done');
    const rows = await claimCheckpoint(second, claimOf('two', 6));
    expect(rows.map(({ lane, step, place }) => ({ lane, step, place }))).toEqual([
      { lane: 1, step: 2, place: placeAt(20) },
      { lane: 2, step: 1, place: placeAt(21) },
    ]);
  });

  it('moves a lane while another one, and another pipeline, stands in an open transaction', async () => {
    await begin();
    const other = { ...claimOf('other', 5), pipelineId: `${target.pipelineId}-2` };
    await insertOrigin(second, other, { place: placeAt(1), revision: 1, lanes: 3 });
    await first.execute([moveStatement(moveOf('one', 5, 0, first))]);
    const lanes = [1, 2, 3].map((lane) => ({ lane, step: 0, place: placeAt(2), sessionId: 7 }));
    await second.execute([moveStatement({ ...other, lanes, revision: 1 })]);
    // Would wait for 10 s if it touched a row that it does not name.
    const third = await target.connect();
    const own = { ...moveOf('one', 5, 0, third), lanes: [{ lane: 2, step: 0, place: placeAt(3), sessionId: 7 }] };
    await third.execute([{ sql: 'SET SESSION innodb_lock_wait_timeout = 1' }]);
    expect(await third.execute([moveStatement(own)])).toEqual([1]);
    await third.rollback();
    await second.query(`DELETE FROM lutra.checkpoint WHERE pipeline_id = '${other.pipelineId}'`);
    await second.commit();
    await first.rollback();
  });

  it.each([
    [1, [0]],
    [3, [1, 2, 3]],
  ])('becomes %d lanes at one place, and tells after an unknown COMMIT whether it has', async (count, numbers) => {
    await begin();
    const move = moveOfAll(0, [placeAt(12), placeAt(12)], first);
    const relane = relaneStatements(move, count);
    const [found] = await first.execute(relane.statements);
    expect(found).toBe(2);
    await first.rollback();
    expect(await resolveCommit(second, relane.question)).toBe('repeat');
    await first.execute(relane.statements);
    await first.commit();
    expect(await resolveCommit(second, relane.question)).toBe('done');
    const rows = await claimCheckpoint(second, claimOf('two', 6));
    expect(rows.map(({ lane }) => lane)).toEqual(numbers);
    expect(rows.map(({ lane, step }) => ({ lane, step }))).toEqual(relane.lanes);
    expect(new Set(rows.map(({ place }) => JSON.stringify(place)))).toEqual(new Set([JSON.stringify(placeAt(12))]));
    expect(await codeOf(resolveCommit(second, relane.question))).toBe('TARGET_FENCED');
  });

  it('has no row for a loader that knows one lane only, and none to spare when a lane is missing', async () => {
    await begin();
    const old = { ...moveOf('one', 5, 0, first), lanes: [{ lane: 0, step: 0, place: placeAt(1), sessionId: 1 }] };
    expect(await first.execute([moveStatement(old)])).toEqual([0]);
    expect((await explainLostMove(first, old)).code).toBe('TARGET_CHECKPOINT_MISSING');
    await second.query(`DELETE FROM lutra.checkpoint WHERE pipeline_id = '${target.pipelineId}' AND lane = 1`);
    await second.commit();
    expect(await codeOf(claimCheckpoint(second, claimOf('two', 6)))).toBe('TARGET_CHECKPOINT_MISSING');
  });

  it('begins with the lanes of one loader, never with those of two', async () => {
    await claimCheckpoint(first, claimOf('late', 5));
    await claimCheckpoint(second, claimOf('one', 6));
    await insertOrigin(second, claimOf('one', 6), { place: placeAt(10), revision: 4, lanes: 2 });
    const late = insertOrigin(first, claimOf('late', 5), { place: placeAt(9), revision: 3, lanes: 1 });
    expect(await codeOf(late)).toBe('TARGET_EPOCH_AHEAD');
    const rows = await claimCheckpoint(first, claimOf('two', 7));
    expect(rows.map(({ lane }) => lane)).toEqual([1, 2]);
  });

  it('notes the session of the first lane whatever its number has become', async () => {
    await begin();
    await first.execute(relaneStatements(moveOfAll(0, [placeAt(12), placeAt(12)], first), 1).statements);
    await first.commit();
    await recordSession(second, claimOf('one', 5), 1);
    expect(await claimCheckpoint(first, claimOf('one', 5))).toMatchObject([
      { lane: 0, sessionId: second.info.sessionId },
    ]);
  });

  it('notes the session of a lane, for whoever claims later', async () => {
    await begin();
    await recordSession(second, claimOf('one', 5), 2);
    expect(await codeOf(recordSession(second, claimOf('two', 5), 2))).toBe('TARGET_FENCED');
    const rows = await claimCheckpoint(first, claimOf('one', 5));
    expect(rows.map(({ sessionId }) => sessionId)).toEqual([first.info.sessionId, second.info.sessionId]);
  });
});
