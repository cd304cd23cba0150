import { createConnection } from 'mysql2';
import type { Connection } from 'mysql2';
import type { Connection as AskingConnection, RowDataPacket } from 'mysql2/promise';
import type { DatabaseServer } from '@lutra/testing';

const CONNECT_LIMIT_MS = 5_000;

/**
 * Opens a session that no fault proxy stands before, with exact values: numbers beyond 2^53, decimals and dates as text.
 * Unlike the driver's default, ROW_COUNT() of an UPDATE counts the rows that it changed. The caller destroys it.
 */
export async function openDirect(server: DatabaseServer): Promise<Connection> {
  const { host, port, user, password } = server;
  const connection = createConnection({
    host,
    port,
    user,
    password,
    connectTimeout: CONNECT_LIMIT_MS,
    multipleStatements: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
    charset: 'utf8mb4',
    timezone: 'Z',
    flags: ['-FOUND_ROWS'],
  });
  // Without a listener the end of an idle connection would end the process; the next query tells it.
  connection.on('error', () => undefined);
  try {
    await connection.promise().query("SET time_zone = '+00:00'");
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** Rows of one query; the caller knows the columns. */
export async function ask<T>(connection: Connection | AskingConnection, sql: string): Promise<T[]> {
  const asking = 'promise' in connection ? connection.promise() : connection;
  const [rows] = await asking.query<RowDataPacket[]>(sql);
  return rows as unknown as T[];
}
