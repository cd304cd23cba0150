import type { Connection, RowDataPacket } from 'mysql2/promise';
import { connectTo, waitUntil } from '@lutra/testing';
import type { OwnServer } from '@lutra/testing';

/** What semi-synchronous replication is called by each family. */
const NAMES = {
  mariadb: { plugin: null, prefix: 'rpl_semi_sync_master', waitNo: 'rpl_semi_sync_master_wait_no_slave' },
  mysql: {
    plugin: "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'",
    ...{ prefix: 'rpl_semi_sync_source', waitNo: 'rpl_semi_sync_source_wait_no_replica' },
  },
} as const;

/**
 * A transaction that stands in the log of a server and cannot be seen yet: its commit waits for a replica that does not exist.
 * Other commits of the server wait behind it.
 */
export class HeldCommit {
  private constructor(
    /** Of the transaction, as the log has it; '' where the server has no GTIDs. */
    readonly gtid: string,
    private readonly connections: { readonly admin: Connection; readonly writer: Connection },
    private readonly prefix: string,
    private readonly writing: Promise<unknown>,
  ) {}

  static async of(
    server: OwnServer,
    {
      schema,
      sql,
      newestGtid,
    }: { readonly schema: string; readonly sql: string; readonly newestGtid: () => Promise<string> },
  ): Promise<HeldCommit> {
    const { plugin, prefix, waitNo } = NAMES[server.kind === 'mariadb' ? 'mariadb' : 'mysql'];
    const [admin, writer] = [await connectTo(server), await connectTo(server, schema)];
    if (plugin !== null && !(await hasPlugin(admin))) await admin.query(plugin);
    const [before, gtid] = [await logEnd(admin), next(await newestGtid())];
    await admin.query(`SET GLOBAL ${waitNo} = ON`);
    await admin.query(`SET GLOBAL ${prefix}_wait_point = 'AFTER_SYNC'`);
    await admin.query(`SET GLOBAL ${prefix}_timeout = 600000`);
    await admin.query(`SET GLOBAL ${prefix}_enabled = ON`);
    const writing = writer.query(sql);
    writing.catch(() => undefined);
    await waitUntil(async () => (await logEnd(admin)) !== before, {
      what: 'the transaction in the log',
      timeoutMs: 60_000,
    });
    return new HeldCommit(gtid, { admin, writer }, prefix, writing);
  }

  /** Resolves when the transaction can be seen. */
  async letGo(): Promise<void> {
    await this.connections.admin.query(`SET GLOBAL ${this.prefix}_enabled = OFF`);
    await this.writing;
  }

  async close(): Promise<void> {
    await this.letGo();
    await Promise.all(Object.values(this.connections).map((each) => each.end()));
  }
}

async function hasPlugin(admin: Connection): Promise<boolean> {
  const [rows] = await admin.query<RowDataPacket[]>("SHOW GLOBAL VARIABLES LIKE 'rpl_semi_sync_source_enabled'");
  return rows.length > 0;
}

/** MySQL has renamed the statement. */
async function logEnd(admin: Connection): Promise<string> {
  const [rows] = await admin
    .query<RowDataPacket[]>('SHOW BINARY LOG STATUS')
    .catch(() => admin.query<RowDataPacket[]>('SHOW MASTER STATUS'));
  return JSON.stringify([rows[0]?.['File'], rows[0]?.['Position']]);
}

/** The one behind it; of one without a number itself. */
const next = (gtid: string): string =>
  gtid.replace(/([-:])(\d+)$/, (_all, sign: string, number: string) => sign + String(BigInt(number) + 1n));
