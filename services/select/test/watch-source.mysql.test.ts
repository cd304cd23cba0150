/** Goal: a person hears in time that a real server is about to purge what a pipeline needs, and once only. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { pino } from 'pino';
import type { Bus } from '@lutra/messaging';
import { must, systemClock } from '@lutra/model';
import type { LutraEvent } from '@lutra/model';
import type { PipelineSession } from '@lutra/service-kit';
import { OwnServer, waitUntil } from '@lutra/testing';
import { SourceReader } from '../src/source-reader.ts';
import { watchSource } from '../src/watch-source.ts';
import type { NeededLog } from '../src/warn-of-purge.ts';

jest.setTimeout(60_000);
const WAIT = { timeoutMs: 60_000, everyMs: 20 };
const RETENTION_S = 600;
let server: OwnServer;
let connection: Connection;

beforeAll(async () => {
  server = await OwnServer.start({ program: 'mysql', extra: [`--binlog-expire-logs-seconds=${String(RETENTION_S)}`] });
  const { host, port, user, password } = server;
  connection = await createConnection({ host, port, user, password });
});
afterAll(async () => {
  await connection.end();
  await server.close();
});

it('warns of a purge that is near and of one that has happened, and measures the clock', async () => {
  const { host, port, user, password } = server;
  const source = {
    definition: { kind: 'mysql', host, port, user, tls: 'disabled' },
    password,
    clock: systemClock,
  } as const;
  const reader = new SourceReader({
    source: () => source,
    schemas: [],
    clock: systemClock,
    heartbeatMs: 1_000,
    onReady: () => undefined,
  });
  await reader.open({ done: { kind: 'mysqlGtid', gtidSet: await executed() }, inside: null });
  const files = await logFiles();
  await connection.query('FLUSH BINARY LOGS');
  const events: LutraEvent[] = [];
  const bus = {
    publishEvent: (event: LutraEvent) => {
      events.push(event);
      return Promise.resolve();
    },
  } as unknown as Bus;
  const log = pino({ level: 'silent' });
  const session = { pipelineId: 'p', epoch: 1, log } as unknown as PipelineSession;
  const identity = { service: 'select', instance: 'select-test', host: 'test', version: '0' } as const;
  const over = new AbortController();
  let looks = 0;
  const file = must(files.at(-1), 'the server writes a log');
  const needed = (): NeededLog => {
    looks++;
    return { file, doneUntilMs: reader.sourceNowMs() - 0.75 * RETENTION_S * 1000 };
  };
  reader.setClock(3_600_000);
  const watching = watchSource({ bus, clock: systemClock, identity }, session, {
    reader,
    needed,
    signal: over.signal,
    everyMs: 20,
  });
  await waitUntil(() => looks > 3, { what: 'several looks', ...WAIT });
  expect(events).toMatchObject([{ kind: 'warning', code: 'SOURCE_PURGE_NEAR' }]);
  expect(JSON.stringify(events)).toContain('SET GLOBAL binlog_expire_logs_seconds = 1200');
  expect(Math.abs(reader.sourceNowMs() - Date.now())).toBeLessThan(60_000);
  await connection.query(`PURGE BINARY LOGS TO '${must((await logFiles()).at(-1), 'the newest')}'`);
  await waitUntil(() => events.length === 2, { what: 'the second warning', ...WAIT });
  expect(JSON.stringify(events[1])).toContain(`${file}, which the pipeline needs next, is purged`);
  over.abort();
  await watching;
  reader.close();
});

async function executed(): Promise<string> {
  const [rows] = await connection.query('SELECT @@global.gtid_executed AS value');
  return must((rows as { value: string }[])[0], 'one row').value;
}

async function logFiles(): Promise<string[]> {
  const [rows] = await connection.query('SHOW BINARY LOGS');
  return (rows as { Log_name: string }[]).map(({ Log_name: name }) => name);
}
