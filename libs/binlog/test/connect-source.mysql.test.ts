/**
 * Goal: queries and dump of one session go the way that data source and server agree on (TLS with and without a look at
 * chain and name, the compressed protocol, caching_sha2_password), and what they cannot agree on is said in our words.
 * Method: servers of our own with certificates of an authority of our own; each good connection reads a transaction of
 * the log through its dump.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { openDump, readTableName, resolveStart, SourceSession } from '@lutra/binlog';
import type { SourceOptions } from '@lutra/binlog';
import { systemClock } from '@lutra/model';
import { makeTlsMaterial, OwnServer, waitUntil } from '@lutra/testing';
import type { ServerCertificate } from '@lutra/testing';

const folder = mkdtempSync(join(tmpdir(), 'lutra-certificates-'));
const material = await makeTlsMaterial(folder);
const { authority, otherAuthority } = material;
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const TABLE_MAP = 19;
const PASSWORD = 'Secret-1';

describe.each([
  ['MariaDB', 'mariadb' as const],
  ['MySQL', 'mysql' as const],
])('connecting to %s', (_, program) => {
  let server: OwnServer;
  let connection: Connection;

  beforeAll(async () => {
    present(material.wrongHost);
    server = await OwnServer.start({ program, extra: tlsOptions });
    await connect();
    await connection.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT AUTO_INCREMENT PRIMARY KEY)');
  });
  afterAll(async () => {
    await connection.end();
    await server.close();
  });

  const [certificateFile, keyFile] = ['', '-key'].map((ending) => join(folder, `${program}${ending}.pem`)) as [
    string,
    string,
  ];
  const tlsOptions = [`--ssl-ca=${material.authorityFile}`, `--ssl-cert=${certificateFile}`, `--ssl-key=${keyFile}`];
  /** The server reads its files again when it is told to. */
  function present(certificate: ServerCertificate): void {
    copyFileSync(certificate.certificateFile, certificateFile);
    copyFileSync(certificate.privateKeyFile, keyFile);
  }

  async function connect(): Promise<void> {
    const { host, port, user, password } = server;
    const ssl = { rejectUnauthorized: false };
    connection = await createConnection({ host, port, user, password, ssl, compress: true, multipleStatements: true });
  }

  const optionsOf = (change: Partial<SourceOptions['definition']> = {}, password = server.password): SourceOptions => {
    const { kind, host, port, user } = server;
    return { definition: { kind, host, port, user, tls: 'disabled', ...change }, password, clock: systemClock };
  };

  /** Reads the log through the dump until a row of ours comes; tells what the connection is like. */
  async function readOneRow(options: SourceOptions): Promise<{ isEncrypted: boolean; isCompressed: boolean }> {
    const session = await SourceSession.open(options);
    try {
      const { done } = await resolveStart(session, { kind: 'latest' });
      const { isCompressed } = session;
      const take = session.takeSocket.bind(session);
      let isEncrypted = false;
      session.takeSocket = () => {
        const socket = take();
        isEncrypted = socket instanceof TLSSocket;
        return socket;
      };
      const dump = await openDump(session, done, { heartbeatMs: 1000, onReady: () => undefined });
      await connection.query('INSERT INTO shop.item () VALUES ()');
      await waitUntil(
        () => dump.take()?.some((event) => event.type === TABLE_MAP && readTableName(event).schema === 'shop'),
        { what: 'the row in the log', timeoutMs: 60_000, everyMs: 5 },
      );
      dump.close();
      return { isEncrypted, isCompressed };
    } finally {
      session.close();
    }
  }

  it.each<[string, Partial<SourceOptions['definition']>, boolean]>([
    ['without TLS', {}, false],
    ['with TLS and any certificate', { tls: 'required' }, true],
    ['with the chain verified, whatever the name', { tls: 'verifyCa', tlsCa: authority }, true],
  ])('reads the log %s', async (_what, change, isEncrypted) => {
    expect(await readOneRow(optionsOf(change))).toEqual({ isEncrypted, isCompressed: false });
  });

  it.each<[string, Partial<SourceOptions['definition']>, RegExp]>([
    ['a chain that ends elsewhere', { tls: 'verifyCa', tlsCa: otherAuthority }, /into tlsCa/],
    ['a chain that is unknown to this machine', { tls: 'verifyCa' }, /into tlsCa/],
    ['the chain before the name', { tls: 'verifyIdentity', tlsCa: otherAuthority }, /into tlsCa/],
    ['another address', { tls: 'verifyIdentity', tlsCa: authority }, /another name/],
    ['another name', { tls: 'verifyIdentity', tlsCa: authority, host: 'localhost' }, /another name/],
  ])('refuses %s', async (_what, change, problem) => {
    const failure: unknown = await SourceSession.open(optionsOf(change)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SOURCE_TLS_REFUSED', message: expect.stringMatching(problem) as unknown });
  });

  it.each([
    ['127.0.0.1', material.addressOnly],
    ['localhost', material.nameOnly],
  ])('reads the log of a server whose certificate is for %s', async (name, certificate) => {
    present(certificate);
    await connection.query(program === 'mysql' ? 'ALTER INSTANCE RELOAD TLS' : 'FLUSH SSL');
    const verified = { tls: 'verifyIdentity', tlsCa: authority } as const;
    expect(await readOneRow(optionsOf({ ...verified, host: name }))).toMatchObject({ isEncrypted: true });
    const other = name === 'localhost' ? '127.0.0.1' : 'localhost';
    await expect(SourceSession.open(optionsOf({ ...verified, host: other }))).rejects.toMatchObject({
      code: 'SOURCE_TLS_REFUSED',
    });
  });

  it('shows its certificate to a server that asks for one', async () => {
    await connection.query(
      `CREATE USER certified IDENTIFIED BY '${PASSWORD}' REQUIRE X509; GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO certified`,
    );
    const definition = { user: 'certified', tls: 'required', tlsCert: material.client.certificate } as const;
    const options = { ...optionsOf(definition, PASSWORD), tlsKey: material.client.privateKey };
    expect(await readOneRow(options)).toMatchObject({ isEncrypted: true });
    await expect(SourceSession.open(optionsOf(definition, PASSWORD))).rejects.toMatchObject({
      code: 'SOURCE_ACCESS_DENIED',
    });
  });

  it('says that the server wants TLS', async () => {
    await connection.query('SET GLOBAL require_secure_transport = ON');
    const failure: unknown = await SourceSession.open(optionsOf()).catch((error: unknown) => error);
    // MariaDB does not tell it from a wrong password; the advice names both.
    expect(failure).toMatchObject(
      program === 'mariadb'
        ? { code: 'SOURCE_ACCESS_DENIED', workaround: expect.stringMatching(/TLS/) as unknown }
        : { code: 'SOURCE_TLS_REFUSED', message: expect.stringMatching(/TLS only/) as unknown },
    );
    expect(await readOneRow(optionsOf({ tls: 'required' }))).toMatchObject({ isEncrypted: true });
    await connection.query('SET GLOBAL require_secure_transport = OFF');
  });

  if (program === 'mysql') {
    it.each<[string, SourceOptions['definition']['tls']]>([
      ['in clear, by its RSA key', 'disabled'],
      ['over TLS', 'required'],
    ])('logs in with caching_sha2_password %s, and again from the cache', async (_what, tls) => {
      const user = `sha2_${tls}`;
      await connection.query(
        `CREATE USER ${user} IDENTIFIED WITH caching_sha2_password BY '${PASSWORD}';
         GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${user}`,
      );
      await expect(SourceSession.open(optionsOf({ user, tls }, 'wrong'))).rejects.toMatchObject({
        code: 'SOURCE_ACCESS_DENIED',
      });
      for (let time = 0; time < 2; time++) await readOneRow(optionsOf({ user, tls }, PASSWORD));
    });

    it.each<[string, SourceOptions['definition']['tls']]>([
      ['in clear', 'disabled'],
      ['over TLS', 'required'],
    ])('reads the log compressed when the server wants nothing else, %s', async (_what, tls) => {
      await connection.query("SET GLOBAL protocol_compression_algorithms = 'zlib'");
      expect(await readOneRow(optionsOf({ tls }))).toEqual({ isCompressed: true, isEncrypted: tls === 'required' });
    });

    it('hands over a large event that came compressed', async () => {
      await connection.query("SET GLOBAL protocol_compression_algorithms = 'zlib'");
      await connection.query('CREATE TABLE IF NOT EXISTS shop.blobs (id INT PRIMARY KEY, b LONGBLOB)');
      const session = await SourceSession.open(optionsOf());
      const { done } = await resolveStart(session, { kind: 'latest' });
      const dump = await openDump(session, done, { heartbeatMs: 1000, onReady: () => undefined });
      await connection.query(
        "INSERT INTO shop.blobs VALUES (1, CONCAT(REPEAT('x', 20 * 1024 * 1024), RANDOM_BYTES(1000)))",
      );
      await connection.query('INSERT INTO shop.item () VALUES ()');
      let bytes = 0;
      let [isPassed, isThere] = [false, false];
      await waitUntil(
        () => {
          for (const event of dump.take() ?? []) {
            if (event.kind === 'piece') bytes += event.end - event.start;
            isPassed ||= event.kind === 'end';
            isThere ||= isPassed && event.kind === 'whole' && event.type === TABLE_MAP;
          }
          return isThere;
        },
        { what: 'the event behind the large one', timeoutMs: 60_000, everyMs: 1 },
      );
      expect(bytes).toBeGreaterThan(20 * 1024 * 1024 - 4096);
      dump.close();
    });

    it('says that it knows no zstd', async () => {
      await connection.query("SET GLOBAL protocol_compression_algorithms = 'zstd'");
      await expect(SourceSession.open(optionsOf())).rejects.toMatchObject({ code: 'SOURCE_COMPRESSION_UNSUPPORTED' });
    });
  }

  it('says that the server offers no TLS', async () => {
    await server.restart([program === 'mysql' ? '--tls-version=' : '--skip-ssl']);
    const failure: unknown = await SourceSession.open(optionsOf({ tls: 'required' })).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'SOURCE_TLS_REFUSED',
      message: expect.stringMatching(/offers no TLS/) as unknown,
    });
  });
});
