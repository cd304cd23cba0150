/** Goal: what a target tells of its load is read from real servers, and what it does not tell is known as not told. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import { openTarget, readReplicaState, readTargetLoad, readTargetReplicas } from '@lutra/sql';
import { dataSource, TARGETS, TargetFixture } from './target-fixture.ts';

describe.each(TARGETS)('the load of %s', (_name, server) => {
  let target: TargetFixture;

  beforeAll(async () => {
    target = await TargetFixture.open(server);
  });
  afterAll(() => target.close());

  it('tells running threads and the history list', async () => {
    const load = await readTargetLoad(target.session);
    expect(load.runningThreads).toBeGreaterThanOrEqual(1);
    expect(load.historyListLength).toBeGreaterThanOrEqual(0);
  });

  it('tells replicas with an address, and how many have none', async () => {
    const { replicas, unknown, identity } = await readTargetReplicas(target.session);
    expect(identity.serverId).toBeGreaterThan(0);
    if (target.session.info.kind === 'mysql') expect(identity.serverUuid).toBe(target.session.info.serverId);
    for (const { host, port } of replicas) expect([host.length > 0, port > 0]).toEqual([true, true]);
    expect(unknown).toBeGreaterThanOrEqual(0);
  });

  it('knows nothing of a server that is nobody’s replica', async () => {
    const { identity } = await readTargetReplicas(target.session);
    expect(await readReplicaState(target.session, identity)).toEqual({ kind: 'unknown' });
  });

  it('gives null for what an account may not see', async () => {
    const user = `u${randomBytes(5).toString('hex')}`;
    const account = `'${user}'@'127.0.0.1'`;
    await target.session.query(`CREATE USER ${account} IDENTIFIED BY 'plain'`);
    try {
      const plain = await openTarget(dataSource(target.server, { user }), 'plain', { clock: systemClock });
      const load = await readTargetLoad(plain);
      expect(load.runningThreads).toBeGreaterThanOrEqual(1);
      const { identity, unknown } = await readTargetReplicas(plain);
      expect(unknown).toBeNull();
      expect(await readReplicaState(plain, identity)).toEqual({ kind: 'unknown' });
      await plain.close();
    } finally {
      await target.session.query(`DROP USER ${account}`);
    }
  });
});
