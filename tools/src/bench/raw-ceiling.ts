import { systemClock } from '@lutra/model';
import { openTarget } from '@lutra/sql';
import type { TargetStatement } from '@lutra/sql';
import { connectTo } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { COLUMNS } from './workloads.ts';
import type { BenchChange, Workload } from './workloads.ts';
import { createTables, prepareRows } from './write-workload.ts';

/** As many sessions as a pipeline has lanes by default. */
const SESSIONS = 4;
const ROWS_PER_STATEMENT = 500;
const ROWS_PER_TRANSACTION = 5_000;

export const RAW_SCHEMA = 'bench_raw';

/**
 * What a script could do at the very best: the same rows as multi-row upserts and deletes, all statements made before the
 * clock starts, through sessions with the settings of load's own, a key always through the same session. Nothing is
 * merged. Resolves with the milliseconds; the rows are then in {@link RAW_SCHEMA}.
 */
export async function rawCeiling(server: DatabaseServer, work: Workload): Promise<number> {
  await prepareTables(server, work);
  const plans = planOf(work);
  const data = { id: 'raw', name: 'raw', kind: server.kind, tls: 'disabled' as const };
  const { host, port, user, password } = server;
  const sessions = await Promise.all(
    plans.map(() => openTarget({ ...data, host, port, user, password: '' }, password, { clock: systemClock })),
  );
  try {
    const start = performance.now();
    await Promise.all(
      sessions.map(async (session, index) => {
        for (const transaction of plans[index] ?? []) {
          await session.execute(transaction);
          await session.commit();
        }
      }),
    );
    return performance.now() - start;
  } finally {
    for (const session of sessions) await session.close();
  }
}

async function prepareTables(server: DatabaseServer, work: Workload): Promise<void> {
  const connection = await connectTo(server);
  try {
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${RAW_SCHEMA}`);
    await connection.query(`USE ${RAW_SCHEMA}`);
    await createTables(connection, work);
    await prepareRows(connection, work);
  } finally {
    connection.destroy();
  }
}

type Transaction = readonly TargetStatement[];

/** The transactions of each session. */
function planOf(work: Workload): readonly (readonly Transaction[])[] {
  const shares: BenchChange[][] = Array.from({ length: SESSIONS }, () => []);
  for (let index = 0; index < work.transactionCount; index++)
    for (const change of work.transaction(index)) shares[change.id % SESSIONS]?.push(change);
  return shares.map((share) => {
    const transactions: Transaction[] = [];
    for (let at = 0; at < share.length; at += ROWS_PER_TRANSACTION)
      transactions.push(statementsOf(work, share.slice(at, at + ROWS_PER_TRANSACTION)));
    return transactions;
  });
}

/** By table: upserts keep their order, and a row that is deleted is in no upsert. */
function statementsOf(work: Workload, changes: readonly BenchChange[]): Transaction {
  const assignments = COLUMNS.map((column) => `${column}=VALUES(${column})`).join(',');
  return work.tables.flatMap((table, index) => {
    const own = changes.filter((change) => change.table === index);
    const name = `${RAW_SCHEMA}.${table}`;
    const upserts = inBatches(own.filter(({ kind }) => kind !== 'delete')).map((batch) => {
      const tuples = batch.map(({ row }) => `(${row.join(',')})`).join(',');
      return {
        sql: `INSERT INTO ${name} (${COLUMNS.join(',')}) VALUES ${tuples} ON DUPLICATE KEY UPDATE ${assignments}`,
      };
    });
    const deletes = inBatches(own.filter(({ kind }) => kind === 'delete')).map((batch) => ({
      sql: `DELETE FROM ${name} WHERE id IN (${batch.map(({ id }) => String(id)).join(',')})`,
    }));
    return [...upserts, ...deletes];
  });
}

const inBatches = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / ROWS_PER_STATEMENT) }, (_unused, batch) =>
    items.slice(batch * ROWS_PER_STATEMENT, (batch + 1) * ROWS_PER_STATEMENT),
  );
