/**
 * Goal: every database server that this machine can run starts, survives SIGKILL with its data, and stops without a trace;
 * what cannot be had is said in one line. The servers' own binlog tools run.
 * Method: one own server per program; a home of its own and a release that never existed for what cannot be had.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { must } from '@lutra/model';
import { binlogTool, connectTo, databaseMatrix, makeTlsMaterial, OwnServer, runSql, SetupError } from '@lutra/testing';
import type { TlsMaterial } from '@lutra/testing';
import { unpackPrograms } from '../src/packages/unpacked-program.ts';

const WANTED = ['mysql', 'mariadb', 'mariadb-10.5', 'mariadb-10.11', 'mariadb-11.8', 'mysql-5.6'] as const;
const matrix = await databaseMatrix(WANTED);

describe.each(matrix.run)('$program $version', ({ program, version }) => {
  it('starts with the wanted options, keeps its data when it is killed, and leaves nothing behind', async () => {
    const server = await OwnServer.start({ program, extra: ['--max-binlog-size=8192'] });
    try {
      await runSql(server, [
        'CREATE DATABASE a',
        'CREATE TABLE a.t (id INT PRIMARY KEY)',
        'INSERT INTO a.t VALUES (1)',
      ]);
      await server.kill();
      expect(server.isRunning).toBe(false);
      await server.start(['--max-binlog-size=12288']);
      const connection = await connectTo(server);
      const [rows] = await connection.query(
        'SELECT id, @@max_binlog_size AS size, VERSION() AS version, @@log_bin AS log_bin FROM a.t',
      );
      connection.destroy();
      expect(rows).toMatchObject([{ id: 1, size: '12288', log_bin: '1' }]);
      expect((rows as { version: string }[])[0]?.version).toContain(version);
    } finally {
      await server.close();
    }
    expect(existsSync(dirname(server.dataFolder))).toBe(false);
    await expect(connectTo(server)).rejects.toThrow();
  });
});

describe.each(['mysql', 'mariadb'] as const)('%s with a certificate of makeTlsMaterial', (program) => {
  let folder: string;
  let server: OwnServer | null = null;
  let material: TlsMaterial;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lutra-tls-'));
    material = await makeTlsMaterial(folder);
    server = await OwnServer.start({ program, extra: [...material.server.options, '--require-secure-transport=ON'] });
  });

  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  const cipherSeenWith = async (authority: string): Promise<unknown> => {
    const { host, port, user, password } = must(server, 'it runs');
    const ssl = { ca: authority, rejectUnauthorized: true, verifyIdentity: true };
    const connection = await createConnection({ host, port, user, password, ssl });
    const [rows] = await connection.query("SHOW STATUS LIKE 'Ssl_cipher'");
    connection.destroy();
    return (rows as { Value: string }[])[0]?.Value;
  };

  it('is trusted by its authority and by no other', async () => {
    expect(await cipherSeenWith(material.authority)).toMatch(/AES|CHACHA/);
    await expect(cipherSeenWith(material.otherAuthority)).rejects.toThrow(/certificate/);
  });

  it('is seen as another host when it presents another name', async () => {
    await server?.restart(material.wrongHost.options);
    await expect(cipherSeenWith(material.authority)).rejects.toThrow(/other\.example/);
  });
});

const cannotBeHad = matrix.missing.map(({ reason }) => reason);
it(`says in one line each what cannot be had: ${cannotBeHad.join('; ') || 'nothing'}`, () => {
  expect(cannotBeHad.join('')).not.toContain('\n');
  expect(matrix.run.length + cannotBeHad.length).toBe(WANTED.length);
});

describe('a release that is in no archive', () => {
  const home = mkdtempSync(join(tmpdir(), 'lutra-home-'));
  afterAll(() => {
    rmSync(home, { recursive: true });
  });

  it('is an error for the screen, without a trace of code', async () => {
    const gone = { name: 'gone', suite: 'never-was', packages: [['mariadb-server-core']] };
    const unpacking = unpackPrograms([gone], { home, onProgress: () => undefined });
    const error: unknown = await unpacking.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SetupError);
    expect(String(error)).toContain('The package lists of never-was could not be fetched');
  });
});

it.each(['mysql', 'mariadb'] as const)('runs the binlog tool of %s', async (kind) => {
  const [command, ...args] = await binlogTool(kind);
  const said = execFileSync(command, [...args, '--no-defaults', '--version']).toString();
  expect(said).toMatch(kind === 'mysql' ? /mysqlbinlog +Ver \d/ : /mariadb-binlog Ver \d/);
});
