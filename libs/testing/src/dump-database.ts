import type { Connection } from 'mysql2/promise';
import { connectTo } from './stack/database-accounts.ts';
import type { DatabaseServer } from './test-servers.ts';

/** Ends a statement: no text of a row has it, since quoted texts hold no line breaks. */
const END = ';\n';

/** Everything in a database as statements, one on a line where the server's own text is one: tables as they are, then rows in key order. */
export async function dumpDatabase(server: DatabaseServer, database: string): Promise<string> {
  const connection = await connectTo(server, database);
  try {
    const tables = (await rowsOf(connection, 'SHOW FULL TABLES WHERE Table_type = "BASE TABLE"')).map((row) =>
      String(Object.values(row)[0]),
    );
    const parts = ['SET FOREIGN_KEY_CHECKS = 0'];
    for (const table of tables.sort()) parts.push(...(await dumpTable(connection, table)));
    return `${parts.join(END)}${END}`;
  } finally {
    connection.destroy();
  }
}

/** Makes the database from a dump, anew. Works for dumps of MariaDB at MySQL too, as long as the tables are plain ones. */
export async function restoreDatabase(server: DatabaseServer, database: string, dump: string): Promise<void> {
  const connection = await connectTo(server);
  try {
    await connection.query(`DROP DATABASE IF EXISTS \`${database}\``);
    await connection.query(`CREATE DATABASE \`${database}\` DEFAULT CHARACTER SET utf8mb4`);
    await connection.query(`USE \`${database}\``);
    for (const statement of dump.split(END)) if (statement.trim() !== '') await connection.query(statement);
  } finally {
    connection.destroy();
  }
}

async function dumpTable(connection: Connection, table: string): Promise<string[]> {
  const [created] = await rowsOf(connection, `SHOW CREATE TABLE \`${table}\``);
  const rows = await rowsOf(connection, `SELECT * FROM \`${table}\` ORDER BY 1`);
  const inserts = rows.map((row) => {
    const names = Object.keys(row).map((name) => `\`${name}\``);
    const values = Object.values(row).map((value) => connection.escape(value));
    return `INSERT INTO \`${table}\` (${names.join(', ')}) VALUES (${values.join(', ')})`;
  });
  return [String(created?.['Create Table']), ...inserts];
}

async function rowsOf(connection: Connection, sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  const [rows] = await connection.query(sql);
  return rows as Readonly<Record<string, unknown>>[];
}
