import type { Connection } from 'mysql2/promise';

export interface ReplicaSource {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Points a MariaDB server at the source by GTID; it starts to read only with {@link catchUp}. */
export async function attachReplica(replica: Connection, source: ReplicaSource, gtid: string): Promise<void> {
  await replica.query('STOP SLAVE');
  await replica.query(`SET GLOBAL gtid_slave_pos = ${replica.escape(gtid)}`);
  const { host, port, user, password } = source;
  await replica.query(
    `CHANGE MASTER TO MASTER_HOST=${replica.escape(host)}, MASTER_PORT=${String(port)}, MASTER_USER=${replica.escape(user)}, ` +
      `MASTER_PASSWORD=${replica.escape(password)}, MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1`,
  );
}

/** Lets the replica catch up with `gtid` using this many apply threads; returns the milliseconds from START SLAVE on. It stops reading afterwards. */
export async function catchUp(replica: Connection, gtid: string, threads: number): Promise<number> {
  await replica.query('STOP SLAVE');
  await replica.query(`SET GLOBAL slave_parallel_threads = ${String(threads)}`);
  const start = performance.now();
  await replica.query('START SLAVE');
  const [rows] = await replica.query(`SELECT MASTER_GTID_WAIT(${replica.escape(gtid)}, 600) AS reached`);
  const elapsed = performance.now() - start;
  const reached = (rows as unknown as readonly { readonly reached: number }[])[0]?.reached;
  if (reached !== 0) throw new Error(`The replica did not reach ${gtid}: ${await replicaError(replica)}`);
  await replica.query('STOP SLAVE');
  return elapsed;
}

async function replicaError(replica: Connection): Promise<string> {
  const [rows] = await replica.query('SHOW SLAVE STATUS');
  const status = (rows as unknown as readonly Record<string, unknown>[])[0];
  return JSON.stringify({ io: status?.['Last_IO_Error'], sql: status?.['Last_SQL_Error'] });
}
