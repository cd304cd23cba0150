import { connectTo, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

/** Values of a row as text, in the order of the query's columns. */
export type AskedRow = readonly (string | null)[];

/** What a query answers in a schema, in no order of its own (sorted); bytes as hexadecimal digits, times in UTC. */
export const askRows = (server: DatabaseServer, schema: string, query: string): Promise<AskedRow[]> =>
  asking(server, schema, (ask) => ask(query));

/** Asks until the answer is the wanted one or the time is over, and returns the last answer: a difference says more than a timeout. */
export const askUntil = (
  server: DatabaseServer,
  schema: string,
  options: { readonly query: string; readonly wanted: readonly AskedRow[]; readonly timeoutMs: number },
): Promise<AskedRow[]> =>
  asking(server, schema, async (ask) => {
    const { query, timeoutMs } = options;
    const wanted = JSON.stringify(options.wanted);
    let found: AskedRow[] = [];
    await waitUntil(async () => JSON.stringify((found = await ask(query))) === wanted, {
      ...{ what: 'the rows', timeoutMs, everyMs: 100 },
    }).catch(() => undefined);
    return found;
  });

async function asking<T>(
  server: DatabaseServer,
  schema: string,
  work: (ask: (query: string) => Promise<AskedRow[]>) => Promise<T>,
): Promise<T> {
  const connection = await connectTo(server, schema);
  try {
    await connection.query("SET time_zone = '+00:00'");
    return await work(async (sql) => {
      const [rows] = await connection.query({ sql, rowsAsArray: true });
      return (rows as unknown[][])
        .map((row) => [JSON.stringify(row.map(textOf)), row.map(textOf)] as const)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([, row]) => row);
    });
  } finally {
    connection.destroy();
  }
}

function textOf(value: unknown): string | null {
  if (value === null) return null;
  if (Buffer.isBuffer(value)) return value.toString('hex');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
