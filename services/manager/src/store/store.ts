import { DataSource } from 'typeorm';
import type { EntityManager, EntityTarget, ObjectLiteral, Repository } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { ENTITIES } from './entities.ts';
import { MIGRATIONS } from './migrations/migrations.ts';
import { secureStore } from './secure-store.ts';
import type { StoreTls } from './secure-store.ts';
import { isDatabaseMissing, storeFailure } from './store-failure.ts';
import type { StoreAddress } from './store-failure.ts';

export interface StoreOptions extends StoreAddress {
  readonly password: string;
  readonly tls?: StoreTls;
}

/** Connections to the store: requests are short, and a write holds one for milliseconds. */
const CONNECTIONS_MAX = 10;
/** Requests that wait for a connection beyond this are answered 503 instead of queued. */
const WAITING_MAX = 200;
const CONNECT_MS_MAX = 5_000;
/** A store that does not answer within this counts as away: the client gets its 503 instead of hanging. */
const ANSWER_MS_MAX = 15_000;
/** The driver says goodbye on each connection and waits for the answer, which a dead one never gives. */
const CLOSE_MS_MAX = 2_000;
/** Migrations of another manager that starts at the same time are waited for so long. */
const MIGRATION_LOCK_S_MAX = 60;
const REPEATS_MAX = 3;

/**
 * The manager's database. It may be away at any time: every use then throws STORE_UNREACHABLE at once, until `open` has
 * succeeded (again). Nobody but this class sees a driver error.
 */
export class Store {
  private dataSource: DataSource | null = null;
  private reason = 'not opened yet';
  private changeCount = 0;

  constructor(
    private readonly options: StoreOptions,
    private readonly clock: Clock,
  ) {}

  /** Changes that this manager has tried: another number says that what was read before may be out of date. */
  get changes(): number {
    return this.changeCount;
  }

  /** Why the store cannot be used; '' when it can. */
  get whyAway(): string {
    return this.reason;
  }

  /**
   * Connects, creates the database when it is missing, and brings its tables up to date. Several managers may do this at
   * once: the server's lock lets one migrate while the others wait. `prepare` runs under the same lock.
   */
  async open(prepare: (manager: EntityManager) => Promise<void>): Promise<void> {
    await this.close('opening');
    try {
      const dataSource = await this.connect();
      try {
        await this.migrate(dataSource, prepare);
      } catch (error) {
        await destroyQuietly(dataSource, this.clock);
        throw error;
      }
      this.dataSource = dataSource;
      this.reason = '';
    } catch (error) {
      const failure = storeFailure(error, this.options);
      this.reason = failure.message;
      throw failure;
    }
  }

  /** Rejects when the store does not answer. */
  async ping(): Promise<void> {
    await this.run((manager) => manager.query('SELECT version FROM installation WHERE id = 1'));
  }

  async close(reason: string): Promise<void> {
    const { dataSource } = this;
    this.dataSource = null;
    this.reason = reason;
    if (dataSource !== null) await destroyQuietly(dataSource, this.clock);
  }

