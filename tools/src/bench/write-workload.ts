import type { Connection } from 'mysql2/promise';
import { createTable, rowLiterals, sourceStatements, WRITERS } from './workloads.ts';
import type { Workload } from './workloads.ts';

/** Statements of several transactions travel in one packet, so that writing a backlog takes less time than applying it. */
const PACKET_CHARACTERS = 64 * 1024;
const PREPARED_ROWS_PER_STATEMENT = 1_000;

/** Creates the tables of the workload in the connection's database. */
export async function createTables(connection: Connection, work: Workload): Promise<void> {
  for (const table of work.tables) await connection.query(createTable(table));
}

/** Rows that are there before the clock starts. */
export async function prepareRows(connection: Connection, work: Workload): Promise<void> {
  for (const [index, table] of work.tables.entries()) {
    const tuples: string[] = [];
    for (let id = index; id < work.preparedRows; id += work.tables.length)
      tuples.push(`(${rowLiterals(id, 0).join(',')})`);
    for (let at = 0; at < tuples.length; at += PREPARED_ROWS_PER_STATEMENT)
      await connection.query(
        `INSERT INTO ${table} VALUES ${tuples.slice(at, at + PREPARED_ROWS_PER_STATEMENT).join(',')}`,
      );
  }
}

/** Writes the whole workload, by all connections at once, each in order. */
export async function writeWorkload(connections: readonly Connection[], work: Workload): Promise<void> {
  if (connections.length !== WRITERS) throw new Error('A workload is dealt to a fixed number of writers');
  await Promise.all(connections.map((connection, writer) => writeShare(connection, work, writer)));
}

async function writeShare(connection: Connection, work: Workload, writer: number): Promise<void> {
  let texts: string[] = [];
  let characters = 0;
  const send = async (): Promise<void> => {
    if (texts.length > 0) await connection.query(texts.join(';'));
    texts = [];
    characters = 0;
  };
  for (let index = writer; index < work.transactionCount; index += WRITERS) {
    for (const text of sourceStatements(work, index)) {
      texts.push(text);
      characters += text.length;
    }
    if (characters >= PACKET_CHARACTERS) await send();
  }
  await send();
}
