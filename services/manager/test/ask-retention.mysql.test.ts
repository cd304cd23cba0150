import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { sealSecret, systemClock } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import { openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { testServers } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { askRetention } from '../src/alarms/ask-retention.ts';

// Goal: a source says how near it is to purging what a pipeline needs, whatever kind of place the pipeline has.
// Method: real servers are asked about places that they have reached, will purge, and have never had.

const KEY = Buffer.alloc(32, 7).toString('base64');

async function at<T>(server: DatabaseServer, work: (session: TargetSession) => Promise<T>): Promise<T> {
  const { kind, host, port, user, password } = server;
  await writeSomething(server);
  const definition = {
    id: 'D',
    name: 'd',
    kind,
    host,
    port,
    user,
    password: sealSecret(password, KEY),
    tls: 'disabled',
  } as const;
  const options = { clock: systemClock, programName: 'test', connectTimeoutMs: 5_000, statementTimeoutMs: 5_000 };
  const session = await openTarget(definition, password, options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** A server that has just begun has nothing in its log. */
async function writeSomething({ host, port, user, password }: DatabaseServer): Promise<void> {
  const connection = await createConnection({ host, port, user, password });
  const name = `retention_${randomBytes(4).toString('hex')}`;
  await connection.query(`CREATE DATABASE ${name}`);
  await connection.query(`DROP DATABASE ${name}`);
  await connection.end();
}

async function one(session: TargetSession, sql: string): Promise<string> {
  const [row] = await session.query(`${sql} AS value`);
  return row?.['value'] as string;
}

const NOW_MS = Date.now();
const HOUR_MS = 3_600_000;
const YEARS_MS = 10 * 365 * 24 * HOUR_MS;

async function percentOf(session: TargetSession, done: DonePlace, ageMs = HOUR_MS): Promise<number> {
  return (await askRetention(session, { done, doneUntilMs: NOW_MS - ageMs }, NOW_MS)).percent;
}

describe('the log that a pipeline needs', () => {
  it('at MySQL, by GTID', async () => {
    await at(testServers().mysql, async (session) => {
      const executed = await one(session, 'SELECT @@global.gtid_executed');
      const purged = await one(session, 'SELECT @@global.gtid_purged');
      const kept = await one(session, 'SELECT @@global.binlog_expire_logs_seconds');
      expect(await percentOf(session, { kind: 'mysqlGtid', gtidSet: executed }, YEARS_MS)).toBe(0);
      const expected = purged !== '' ? 100 : Number(kept) === 0 ? 0 : 99;
      expect(await percentOf(session, { kind: 'mysqlGtid', gtidSet: '' }, YEARS_MS)).toBe(expected);
    });
  });

  it('at MariaDB, by GTID', async () => {
    await at(testServers().mariadbSource, async (session) => {
      const position = await one(session, 'SELECT @@global.gtid_binlog_pos');
      expect(position).not.toBe('');
      expect(await percentOf(session, { kind: 'mariadbGtid', gtidList: position }, YEARS_MS)).toBe(0);
      const kept = await one(session, 'SELECT @@global.binlog_expire_logs_seconds');
      const behind = position.replace(/-(\d+)$/, (_all, sequence: string) => `-${String(Number(sequence) - 1)}`);
      const percent = await percentOf(session, { kind: 'mariadbGtid', gtidList: behind }, YEARS_MS);
      expect(percent).toBe(Number(kept) === 0 ? 0 : 99);
    });
  });

  it.each(['mariadbSource', 'mysql'] as const)('by file, at %s', async (name) => {
    await at(testServers()[name], async (session) => {
      const files = (await session.query('SHOW BINARY LOGS')).map((row) => String(row['Log_name']));
      const done = (file: string): DonePlace => ({ kind: 'file', serverUuid: 'any', file, offset: 4 });
      expect(await percentOf(session, done(files.at(-1) ?? ''), YEARS_MS)).toBe(0);
      const base = (files[0] ?? '').replace(/\d+$/, '');
      expect(await percentOf(session, done(`${base}000000`))).toBe(100);
    });
  });

  it('is asked for with nothing that is no GTID', async () => {
    await at(testServers().mysql, async (session) => {
      await expect(percentOf(session, { kind: 'mysqlGtid', gtidSet: "' OR 1=1 --" })).rejects.toMatchObject({
        code: 'INTERNAL',
      });
    });
  });
});
