import type { Connection, QueryOptions } from 'mysql2/promise';
import type { Socket } from 'node:net';
import { SyncError } from '@lutra/model';
import type { Clock, DataSourceDefinition } from '@lutra/model';
import { connectSource, TIMEOUT_MS } from './connect-source.ts';
import type { SourceConnection } from './connect-source.ts';
import { readSourceServer } from './source-server.ts';
import type { SourceServer } from './source-server.ts';
import { translateSourceError } from './source-failure.ts';
import type { SourceAttempt } from './source-failure.ts';

export interface SourceOptions {
  readonly definition: Pick<
    DataSourceDefinition,
    'kind' | 'host' | 'port' | 'standbys' | 'user' | 'tls' | 'tlsCa' | 'tlsCert'
  >;
  readonly password: string;
  /** Private key of the definition's tlsCert, PEM. */
  readonly tlsKey?: string;
  readonly clock: Clock;
  /** Handshake and each query, default 10 s. */
  readonly timeoutMs?: number;
}

export type SourceRow = Readonly<Record<string, unknown>>;

/** The values of a row in the order of the query, each as the bytes that the server wrote; null = NULL. */
export type RawRow = readonly (Buffer | null)[];

/** One connection to a source: queries first; a dump takes it over for good. Throws SyncError (scope source). */
export class SourceSession {
  private constructor(
    private readonly connection: Connection,
    readonly options: SourceOptions,
    readonly server: SourceServer,
    /** The server wants the compressed protocol: so does the socket that {@link takeSocket} gives. */
    readonly isCompressed: boolean,
  ) {}

  /** Connects and reads what kind of server it is. SOURCE_UNREACHABLE, SOURCE_ACCESS_DENIED, SOURCE_TLS_REFUSED, SOURCE_COMPRESSION_UNSUPPORTED. */
  static async open(options: SourceOptions): Promise<SourceSession> {
    const attempt = attemptOf(options, { isConnected: false });
    let connected: SourceConnection;
    try {
      connected = await connectSource(options);
    } catch (error) {
      throw translateSourceError(error, attempt);
    }
    const { connection, isCompressed } = connected;
    // An idle connection that breaks says so to the next query; without a listener the process would end.
    connection.on('error', () => undefined);
    const query = (sql: string): Promise<SourceRow[]> => queryOn(connection, options, sql);
    try {
      return new SourceSession(
        connection,
        options,
        await readSourceServer(options.definition.kind, query, options.clock),
        isCompressed,
      );
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  get address(): string {
    return addressOf(this.options);
  }

  query(sql: string): Promise<SourceRow[]> {
    return queryOn(this.connection, this.options, sql);
  }

  /** The rows as the server wrote them: no digit passes through a number. */
  async queryRaw(sql: string): Promise<readonly RawRow[]> {
    const rows = await queryOn(this.connection, this.options, {
      sql,
      rowsAsArray: true,
      typeCast: (field) => field.buffer(),
    });
    return rows as unknown as readonly RawRow[];
  }

  /**
   * A statement with values behind its question marks, sent as bytes: nothing is quoted, so that a packet takes as much as the
   * server lets it.
   */
  async write(sql: string, values: readonly (string | Buffer)[]): Promise<void> {
    try {
      const timeout = this.options.timeoutMs ?? TIMEOUT_MS;
      await this.connection.execute({ sql, values: [...values], timeout });
    } catch (error) {
      throw translateSourceError(error, attemptOf(this.options, { isConnected: true }));
    }
  }

  /** The first column of the first row as text, '' for NULL and for no row. */
  async queryText(sql: string): Promise<string> {
    const value = Object.values((await this.query(sql))[0] ?? {})[0];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  }

  /** Takes the socket away from the driver, which must not be used any more; whoever takes it destroys it. */
  takeSocket(): Socket {
    const { stream } = (this.connection as unknown as { readonly connection: { readonly stream: Socket } }).connection;
    for (const name of ['data', 'end', 'close']) stream.removeAllListeners(name);
    return stream;
  }

  close(): void {
    this.connection.destroy();
  }
}

/** For messages: where one tried to connect, and as whom. */
export function attemptOf(
  options: SourceOptions,
  state: { readonly isConnected: boolean; readonly place?: string },
): SourceAttempt {
  return { address: addressOf(options), user: options.definition.user, ...state };
}

const addressOf = ({ definition }: SourceOptions): string => `${definition.host}:${String(definition.port)}`;

async function queryOn(
  connection: Connection,
  options: SourceOptions,
  asked: string | QueryOptions,
): Promise<SourceRow[]> {
  const query = typeof asked === 'string' ? { sql: asked } : asked;
  try {
    const [rows] = await connection.query({ ...query, timeout: options.timeoutMs ?? TIMEOUT_MS });
    return Array.isArray(rows) ? (rows as SourceRow[]) : [];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'PROTOCOL_SEQUENCE_TIMEOUT')
      throw new SyncError('SOURCE_CONNECTION_LOST', { problem: `The source ${addressOf(options)} does not answer` });
    throw translateSourceError(error, attemptOf(options, { isConnected: true }));
  }
}
