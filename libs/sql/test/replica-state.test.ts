/** Goal: a replica is judged by the channels that read from the target, whatever the others do. */
import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { readReplicaState } from '../src/target-load.ts';
import type { ReplicaState } from '../src/target-load.ts';
import type { TargetSession } from '../src/target-session.ts';

type Row = Readonly<Record<string, unknown>>;
type Kind = TargetSession['info']['kind'];

const TARGET = {
  mysql: { serverUuid: 'uuid-of-target', serverId: 7 },
  mariadb: { serverUuid: null, serverId: 7 },
};
const STATEMENT = { mysql: 'SHOW REPLICA STATUS', mariadb: 'SHOW ALL SLAVES STATUS' };

/** A channel as each server shows it; numbers may come as text. */
const channel = {
  mysql: (source: 'target' | 'other' | null, lag: number | null, errno = 0): Row => ({
    Source_UUID: source === null ? '' : `uuid-of-${source}`,
    // Not unique among servers that never meet: the UUID decides.
    Source_Server_Id: source === null ? '0' : '7',
    Seconds_Behind_Source: lag,
    Last_SQL_Errno: 0,
    Last_IO_Errno: String(errno),
  }),
  mariadb: (source: 'target' | 'other' | null, lag: number | null, errno = 0): Row => ({
    Master_Server_Id: source === null ? 0 : source === 'target' ? '7' : '8',
    Seconds_Behind_Master: lag,
    Last_SQL_Errno: 0,
    Last_IO_Errno: String(errno),
  }),
};

/** What is read of a server that has these channels and refuses every other question. */
function stateOf(kind: Kind, rows: readonly Row[], statement = STATEMENT[kind]): Promise<ReplicaState> {
  const query = (sql: string): Promise<readonly Row[]> =>
    sql === statement
      ? Promise.resolve(rows)
      : Promise.reject(new SyncError('INTERNAL', { problem: `The server does not know ${sql}` }));
  return readReplicaState({ info: { kind }, query } as unknown as TargetSession, TARGET[kind]);
}

describe.each(['mysql', 'mariadb'] as const)('readReplicaState, %s', (kind) => {
  const of = channel[kind];

  it('judges by the channel from the target while one from another server has stopped', async () => {
    expect(await stateOf(kind, [of('other', null, 1062), of('target', 3)])).toEqual({ kind: 'running', lagMs: 3_000 });
    expect(await stateOf(kind, [of('target', 3), of('other', 900)])).toEqual({ kind: 'running', lagMs: 3_000 });
  });

  it('finds the channel from the target stopped while the others run', async () => {
    const rows = [of('other', 0), of('target', null, 1062)];
    expect(await stateOf(kind, rows)).toEqual({ kind: 'stopped', errno: 1062 });
  });

  it('takes a channel that names no source for the target’s only when no other is', async () => {
    expect(await stateOf(kind, [of(null, null), of('target', 1)])).toEqual({ kind: 'running', lagMs: 1_000 });
    expect(await stateOf(kind, [of(null, null)])).toEqual({ kind: 'stopped', errno: null });
    expect(await stateOf(kind, [of('other', 0), of(null, null, 2003)])).toEqual({ kind: 'stopped', errno: 2003 });
  });

  it('says so when the server reads from others only, or from nobody', async () => {
    expect(await stateOf(kind, [of('other', null), of('other', 5)])).toEqual({ kind: 'elsewhere' });
    expect(await stateOf(kind, [])).toEqual({ kind: 'unknown' });
    expect(await stateOf(kind, [of('target', 1)], 'no statement')).toEqual({ kind: 'unknown' });
  });

  it('takes the furthest behind of several channels from the target', async () => {
    expect(await stateOf(kind, [of('target', 2), of('target', 9)])).toEqual({ kind: 'running', lagMs: 9_000 });
  });
});

it('asks an old MySQL in its own words', async () => {
  const row = { Master_UUID: 'uuid-of-target', Master_Server_Id: 7, Seconds_Behind_Master: '4' };
  expect(await stateOf('mysql', [row], 'SHOW SLAVE STATUS')).toEqual({ kind: 'running', lagMs: 4_000 });
});
