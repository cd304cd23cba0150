import { must } from '@lutra/model';
import { connectTo, runSql } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import type { Connection } from 'mysql2/promise';

/** Files of a server's binary log that hold one workload and nothing else. */
export interface BenchLog {
  /** The first file, read from its beginning. */
  readonly file: string;
  /** The file that follows the last one: a reader that is sent there is done. */
  readonly nextFile: string;
  /** Rows that the workload wrote. */
  readonly rowCount: number;
  /** Size of the files. */
  readonly bytes: number;
}

const COLUMNS =
  'id BIGINT AUTO_INCREMENT PRIMARY KEY, customer INT, name VARCHAR(40), amount DECIMAL(10,2), created DATETIME, state TINYINT';
const VALUES = `1234567, 'customer name 4711', 1234.56, '2024-02-29 12:34:56', 3`;

/** Tables and a procedure that write what is read: nothing of it is timed. */
export async function prepareLogs(server: DatabaseServer): Promise<void> {
  await runSql(server, [
    'CREATE DATABASE bench',
    'CREATE TABLE bench.digits (d INT PRIMARY KEY)',
    `INSERT INTO bench.digits VALUES ${Array.from({ length: 10 }, (_, digit) => `(${String(digit)})`).join(', ')}`,
    `CREATE TABLE bench.orders (${COLUMNS})`,
    'CREATE TABLE bench.pictures (data LONGBLOB NOT NULL) ENGINE = MyISAM',
    `CREATE PROCEDURE bench.write_single(IN wanted INT)
     BEGIN
       DECLARE written INT DEFAULT 0;
       WHILE written < wanted DO
         INSERT INTO bench.orders (customer, name, amount, created, state) VALUES (${VALUES});
         SET written = written + 1;
       END WHILE;
     END`,
  ]);
}

/** MySQL: what the session writes from here on comes as TRANSACTION_PAYLOAD (zstd, the server's default level). */
export const COMPRESSED = 'SET SESSION binlog_transaction_compression = ON';

/** GTID, TABLE_MAP, WRITE_ROWS of one row of six columns, XID; again and again. `setting`: a statement for the session that writes. */
export function writeSingleRows(server: DatabaseServer, rowCount: number, setting?: string): Promise<BenchLog> {
  return inOwnFiles(server, rowCount, async (connection) => {
    if (setting !== undefined) await connection.query(setting);
    await connection.query(`CALL bench.write_single(${String(rowCount)})`);
  });
}

/** The same rows in large transactions: as many in one event as the server puts into 8 KiB. */
export function writeManyRows(server: DatabaseServer, rowCount: number, setting?: string): Promise<BenchLog> {
  const digits = Array.from({ length: 5 }, (_, index) => `bench.digits AS d${String(index)}`).join(', ');
  const rounds = Math.max(1, Math.round(rowCount / 100_000));
  return inOwnFiles(server, rounds * 100_000, async (connection) => {
    if (setting !== undefined) await connection.query(setting);
    for (let round = 0; round < rounds; round += 1)
      await connection.query(
        `INSERT INTO bench.orders (customer, name, amount, created, state) SELECT ${VALUES} FROM ${digits}`,
      );
  });
}

/** Rows of one value of `rowBytes`, each in an event of its own. */
export function writeLargeRows(server: DatabaseServer, rowBytes: number, totalBytes: number): Promise<BenchLog> {
  const rowCount = Math.max(8, Math.round(totalBytes / rowBytes));
  return inOwnFiles(server, rowCount, async (connection) => {
    for (let left = rowCount; left > 0; left -= 100) {
      const digits = 'bench.digits AS a, bench.digits AS b';
      const value = `REPEAT('0123456789abcdef', ${String(Math.ceil(rowBytes / 16))})`;
      await connection.query(
        `INSERT INTO bench.pictures SELECT ${value} FROM ${digits} LIMIT ${String(Math.min(left, 100))}`,
      );
      await connection.query('TRUNCATE TABLE bench.pictures');
    }
  });
}

/** Forgets the rows, so that the disk holds them only once. */
async function inOwnFiles(
  server: DatabaseServer,
  rowCount: number,
  write: (connection: Connection) => Promise<void>,
): Promise<BenchLog> {
  const connection = await connectTo(server);
  try {
    const files = async () => {
      const [rows] = await connection.query('SHOW BINARY LOGS');
      return rows as unknown as readonly { readonly Log_name: string; readonly File_size: string }[];
    };
    await connection.query('FLUSH BINARY LOGS');
    const first = must((await files()).at(-1), 'a log file').Log_name;
    await write(connection);
    await connection.query('FLUSH BINARY LOGS');
    const all = await files();
    const written = all.slice(
      all.findIndex(({ Log_name }) => Log_name === first),
      -1,
    );
    await connection.query('TRUNCATE TABLE bench.orders');
    return {
      file: first,
      nextFile: must(all.at(-1), 'a log file').Log_name,
      rowCount,
      bytes: written.reduce((sum, { File_size }) => sum + Number(File_size), 0),
    };
  } finally {
    connection.destroy();
  }
}