  /** Runs statements outside a transaction. */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.guard((dataSource) => work(dataSource.manager));
  }

  read<E extends ObjectLiteral, T>(entity: EntityTarget<E>, work: (rows: Repository<E>) => Promise<T>): Promise<T> {
    return this.run((manager) => work(manager.getRepository(entity)));
  }

  /**
   * Runs a change of the configuration in one transaction, after all earlier ones: they take one lock, so that rules which
   * span several rows (collisions, revisions) are decided on what really stands. People write seldom; order is worth more
   * here than speed. Repeats after a deadlock; `work` must be repeatable.
   */
  async change<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.guard((dataSource) =>
          dataSource.transaction(async (manager) => {
            await manager.query('SELECT id FROM installation WHERE id = 1 FOR UPDATE');
            return work(manager);
          }),
        );
      } catch (error) {
        if (!(SyncError.is(error) && error.code === 'STORE_BUSY') || attempt === REPEATS_MAX) throw error;
      } finally {
        // Of one that failed too: its COMMIT may have arrived without its answer.
        this.changeCount += 1;
      }
    }
  }

  /** As {@link change}, and nothing of it stays: to see what a change would do, rules and all. */
  async rehearse<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.guard(async (dataSource) => {
      const runner = dataSource.createQueryRunner();
      try {
        await runner.startTransaction();
        await runner.query('SELECT id FROM installation WHERE id = 1 FOR UPDATE');
        return await work(runner.manager);
      } finally {
        // On a connection that is gone there is nothing to take back.
        if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
        await runner.release();
      }
    });
  }

  private async guard<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    const { dataSource, options } = this;
    const address = `${options.host}:${String(options.port)}`;
    if (dataSource === null) {
      const problem = `The manager's database at ${address} cannot be used: ${this.reason}`;
      throw new SyncError('STORE_UNREACHABLE', { problem, address });
    }
    const limit = this.answerLimit(address);
    try {
      return await Promise.race([work(dataSource), limit.passed]);
    } catch (error) {
      throw storeFailure(error, options);
    } finally {
      limit.cancel();
    }
  }

  /** Rejects when the store takes too long. The error is made only then: a manager that is read from asks thousands of times a second. */
  private answerLimit(address: string): { readonly passed: Promise<never>; readonly cancel: () => void } {
    let cancel = (): void => undefined;
    const passed = new Promise<never>((_resolve, reject) => {
      cancel = this.clock.callAfter(ANSWER_MS_MAX, () => {
        const problem = `The manager's database at ${address} did not answer within ${String(ANSWER_MS_MAX / 1000)} s`;
        reject(new SyncError('STORE_UNREACHABLE', { problem, address }));
      });
    });
    return { passed, cancel };
  }

  private async connect(): Promise<DataSource> {
    try {
      return await this.dataSourceOf(this.options.database).initialize();
    } catch (error) {
      if (!isDatabaseMissing(error)) throw error;
    }
    const server = await this.dataSourceOf(null).initialize();
    try {
      // The name is checked by the environment's class: word characters only.
      await server.query(`CREATE DATABASE IF NOT EXISTS \`${this.options.database}\` DEFAULT CHARACTER SET utf8mb4`);
    } finally {
      await destroyQuietly(server, this.clock);
    }
    return this.dataSourceOf(this.options.database).initialize();
  }

  private dataSourceOf(database: string | null): DataSource {
    const { host, port, user, password, tls } = this.options;
    const secured = tls === undefined ? null : secureStore(host, port, tls);
    return new DataSource({
      type: 'mysql',
      host,
      port,
      username: user,
      password,
      ...(database === null ? {} : { database }),
      charset: 'utf8mb4',
      timezone: 'Z',
      connectTimeout: CONNECT_MS_MAX,
      synchronize: false,
      logging: false,
      // Without a database there are no tables, and TypeORM refuses entities.
      entities: database === null ? [] : [...ENTITIES],
      migrations: [...MIGRATIONS],
      migrationsTableName: 'migration',
      poolSize: CONNECTIONS_MAX,
      ...(secured === null ? {} : { ssl: secured.ssl }),
      extra: { queueLimit: WAITING_MAX, enableKeepAlive: true, ...secured?.extra },
    });
  }

  private async migrate(dataSource: DataSource, prepare: (manager: EntityManager) => Promise<void>): Promise<void> {
    const runner = dataSource.createQueryRunner();
    const name = `lutra.manager.${this.options.database}`.slice(0, 64);
    try {
      const rows: unknown = await runner.query('SELECT GET_LOCK(?, ?) AS isMine', [name, MIGRATION_LOCK_S_MAX]);
      if (!isLocked(rows)) {
        const problem = `Another manager has been migrating the database for more than ${String(MIGRATION_LOCK_S_MAX)} s`;
        throw new SyncError('STORE_BUSY', { problem });
      }
      // DDL commits by itself here, so a transaction would promise what it cannot keep: migrations are repeatable instead.
      await dataSource.runMigrations({ transaction: 'none' });
      await dataSource.transaction(prepare);
      await runner.query('DO RELEASE_LOCK(?)', [name]);
    } finally {
      await runner.release();
    }
  }
}

function isLocked(rows: unknown): boolean {
  if (!Array.isArray(rows)) return false;
  const [first] = rows as readonly { readonly isMine?: unknown }[];
  return Number(first?.isMine) === 1;
}

/** The connections are broken or of no use any more: nothing can be done about an error here. */
async function destroyQuietly(dataSource: DataSource, clock: Clock): Promise<void> {
  const done = new AbortController();
  // Closing may fail because it is closed.
  const closing = dataSource.destroy().catch(() => undefined);
  await Promise.race([closing, clock.sleep(CLOSE_MS_MAX, done.signal)]);
  done.abort();
}
