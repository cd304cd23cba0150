/**
 * Goal: at another server of the same source a reader goes on by what is done, not by a number: transactions that this
 * server committed in another order come once each; a server that lacks one is refused with the list, and one that is
 * known by file and offset only is refused at all.
 * Method: two servers of one's own, which are given the same transactions by hand, in other orders; a follower that changes
 * between them in the middle.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { must } from '@lutra/model';
import { OwnServer, runSql } from '@lutra/testing';
import { SourceFollower } from './source-follower.ts';

jest.setTimeout(60_000);

const TABLE = 'CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)';
const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const ids = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
/** The order in which a replica with parallel workers might commit: blocks of four, each turned round. */
const shuffled = (values: readonly number[]): number[] => [...values].sort((a, b) => ((a - 1) ^ 3) - ((b - 1) ^ 3));

/** Makes two servers of the same options, with the table under the same GTIDs. */
async function startTwo(program: 'mysql' | 'mariadb', extra: readonly string[] = []): Promise<[OwnServer, OwnServer]> {
  const started = await Promise.allSettled([OwnServer.start({ program, extra }), OwnServer.start({ program, extra })]);
  const servers = started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  for (const outcome of started)
    if (outcome.status === 'rejected') {
      await Promise.all(servers.map((server) => server.close()));
      throw outcome.reason;
    }
  return [must(servers[0], 'two started'), must(servers[1], 'two started')];
}

/** Reads from `first` until `count` rows are there, then goes on at `second` until all are. */
async function readAcross(
  [first, second]: readonly [OwnServer, OwnServer],
  place: SourceFollower['place'],
  { count, all }: { readonly count: number; readonly all: number },
): Promise<SourceFollower> {
  const follower = SourceFollower.at(first, place);
  try {
    await follower.readUntil('rows of the first server', () => follower.keysOf('item').length >= count);
    expect(follower.keysOf('item')).toHaveLength(count);
    follower.moveTo(second);
    await follower.readUntil('the rest', () => follower.keysOf('item').length >= all);
    return follower;
  } finally {
    follower.close();
  }
}

describe('MySQL', () => {
  let servers: [OwnServer, OwnServer];
  const written = 40;
  const insert = (id: number): string =>
    `SET gtid_next = '${UUID}:${String(id)}'; INSERT INTO shop.item VALUES (${String(id)}); SET gtid_next = AUTOMATIC`;
  const nothingDone = { kind: 'mysqlGtid', gtidSet: '' } as const;

  beforeAll(async () => {
    servers = await startTwo('mysql');
    const create = ['SET sql_log_bin = 0', TABLE, 'SET sql_log_bin = 1'];
    const [first, second] = servers;
    // A row behind all others on the first server: whoever has read everything there has read this one too.
    await runSql(first, [create.join(';'), ...ids(written).map(insert)]);
    await runSql(second, [create.join(';'), ...shuffled(ids(written)).map(insert)]);
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
  });

  it.each([1, 7, 18, 30])(
    'gets each transaction once when the other server has another order, from %i on',
    async (count) => {
      for (const order of [servers, [servers[1], servers[0]] as const]) {
        const follower = await readAcross(order, nothingDone, { count, all: written });
        expect(follower.keysOf('item').toSorted((a, b) => Number(a) - Number(b))).toEqual(ids(written));
        expect(new Set(follower.transactions.map(({ gtid }) => gtid)).size).toBe(written);
        expect(follower.place).toEqual({ kind: 'mysqlGtid', gtidSet: `${UUID}:1-${String(written)}` });
      }
    },
  );

  it('refuses a server that lacks transactions, with the list', async () => {
    const [first, second] = servers;
    await runSql(first, [101, 103].map(insert));
    const reading = readAcross([first, second], nothingDone, { count: written + 2, all: written + 3 });
    await expect(reading).rejects.toMatchObject({
      code: 'SOURCE_LOST_TRANSACTIONS',
      details: { gtids: `${UUID}:101:103` },
    });
  });
});

describe('MySQL without GTID', () => {
  it('refuses to guess at another server', async () => {
    const servers = await startTwo('mysql', ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']);
    try {
      for (const server of servers) await runSql(server, [TABLE]);
      const follower = await SourceFollower.atLatest(servers[0]);
      expect(follower.place.kind).toBe('file');
      follower.moveTo(servers[1]);
      await expect(follower.readUntil('nothing', () => false)).rejects.toMatchObject({ code: 'SOURCE_SERVER_CHANGED' });
      follower.close();
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });
});

describe('MariaDB', () => {
  let servers: [OwnServer, OwnServer];
  const written = 20;
  /** Even ids in domain 1, odd ones in domain 2: order holds inside a domain only. */
  const insert = (id: number): string =>
    `SET gtid_domain_id = ${String(1 + (id % 2))}; SET server_id = 7; SET gtid_seq_no = ${String((id + (id % 2)) / 2)}; INSERT INTO shop.item VALUES (${String(id)})`;
  const nothingDone = { kind: 'mariadbGtid', gtidList: '' } as const;

  beforeAll(async () => {
    servers = await startTwo('mariadb');
    const [first, second] = servers;
    const create = ['SET sql_log_bin = 0', TABLE, 'SET sql_log_bin = 1'].join(';');
    const evenFirst = ids(written).toSorted((a, b) => (a % 2) - (b % 2) || a - b);
    await runSql(first, [create, ...ids(written).map(insert)]);
    await runSql(second, [create, ...evenFirst.map(insert)]);
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
  });

  it.each([1, 7, 13])('gets each transaction once when domains lie otherwise, from %i on', async (count) => {
    for (const order of [servers, [servers[1], servers[0]] as const]) {
      const follower = await readAcross(order, nothingDone, { count, all: written });
      expect(follower.keysOf('item').toSorted((a, b) => Number(a) - Number(b))).toEqual(ids(written));
    }
  });

  it('refuses a server that lacks transactions, with the list', async () => {
    const [first, second] = servers;
    await runSql(first, [written + 2, written + 4].map(insert));
    const reading = readAcross([first, second], nothingDone, { count: written + 2, all: written + 3 });
    await expect(reading).rejects.toMatchObject({ code: 'SOURCE_LOST_TRANSACTIONS', details: { gtids: '1-7-12' } });
  });
});
