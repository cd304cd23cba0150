import type { Connection } from 'mysql2/promise';
import { connectTo, OwnServer } from '@lutra/testing';

/** What differs between the two, in words. */
const WORDS = {
  mariadb: {
    place: 'SHOW MASTER STATUS',
    attach: 'CHANGE MASTER TO',
    prefix: 'MASTER',
    more: 'MASTER_USE_GTID=no, MASTER_CONNECT_RETRY=1',
    threads: 'SLAVE',
    other: {
      ADD: ["CHANGE MASTER 'other' TO MASTER_HOST='127.0.0.1', MASTER_PORT=1, MASTER_USER='nobody'"],
      DROP: ["STOP SLAVE 'other'", "RESET SLAVE 'other' ALL"],
    },
  },
  mysql: {
    place: 'SHOW BINARY LOG STATUS',
    attach: 'CHANGE REPLICATION SOURCE TO',
    prefix: 'SOURCE',
    more: 'GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1',
    threads: 'REPLICA',
    other: {
      ADD: ["CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=1 FOR CHANNEL 'other'"],
      DROP: ["STOP REPLICA FOR CHANNEL 'other'", "RESET REPLICA ALL FOR CHANNEL 'other'"],
    },
  },
} as const;

/** A target with a table `shop.orders`, and a replica that follows it and has told it its address. */
export class ReplicatedTarget {
  private readonly held = new Set<Connection>();

  private constructor(
    readonly target: OwnServer,
    readonly replica: OwnServer,
  ) {}

  static async open(program: 'mariadb' | 'mysql'): Promise<ReplicatedTarget> {
    const [target, replica] = await Promise.all([
      // Otherwise the history list is shortened only after many rounds of purging.
      OwnServer.start({ program, extra: ['--innodb-purge-rseg-truncate-frequency=1'] }),
      OwnServer.start({ program, extra: ['--report-host=127.0.0.1'] }),
    ]);
    const both = new ReplicatedTarget(target, replica);
    const { attach, more, place, prefix, threads } = WORDS[program];
    for (const server of [target, replica])
      await both.run(
        server,
        'CREATE DATABASE shop',
        'CREATE TABLE shop.orders (id INT PRIMARY KEY, n INT)',
        'INSERT INTO shop.orders VALUES (1, 0)',
      );
    const connection = await both.hold(target);
    const [rows] = await connection.query(place);
    const [at] = rows as Readonly<Record<string, unknown>>[];
    const settings: readonly (readonly [string, string])[] = [
      ['HOST', `'${target.host}'`],
      ['PORT', String(target.port)],
      ['USER', `'${target.user}'`],
      ['PASSWORD', `'${target.password}'`],
      ['LOG_FILE', `'${String(at?.['File'])}'`],
      ['LOG_POS', String(at?.['Position'])],
    ];
    const named = settings.map(([name, value]) => `${prefix}_${name}=${value}`).join(', ');
    await both.run(replica, `${attach} ${named}, ${more}`, `START ${threads}`);
    both.letGo();
    return both;
  }

  /** What is done at the replica alone is in no log: it has no place in the order of transactions. */
  atReplica(...statements: readonly string[]): Promise<void> {
    return this.run(this.replica, 'SET SESSION sql_log_bin = 0', ...statements);
  }

  /** Runs the statements on a connection that stays until {@link letGo}. */
  async hold(server: OwnServer, ...statements: readonly string[]): Promise<Connection> {
    const connection = await connectTo(server);
    this.held.add(connection);
    for (const statement of statements) await connection.query(statement);
    return connection;
  }

  async run(server: OwnServer, ...statements: readonly string[]): Promise<void> {
    (await this.hold(server, ...statements)).destroy();
  }

  /** Ends what was held, whatever it does at its server. */
  letGo(): void {
    for (const connection of this.held) connection.destroy();
    this.held.clear();
  }

  /** A change of the target that the replica takes for so old. */
  change(agoSeconds = 0): Promise<void> {
    const timestamp = `SET TIMESTAMP = UNIX_TIMESTAMP() - ${String(agoSeconds)}`;
    return this.run(this.target, timestamp, 'UPDATE shop.orders SET n = n + 1');
  }

  /** Starts or stops the replica's applying thread. */
  applying(what: 'START' | 'STOP'): Promise<void> {
    return this.run(this.replica, `${what} ${WORDS[this.target.kind].threads} SQL_THREAD`);
  }

  /** Gives the replica a second source, which it has never been connected to, or takes it away. */
  otherSource(what: 'ADD' | 'DROP'): Promise<void> {
    return this.run(this.replica, ...WORDS[this.target.kind].other[what]);
  }

  async close(): Promise<void> {
    this.letGo();
    await Promise.all([this.target.close(), this.replica.close()]);
  }
}
