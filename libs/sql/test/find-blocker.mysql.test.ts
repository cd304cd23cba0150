/**
 * Goal: when a statement at the target waits, people learn for whom.
 * Method: another connection takes the lock in the usual ways; the finder is asked while a third one waits.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import { describeWork, findBlocker, openTarget } from '@lutra/sql';
import type { FoundBlocker, TargetSession } from '@lutra/sql';
import { waitUntil } from '@lutra/testing';
import { showProcesses } from '../src/show-processes.ts';
import { dataSource, runsBytes, TargetFixture, TARGETS } from './target-fixture.ts';

describe.each(TARGETS)('the blocker of a statement on %s', (name, server) => {
  let target: TargetFixture;
  let holder: TargetSession;
  let waiter: TargetSession;
  let table: string;

  beforeEach(async () => {
    target = await TargetFixture.open(server);
    [holder, waiter] = [await target.connect(), await target.connect()];
    table = `${target.schema}.t`;
    await target.session.query(`CREATE TABLE ${table} (id int PRIMARY KEY, secret varchar(20))`);
    await target.session.query(`INSERT INTO ${table} VALUES (1, 'hush')`);
    await target.session.commit();
  });
  afterEach(async () => {
    for (const session of [holder, waiter]) session.destroy();
    await target.close();
  });

  const blockerOf = (isIt: (found: FoundBlocker) => boolean, asker = target.session): Promise<FoundBlocker> =>
    waitUntil(
      async () => {
        const found = await findBlocker(asker, waiter.info.sessionId);
        return found !== null && isIt(found) ? found : false;
      },
      { what: 'the blocker', timeoutMs: 60_000, everyMs: 100 },
    );
  /** The statement that waits; its end does not matter. */
  const wait = (): Promise<unknown> =>
    waiter.query(`UPDATE ${table} SET secret = 'other' WHERE id = 1`).then(
      () => null,
      (error: unknown) => error,
    );
  const isLock = ({ kind }: FoundBlocker): boolean => kind === 'targetLock';
  const holderId = (): number => holder.info.sessionId;

  it('is null when nothing is in the way', async () => {
    expect(await findBlocker(target.session, waiter.info.sessionId)).toBeNull();
  });

  it('is told also while another connection runs a statement with bytes that are no text', async () => {
    const binary = await runsBytes(target.server);
    try {
      await holder.query(`UPDATE ${table} SET secret = 'mine' WHERE id = 1`);
      const waiting = wait();
      expect((await blockerOf(isLock)).connectionId).toBe(holderId());
      expect((await describeWork(target.session, waiter.info.sessionId))?.message).toContain(`UPDATE ${table} SET`);
      await holder.rollback();
      await waiting;
    } finally {
      binary.destroy();
    }
  });

  it('is the connection that holds the row', async () => {
    await holder.query(`UPDATE ${table} SET secret = 'mine' WHERE id = 1`);
    const waiting = wait();
    const found = await blockerOf(isLock);
    expect(found.connectionId).toBe(holderId());
    expect(found.message).toContain(`load waits for lock held by connection ${String(holderId())} at target: `);
    expect(found.message).toContain(`a row lock on ${table}`);
    expect(found.message).not.toContain('mine');
    if (name === 'MySQL') expect(found.message).toContain(`UPDATE ${table} SET secret = ? WHERE id = ?`);
    await holder.rollback();
    expect(await waiting).toBeNull();
    // MariaDB keeps its lists of locks for a tenth of a second.
    await waitUntil(async () => (await findBlocker(target.session, waiter.info.sessionId)) === null, {
      what: 'the end of the wait',
      timeoutMs: 60_000,
      everyMs: 150,
    });
  });

  it('is the ALTER that stands in front', async () => {
    const reader = await target.connect();
    await reader.query(`SELECT * FROM ${table}`);
    const altering = holder
      .query(`ALTER TABLE ${table} ADD COLUMN more varchar(9) DEFAULT 'private'`)
      .catch(() => null);
    await waitUntil(
      async () =>
        (await showProcesses(target.session)).some(({ id, state }) => id === holderId() && state.startsWith('Waiting')),
      { what: 'the ALTER to wait', timeoutMs: 60_000, everyMs: 50 },
    );
    const waiting = wait();
    // Where only running statements tell, one of another test may stand beside it for a moment.
    const found = await blockerOf(({ connectionId }) => connectionId === holderId());
    expect(isLock(found)).toBe(true);
    expect(found.message).toContain(
      `load waits for lock wanted first by connection ${String(holderId())} at target: ALTER TABLE ${table} ADD COLUMN more varchar(?) DEFAULT ?`,
    );
    await reader.rollback();
    await altering;
    expect(await waiting).toBeNull();
  });

  it('is LOCK TABLES, by connection where the server tells it', async () => {
    await holder.query(`LOCK TABLES ${table} WRITE`);
    const waiting = wait();
    // Where only running statements tell, one of another test may stand in between.
    const isTold = (message: string): boolean =>
      name === 'MySQL' || message.includes("INSTALL SONAME 'metadata_lock_info'");
    const found = await blockerOf((blocker) => isLock(blocker) && isTold(blocker.message));
    if (name === 'MySQL')
      expect(found).toEqual({
        kind: 'targetLock',
        connectionId: holderId(),
        message: `load waits for lock held by connection ${String(holderId())} at target: LOCK TABLES ${table} WRITE (a metadata lock on ${table})`,
      });
    else {
      expect(found.message).toContain('load waits for a table metadata lock at target');
      expect(found.message).toContain("INSTALL SONAME 'metadata_lock_info'");
    }
    await holder.query('UNLOCK TABLES');
    expect(await waiting).toBeNull();
  });

  it('says which grant would tell more to an account that may not see it', async () => {
    const user = `u_${target.schema.slice(-8)}`;
    await target.session.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'pw'`);
    await target.session.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${target.schema}.* TO '${user}'@'%'`);
    waiter.destroy();
    const open = (): Promise<TargetSession> =>
      openTarget(dataSource(target.server, { user }), 'pw', { clock: systemClock });
    const asker = await open();
    waiter = await open();
    await holder.query(`LOCK TABLES ${table} WRITE`);
    const waiting = wait();
    const found = await blockerOf(isLock, asker);
    expect(found.connectionId).toBeUndefined();
    expect(found.message).toContain(
      name === 'MySQL' ? 'GRANT SELECT ON performance_schema.* TO' : 'GRANT PROCESS ON *.* TO',
    );
    await holder.query('UNLOCK TABLES');
    await waiting;
    asker.destroy();
    waiter.destroy();
    await target.session.query(`DROP USER '${user}'@'%'`);
  });
});
