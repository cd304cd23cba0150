import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { systemClock } from '@lutra/model';
import type {
  ColumnDefinition,
  ColumnKind,
  DataSourceDefinition,
  RowChange,
  RowImage,
  TableDefinition,
} from '@lutra/model';
import { testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { showProcesses } from '../src/show-processes.ts';

export const TARGETS = [
  ['MariaDB', 'mariadbTarget'],
  ['MySQL', 'mysql'],
] as const;

/** Where inserts come in each form that there is: at MariaDB as text and in bulk. */
export const WRITING_TARGETS = [
  ['MariaDB in bulk', 'mariadbTarget', 'always'],
  ...TARGETS.map((target) => [...target, 'never'] as const),
] as const;

export function dataSource(server: DatabaseServer, account?: { user: string }): DataSourceDefinition {
  return {
    id: 'target',
    name: 'target',
    kind: server.kind,
    host: server.host,
    port: server.port,
    user: account?.user ?? server.user,
    password: '',
    tls: 'disabled',
  };
}

/** A connection of the account that is at a statement with bytes that are no text, until it is destroyed. */
export async function runsBytes(server: DatabaseServer): Promise<Connection> {
  const { host, port, user, password } = server;
  const connection = await createConnection({ host, port, user, password, charset: 'binary' });
  const [[own]] = await connection.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
  connection.query("SELECT SLEEP(60), '\u00ff\u00fe'").catch(() => undefined); // It is destroyed.
  const session = await openTarget(dataSource(server), password, { clock: systemClock, bulk: 'never' });
  await waitUntil(
    async () => (await showProcesses(session)).some(({ id, statement }) => id === own?.['id'] && statement !== ''),
    { what: 'the statement', timeoutMs: 60_000, everyMs: 20 },
  );
  await session.close();
  return connection;
}

/** A session on a server, with a database of its own. */
export class TargetFixture {
  readonly schema = `sql_${randomBytes(6).toString('hex')}`;
  readonly pipelineId = `test-${randomBytes(8).toString('hex')}`;
  private readonly sessions: TargetSession[] = [];
  session!: TargetSession;

  constructor(
    readonly server: DatabaseServer,
    private readonly bulk: 'always' | 'never' = 'never',
  ) {}

  static async open(name: (typeof TARGETS)[number][1], bulk?: 'always' | 'never'): Promise<TargetFixture> {
    const fixture = new TargetFixture(testServers()[name], bulk);
    fixture.session = await fixture.connect();
    await fixture.session.query(`CREATE DATABASE ${fixture.schema} CHARACTER SET utf8mb4`);
    return fixture;
  }

  async connect(): Promise<TargetSession> {
    const session = await openTarget(dataSource(this.server), this.server.password, {
      clock: systemClock,
      bulk: this.bulk,
    });
    this.sessions.push(session);
    return session;
  }

  async close(): Promise<void> {
    await this.session.rollback();
    const cleaner = await this.connect();
    await cleaner.query(`DROP DATABASE IF EXISTS ${this.schema}`);
    if ((await cleaner.describeTable({ schema: 'lutra', table: 'checkpoint' })) !== null) {
      await cleaner.query(`DELETE FROM lutra.checkpoint WHERE pipeline_id = '${this.pipelineId}'`);
      await cleaner.commit();
    }
    await Promise.all(this.sessions.map((session) => session.close()));
  }
}

/** A column with the fields that matter to a test. */
export function column(
  name: string,
  kind: ColumnKind,
  declared: string,
  more: Partial<ColumnDefinition> = {},
): ColumnDefinition {
  return { name, kind, declared, nullable: true, ...more };
}

export function tableOf(
  schema: string,
  columns: readonly ColumnDefinition[],
  options: { readonly table?: string; readonly primaryKey?: readonly number[] } = {},
): TableDefinition {
  return { schema, table: options.table ?? 't', columns, primaryKey: options.primaryKey ?? [0] };
}

const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
export const updateOf = (before: RowImage, after: RowImage): Extract<RowChange, { kind: 'update' }> => ({
  ...place,
  kind: 'update',
  before,
  after,
});
export const deleteOf = (before: RowImage): Extract<RowChange, { kind: 'delete' }> => ({
  ...place,
  kind: 'delete',
  before,
});
