/**
 * Goal: shapes that the log leaves open are asked of the source once, over a connection that survives its own death.
 * Method: a table map without metadata, built for a table of this test on a real server; the connection is killed in between.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import { sealSecret, systemClock } from '@lutra/model';
import type { Clock, DataSourceDefinition, RawEvent } from '@lutra/model';
import { connectTo, testServers } from '@lutra/testing';
import { SourceDecoders } from '../src/source-decoders.ts';

jest.setTimeout(60_000);

const server = testServers().mariadbSource;
const secretKey = randomBytes(32).toString('base64');
const schema = `lutra_lookup_${randomBytes(4).toString('hex')}`;

/** TABLE_MAP of a table with one INT column that says nothing but its type. */
function tableMap(tableId: number, table: string): RawEvent {
  const head = Buffer.alloc(27);
  head.writeUInt8(19, 4);
  head.writeUIntLE(tableId, 19, 6);
  const name = (text: string): Buffer => Buffer.from(`${String.fromCharCode(text.length)}${text}\0`);
  return {
    type: 'tableMap',
    event: 0,
    bytes: Buffer.concat([head, name(schema), name(table), Buffer.from([1, 3, 0, 0])]),
  };
}

const sourceOf = (password: string): DataSourceDefinition => ({
  id: 'S',
  name: 'source',
  kind: server.kind,
  host: server.host,
  port: server.port,
  user: server.user,
  password: sealSecret(password, secretKey),
  tls: 'disabled',
});

describe('SourceDecoders', () => {
  let connection: Connection;
  const decoders = new SourceDecoders({ clock: systemClock, secretKey });
  const source = sourceOf(server.password);

  beforeAll(async () => {
    connection = await connectTo(server);
    await connection.query(`CREATE DATABASE ${schema}; CREATE TABLE ${schema}.t (number INT UNSIGNED PRIMARY KEY)`);
  });
  afterAll(async () => {
    decoders.close();
    await connection.query(`DROP DATABASE ${schema}`);
    await connection.end();
  });

  it('asks for names, signs and key', async () => {
    const definition = await decoders.decoderOf({ source }).tableMap(tableMap(1, 't'));
    expect(definition).toEqual({
      schema,
      table: 't',
      columns: [
        { name: 'number', kind: 'integer', declared: 'int unsigned', nullable: false, bytes: 4, unsigned: true },
      ],
      primaryKey: [0],
    });
  });

  it('shares the answer among the processes of a source, and asks anew for a new table id', async () => {
    const first = await decoders.decoderOf({ source }).tableMap(tableMap(1, 't'));
    await connection.query(`ALTER TABLE ${schema}.t RENAME COLUMN number TO renamed`);
    expect(await decoders.decoderOf({ source }).tableMap(tableMap(1, 't'))).toBe(first);
    const second = await decoders.decoderOf({ source }).tableMap(tableMap(2, 't'));
    expect(second.columns[0]?.name).toBe('renamed');
  });

  it('asks on a new connection when the old one has died', async () => {
    const [threads] = await connection.query(
      "SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND = 'Sleep' AND ID <> CONNECTION_ID()",
    );
    const mine = new SourceDecoders({ clock: systemClock, secretKey });
    await mine.decoderOf({ source }).tableMap(tableMap(3, 't'));
    const [after] = await connection.query(
      "SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND = 'Sleep' AND ID <> CONNECTION_ID()",
    );
    const known = new Set((threads as { ID: string | number }[]).map(({ ID }) => String(ID)));
    // Other tests connect to this server too: only a connection from a port of this process is killed.
    const [hosts] = await connection.query('SELECT ID, HOST FROM information_schema.PROCESSLIST');
    const ports = localPorts();
    const fresh = (after as { ID: string | number }[]).map(({ ID }) => String(ID)).filter((id) => !known.has(id));
    const ours = (hosts as { ID: string | number; HOST: string }[]).filter(
      ({ ID, HOST }) => fresh.includes(String(ID)) && ports.has(Number(HOST.split(':').at(-1))),
    );
    expect(ours).toHaveLength(1);
    await connection.query(`KILL ${String(ours[0]?.ID)}`);
    await expect(mine.decoderOf({ source }).tableMap(tableMap(4, 't'))).resolves.toMatchObject({ table: 't' });
    mine.close();
  });

  it('opens a new connection when the old one was long idle', async () => {
    let nowMs = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
    const mine = new SourceDecoders({ clock, secretKey });
    await mine.decoderOf({ source }).tableMap(tableMap(5, 't'));
    nowMs = 61_000;
    await expect(mine.decoderOf({ source }).tableMap(tableMap(5, 't'))).resolves.toMatchObject({ table: 't' });
    mine.close();
  });

  it('says which table the source does not have', async () => {
    await expect(decoders.decoderOf({ source }).tableMap(tableMap(6, 'gone'))).rejects.toMatchObject({
      code: 'SOURCE_SCHEMA_MISMATCH',
      details: { table: `${schema}.gone` },
    });
  });

  it('says that the key does not open the password, and that nobody answers', async () => {
    const other = new SourceDecoders({ clock: systemClock, secretKey: randomBytes(32).toString('base64') });
    await expect(other.decoderOf({ source }).tableMap(tableMap(7, 't'))).rejects.toMatchObject({
      code: 'CONFIG_ENV_INVALID',
    });
    const nowhere = { source: { ...source, port: 1 } };
    await expect(decoders.decoderOf(nowhere).tableMap(tableMap(8, 't'))).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
    });
  });
});

/** Local ports of the open TCP connections of this process. */
function localPorts(): Set<number> {
  const report = process.report.getReport() as unknown as {
    readonly libuv: readonly { readonly type: string; readonly localEndpoint?: { readonly port: number } }[];
  };
  return new Set(
    report.libuv.flatMap(({ type, localEndpoint }) => (type === 'tcp' && localEndpoint ? [localEndpoint.port] : [])),
  );
}
