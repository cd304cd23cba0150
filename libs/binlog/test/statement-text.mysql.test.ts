/**
 * Goal: statements are read as their client wrote them, in the character set that it speaks: a name that is misread is
 * another table, whose change nobody would notice.
 * Method: clients of several character sets change tables of our own on real servers; the log is read back.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { classifyEvent, readQuery, resolveStart, scanBinlog, SourceSession } from '@lutra/binlog';
import type { SourceOptions } from '@lutra/binlog';
import { systemClock } from '@lutra/model';
import { testServers } from '@lutra/testing';

const servers = testServers();
const schema = `lutra_text_${randomBytes(4).toString('hex')}`;

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('statements in the log of %s', (_, { kind, host, port, user, password }) => {
  const source: SourceOptions = {
    definition: { kind, host, port, user, tls: 'disabled' },
    password,
    clock: systemClock,
  };
  let connection: Connection;

  beforeAll(async () => {
    connection = await createConnection({ host, port, user, password });
    await connection.query(`CREATE DATABASE ${schema}`);
  });
  afterAll(async () => {
    await connection.query(`DROP DATABASE ${schema}`);
    await connection.end();
  });

  async function logged(charset: string, statements: readonly string[]): Promise<string[]> {
    const session = await SourceSession.open(source);
    const { done: from } = await resolveStart(session, { kind: 'latest' });
    session.close();
    const client = await createConnection({ host, port, user, password, charset, database: schema });
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      client.destroy();
    }
    const seen: string[] = [];
    await scanBinlog({
      source,
      from,
      signal: AbortSignal.timeout(60_000),
      onEvent: (event) => {
        if (event.kind !== 'whole' || classifyEvent(event) !== 'query') return 'go on';
        const query = readQuery(event);
        if (query.schema === schema) seen.push(query.statement);
        return 'go on';
      },
    });
    return seen;
  }

  it.each([
    ['latin1_swedish_ci', 'café'],
    ['cp1251_general_ci', 'имя'],
    // Bytes that would be valid UTF-8, and one that would be a quote.
    ['gbk_chinese_ci', '一'],
    ['sjis_japanese_ci', 'ソ表'],
    ['utf8mb4_general_ci', '名é'],
  ])('are read in %s', async (charset, name) => {
    const statements = [`CREATE TABLE \`${name}\` (id INT)`, `ALTER TABLE \`${name}\` ADD COLUMN \`${name}\` INT`];
    expect(await logged(charset, statements)).toEqual(statements);
    const created = await logged(charset, [`CREATE TABLE \`${name}2\` SELECT * FROM \`${name}\``]);
    // The server writes this one.
    expect(created.join(';')).toMatch(new RegExp(`CREATE TABLE \`${name}2\` \\(\\n  \`id\``));
  });
});
