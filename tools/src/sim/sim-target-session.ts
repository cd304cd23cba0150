import type { TableDefinition } from '@lutra/model';
import { SyncError } from '@lutra/model';
import type { TargetInfo, TargetSession, TargetStatement } from '@lutra/sql';
import { toSyncError } from '@lutra/sql/simulation';
import type { TableName, TargetTable } from '@lutra/sql/simulation';
import type { SimNode } from './node.ts';
import { executeStatement, queryStatement } from './run-statement.ts';
import type { SessionTag, TargetServer, TargetServerSession } from './target-server.ts';

const ACCOUNT = "'lutra'@'%'";

/** Opens a session. TARGET_UNREACHABLE when the server is away. */
export async function openSimTarget(server: TargetServer, node: SimNode, tag: SessionTag): Promise<TargetSession> {
  const connection = node.connection(server);
  const { generation } = connection;
  const session = await connection.request(() => server.open(node, tag), {
    lost: () => new SyncError('TARGET_UNREACHABLE', { problem: `${server.name} is away`, address: server.name }),
  });
  return new SimTargetSession(server, session, generation);
}

/** {@link TargetSession} on {@link TargetServer}: statements travel, take effect, and their answer travels back. */
class SimTargetSession implements TargetSession {
  readonly info: TargetInfo;
  private isClosed = false;

  constructor(
    private readonly server: TargetServer,
    private readonly session: TargetServerSession,
    private readonly generation: number,
  ) {
    this.info = {
      kind: 'mysql',
      version: '9.7.0',
      serverId: server.serverId,
      sessionId: session.id,
      maxAllowedPacketBytes: 1_073_741_824,
      address: server.name,
      account: ACCOUNT,
    };
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return this.send(() => queryStatement(this.server, this.session, sql));
  }

  execute(
    statements: readonly TargetStatement[],
    about?: { readonly table: TableDefinition; readonly keyColumns: readonly string[] },
  ): Promise<readonly number[]> {
    return this.send(async () => {
      const found: number[] = [];
      for (const { sql } of statements) {
        found.push(await executeStatement(this.server, this.session, sql));
        // Between two statements of a packet the session may be killed.
        this.assertAlive();
      }
      return found;
    }, about);
  }

  commit(): Promise<void> {
    return this.send(() => {
      this.server.commit(this.session);
    });
  }

  async rollback(): Promise<void> {
    if (this.isClosed) return;
    try {
      await this.send(() => {
        this.server.rollback(this.session);
      });
    } catch {
      this.destroy();
    }
  }

  describeTables(names: readonly TableName[]): Promise<readonly (TargetTable | null)[]> {
    return Promise.all(names.map((name) => this.describeTable(name)));
  }

  async describeTable({ schema, table }: TableName): Promise<TargetTable | null> {
    return this.server.tables.get(`${schema}.${table}`)?.shape ?? null;
  }

  /** They never change here; the question travels all the same. */
  tableStatements(names: readonly TableName[]): Promise<readonly (string | null)[]> {
    const { tables } = this.server;
    return this.send(() => names.map(({ schema, table }) => tables.get(`${schema}.${table}`)?.shape.statement ?? null));
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    await this.send(() => {
      this.server.end(this.session);
    }).catch(() => undefined);
    this.isClosed = true;
  }

  /** The server hears of it soon. */
  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { world } = this.server;
    world.at(null, world.span(0.1, 20), () => {
      this.server.end(this.session);
    });
  }

  private async send<T>(
    work: () => T | Promise<T>,
    about?: { readonly table: TableDefinition; readonly keyColumns: readonly string[] },
  ): Promise<T> {
    const { server, session } = this;
    const connection = session.node.connection(server);
    if (this.isClosed || connection.generation !== this.generation) {
      this.destroy();
      throw this.lost();
    }
    try {
      return await connection.request(
        () => {
          this.assertAlive();
          session.lastUseMs = server.world.nowMs;
          return work();
        },
        { lost: () => this.lost(), inOrder: true },
      );
    } catch (error) {
      const context = { address: server.name, account: ACCOUNT, maxAllowedPacketBytes: 1_073_741_824 };
      const failure = toSyncError(error, { ...context, ...about });
      if (failure.code === 'TARGET_CONNECTION_LOST') this.destroy();
      throw failure;
    }
  }

  private assertAlive(): void {
    if (!this.session.isAlive) throw this.lost();
  }

  private lost(): SyncError {
    return new SyncError('TARGET_CONNECTION_LOST', {
      address: this.server.name,
      problem: `The connection to ${this.server.name} broke`,
    });
  }
}
