/**
 * Goal: load waits while its target is busier than it may be, by each of the three limits, and no longer; limits may change
 * meanwhile, and what a server does not tell is said once, with what it takes to be told.
 * Method: a target and its replica of their own, kept busy by sleeping sessions, an old snapshot and a locked table.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS, systemClock } from '@lutra/model';
import type { Clock, PipelineParameters, WarningCode } from '@lutra/model';
import { openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import type { PipelineSession } from '@lutra/service-kit';
import { waitUntil } from '@lutra/testing';
import { TargetLoadWatch } from '../../src/throttle/target-load-watch.ts';
import { ReplicatedTarget } from './replicated-target.ts';

const PATIENCE = { timeoutMs: 60_000, everyMs: 20 };

/** Once a second is too slow for a test. */
const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 50), signal) };

describe.each(['mariadb', 'mysql'] as const)('the load of a target watched, %s', (program) => {
  let servers: ReplicatedTarget;
  let parameters: PipelineParameters;
  let said: { readonly code: WarningCode; readonly message: string }[];
  let watch: TargetLoadWatch;
  let stop: AbortController;
  let running: Promise<void>;

  beforeAll(async () => {
    servers = await ReplicatedTarget.open(program);
  });
  afterAll(() => servers.close());
  beforeEach(() => {
    said = [];
    limit({});
    start({ user: 'root', password: servers.target.password });
  });
  afterEach(async () => {
    servers.letGo();
    await end();
  });

  function start({ user, password }: { readonly user: string; readonly password: string }): void {
    const open = ({ host, port }: { readonly host: string; readonly port: number }): Promise<TargetSession> => {
      const definition = { id: 'target', name: 'target', kind: program, host, port, user, password: '' };
      return openTarget({ ...definition, tls: 'disabled' }, password, { clock: systemClock });
    };
    stop = new AbortController();
    const pipeline = { latestDefinition: () => ({ parameters }), log: { debug: () => undefined } };
    watch = new TargetLoadWatch({
      clock,
      pipeline: pipeline as unknown as PipelineSession,
      open: () => open(servers.target),
      openReplica: open,
      warn: (warning) => Promise.resolve(void said.push(warning)),
    });
    running = watch.run(stop.signal);
  }
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  const limit = (limits: Partial<PipelineParameters>): void => {
    parameters = { ...DEFAULT_PARAMETERS, ...limits };
  };
  const says = (wanted: RegExp): Promise<unknown> =>
    waitUntil(() => wanted.test(watch.overload() ?? 'nothing'), {
      what: `the watch to say ${String(wanted)}`,
      ...PATIENCE,
    });
  const warned = (about: RegExp): Promise<(typeof said)[number]> =>
    waitUntil(() => said.find(({ message }) => about.test(message)), {
      what: `a warning of ${String(about)}`,
      ...PATIENCE,
    });

  it('tells too many running threads, and obeys a limit that changes', async () => {
    const { target } = servers;
    for (let count = 0; count < 12; count += 1)
      // They end with their connections.
      void (await servers.hold(target)).query('SELECT SLEEP(60)').catch(() => undefined);
    limit({ targetRunningThreadsMax: 10 });
    await says(/^target runs \d+ threads, limit 10$/);
    limit({ targetRunningThreadsMax: 11 });
    await says(/limit 11$/);
    limit({ targetRunningThreadsMax: 100 });
    await says(/^nothing$/);
    limit({ targetRunningThreadsMax: 10 });
    await says(/limit 10$/);
    limit({});
    await says(/^nothing$/);
    limit({ targetRunningThreadsMax: 10 });
    await says(/limit 10$/);
    const killing = await servers.hold(target);
    const [processes] = (await killing.query('SHOW PROCESSLIST')) as unknown as [{ Id: number; Info: string | null }[]];
    for (const { Id, Info } of processes)
      if (Info?.startsWith('SELECT SLEEP') === true) await killing.query(`KILL ${String(Id)}`);
    await says(/^nothing$/);
    expect(said).toEqual([]);
  });

  it('tells a history list that grows behind an old snapshot', async () => {
    const { target } = servers;
    const reader = await servers.hold(
      target,
      'START TRANSACTION WITH CONSISTENT SNAPSHOT',
      'SELECT * FROM shop.orders',
    );
    await servers.run(target, ...Array.from({ length: 300 }, () => 'UPDATE shop.orders SET n = n + 1'));
    limit({ targetHistoryListMax: 200 });
    await says(/^the target's history list is \d+ long, limit 200$/);
    limit({ targetHistoryListMax: 1_000_000 });
    await says(/^nothing$/);
    limit({ targetHistoryListMax: 200 });
    await says(/history list/);
    await reader.query('COMMIT');
    // Purging begins with the next transaction.
    await servers.change();
    await says(/^nothing$/);
    expect(said).toEqual([]);
  });

  it('tells a replica that is behind, until it is not', async () => {
    const locking = await servers.hold(servers.replica, 'LOCK TABLES shop.orders READ');
    await servers.change(300);
    limit({ targetReplicaLagMaxMs: 60_000 });
    await says(/^a replica of the target is \d{3}000 ms behind, limit 60000$/);
    limit({ targetReplicaLagMaxMs: 3_600_000 });
    await says(/^nothing$/);
    limit({ targetReplicaLagMaxMs: 60_000 });
    await says(/behind/);
    await locking.query('UNLOCK TABLES');
    await says(/^nothing$/);
    expect(said).toEqual([]);
  });

  it('counts a replica that has stopped as further behind than any limit, and warns each time', async () => {
    const { replica, target } = servers;
    const address = `127.0.0.1:${String(replica.port)}`;
    limit({ targetReplicaLagMaxMs: 3_600_000 });
    for (const times of [1, 2]) {
      await servers.applying('STOP');
      await says(new RegExp(`^the target's replica ${address} has stopped to replicate$`));
      expect(said.map(({ code }) => code)).toEqual(Array.from({ length: times }, () => 'TARGET_REPLICA_STOPPED'));
      await servers.applying('START');
      await says(/^nothing$/);
    }
    expect(said[0]?.message).toContain(`replica ${address} has stopped to replicate: load waits`);
    // A row that it has already stops it by an error.
    await servers.atReplica('INSERT INTO shop.orders VALUES (2, 0)');
    await servers.run(target, 'INSERT INTO shop.orders VALUES (2, 0)');
    await says(/stopped/);
    expect(said.at(-1)?.message).toContain('by its error 1062');
    limit({ targetRunningThreadsMax: 100 });
    await says(/^nothing$/);
    await servers.atReplica('DELETE FROM shop.orders WHERE id = 2');
    await servers.applying('START');
  });

  it('judges a replica of several servers by what it reads from the target', async () => {
    await servers.otherSource('ADD');
    const locking = await servers.hold(servers.replica, 'LOCK TABLES shop.orders READ');
    await servers.change(300);
    limit({ targetReplicaLagMaxMs: 60_000 });
    await says(/behind/);
    await locking.query('UNLOCK TABLES');
    await says(/^nothing$/);
    expect(said).toEqual([]);
    await servers.applying('STOP');
    await says(/stopped/);
    await servers.applying('START');
    await says(/^nothing$/);
    await end();
    await servers.otherSource('DROP');
  });

  it('says what the account lacks, and knows the figures when that is granted', async () => {
    const { replica, target } = servers;
    const account = "'plain'@'127.0.0.1'";
    const grant = async (about: RegExp): Promise<string> => {
      const { code, message } = await warned(about);
      expect(code).toBe('TARGET_LOAD_UNKNOWN');
      expect(watch.overload()).toBeNull();
      return `GRANT ${/GRANT ([A-Z ]+) to the account/.exec(message)?.[1] ?? '?'} ON *.* TO ${account}`;
    };
    const plain = { user: 'plain', password: 'plain' };
    const unlogged = 'SET SESSION sql_log_bin = 0';
    await end();
    for (const server of [target, replica])
      await servers.run(server, unlogged, `CREATE USER ${account} IDENTIFIED BY 'plain'`);
    await servers.hold(replica, 'LOCK TABLES shop.orders READ');
    await servers.change(300);
    limit({ targetReplicaLagMaxMs: 60_000 });
    start(plain);
    await servers.run(target, unlogged, await grant(/does not tell its replicas/));
    // What was granted counts for new sessions, and the list of replicas is asked for rarely.
    await end();
    start(plain);
    await servers.atReplica(await grant(/is behind is not known/));
    await end();
    start(plain);
    await says(/behind/);
  });
});
