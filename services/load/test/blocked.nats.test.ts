/**
 * Goal: a loader that waits at the target says for whom, and says when the wait is over.
 * Method: another session holds the row that the process wants to change.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BlockedEvent } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { LoadFixture } from './load-fixture.ts';
import { createPeople, peopleTable, update } from './rows.ts';

describe.each([['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const])('a lock at %s', (_name, server) => {
  let load: LoadFixture;

  beforeEach(async () => {
    load = await LoadFixture.open(server);
    await load.run(createPeople(load.schema), `INSERT INTO ${load.schema}.people VALUES (1, 'a', NULL)`);
  });
  afterEach(() => load.close());

  it('is told with the connection that holds it, and its end too', async () => {
    const told = (): readonly BlockedEvent[] =>
      load.events.filter((event): event is BlockedEvent => event.kind === 'blocked');
    const epoch = load.startEpoch(1);
    await load.giveOrigin(1);
    await load.admin.query(`UPDATE ${load.schema}.people SET note = 'held' WHERE id = 1`);
    await load.publish({
      epoch: 1,
      process: 1,
      tables: [peopleTable(load.schema)],
      transactions: [{ number: 1, changes: [update([1, 'a', null], [1, 'a', 'new'])] }],
    });
    await waitUntil(() => told().length > 0, { what: 'the blocker', timeoutMs: 60_000, everyMs: 50 });
    const connectionId = load.admin.info.sessionId;
    expect(told()[0]).toMatchObject({ stage: 'load', epoch: 1, blocker: { kind: 'targetLock', connectionId } });
    expect(told()[0]?.blocker?.message).toContain(
      `load waits for lock held by connection ${String(connectionId)} at target`,
    );
    await load.admin.rollback();
    await load.waitForLoaded(1, 1);
    await waitUntil(() => told().at(-1)?.blocker === null, {
      what: 'the end of the wait',
      timeoutMs: 60_000,
      everyMs: 50,
    });
    expect(told()).toHaveLength(2);
    expect(await epoch.end()).toBeNull();
  });
});
