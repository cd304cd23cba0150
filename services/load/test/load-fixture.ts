import { randomBytes } from 'node:crypto';
import { ByteBudget, DEFAULT_PARAMETERS, sealSecret, systemClock } from '@lutra/model';
import type {
  CursorState,
  DataSourceDefinition,
  LoadedEvent,
  LutraEvent,
  MappingDefinition,
  PipelineDefinition,
  PipelineParameters,
  Place,
  ProcessHeader,
  RowChange,
  TableDefinition,
  TargetDdl,
} from '@lutra/model';
import { encodeStatementBody, openBus, removeNamespace, RowProcessEncoder, STATEMENT_SCHEMA } from '@lutra/messaging';
import type { Bus, BusOptions } from '@lutra/messaging';
import { ensureCheckpointTable, openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { testServers, waitUntil } from '@lutra/testing';
import { LANES_ROWS_MIN, LaneUse } from '../src/lane-use.ts';
import { LoadEnv } from '../src/load.env.ts';
import { loadEpoch } from '../src/load-epoch.ts';

export const SOURCE_UUID = 'a5a5a5a5-0000-0000-0000-000000000001';
const KEY = Buffer.alloc(32, 7).toString('base64');

export const doneUpTo = (last: number): Place => ({
  done: { kind: 'mysqlGtid', gtidSet: last === 0 ? '' : `${SOURCE_UUID}:1-${String(last)}` },
  inside: null,
});

const headerOf = (identity: Pick<ProcessHeader, 'pipelineId' | 'epoch' | 'process'>, end: Place): ProcessHeader => ({
  ...identity,
  revision: 1,
  end,
  serverUuid: SOURCE_UUID,
  transactionCount: 1,
  rowCount: 0,
  sourceBytes: 0,
  firstCommitMs: 0,
  lastCommitMs: 0,
  stages: [],
});

/** A process to be written: each transaction has a number, which is its GTID's too. */
export interface TestProcess {
  readonly epoch: number;
  readonly process: number;
  readonly tables: readonly TableDefinition[];
  readonly transactions: readonly { readonly number: number; readonly changes: readonly RowChange[] }[];
  readonly end?: Place;
}

interface LoadFixtureOptions {
  /** The loader reaches the target through this port of 127.0.0.1. */
  readonly loaderPort?: number;
  readonly sourceSchema?: string;
  /** Mappings by the expression for their tables, each with what it has beyond the usual; all tables, and nothing, otherwise. */
  readonly mapped?: Readonly<Record<string, Pick<MappingDefinition, 'onConflict'>>>;
}

/** A loader in this process, on a real bus and a real target, with the hand of the test in place of arbiter and select. */
export class LoadFixture {
  readonly schema = `load_${randomBytes(6).toString('hex')}`;
  readonly pipelineId = `test-${randomBytes(8).toString('hex')}`;
  readonly events: LutraEvent[] = [];
  bus!: Bus;
  admin!: TargetSession;
  private readonly namespace = `t${randomBytes(6).toString('hex')}`;
  private readonly over = new AbortController();
  private readonly running: Promise<unknown>[] = [];

  private constructor(
    private readonly server: 'mariadbTarget' | 'mysql',
    private readonly options: LoadFixtureOptions,
  ) {}

  static async open(server: 'mariadbTarget' | 'mysql', options: LoadFixtureOptions = {}): Promise<LoadFixture> {
    const fixture = new LoadFixture(server, options);
    fixture.bus = await openBus(fixture.busOptions());
    fixture.admin = await openTarget(fixture.target(), testServers()[server].password, { clock: systemClock });
    await fixture.admin.query(`CREATE DATABASE ${fixture.schema} CHARACTER SET utf8mb4`);
    // On a server that nobody has used yet: tests ask for tables of the database lutra before any loader has made it.
    await ensureCheckpointTable(fixture.admin);
    fixture.running.push(fixture.follow());
    return fixture;
  }

  async reconnect(): Promise<void> {
    this.admin = await openTarget(this.target(), testServers()[this.server].password, { clock: systemClock });
  }

  /** Removes everything again. */
  async close(): Promise<void> {
    this.over.abort();
    await Promise.all(this.running);
    await this.bus.close();
    await removeNamespace(this.busOptions());
    const cleaner = await openTarget(this.target(), testServers()[this.server].password, { clock: systemClock });
    await this.admin.close();
    await cleaner.query(`DROP DATABASE IF EXISTS ${this.schema}`);
    await cleaner.query(`DELETE FROM lutra.checkpoint WHERE pipeline_id = '${this.pipelineId}'`);
    await cleaner.commit();
    await cleaner.close();
  }

  target(): DataSourceDefinition {
    const { kind, host, port, user, password } = testServers()[this.server];
    return {
      id: 'target',
      name: 'target',
      kind,
      host,
      port,
      user,
      password: sealSecret(password, KEY),
      tls: 'disabled',
    };
  }

  definition(parameters: Partial<PipelineParameters> = {}): PipelineDefinition {
    const direct = this.target();
    const target = { ...direct, port: this.options.loaderPort ?? direct.port };
    return {
      id: this.pipelineId,
      name: 'test',
      channelId: 'channel',
      revision: 1,
      source: target,
      target,
      mappings: Object.entries(this.options.mapped ?? { '.*': {} }).map(([regex, more], index) => ({
        id: `m${String(index)}`,
        source: { schema: this.options.sourceSchema ?? 'shop', table: { regex } },
        target: { schema: this.schema },
        columns: { mode: 'all' },
        ...more,
      })),
      parameters: { ...DEFAULT_PARAMETERS, ...parameters },
      start: { kind: 'latest' },
    };
  }

  /**
   * Runs one epoch; `end` stops it as a change of the permit would. The failure, if any, is the result. `latest` gives the
   * parameters of the newest definition when they change while it runs.
   */
  startEpoch(
    epoch: number,
    parameters: Partial<PipelineParameters> = {},
    latest: () => Partial<PipelineParameters> = () => parameters,
  ): RunningEpoch {
    const stop = new AbortController();
    const definition = this.definition(parameters);
    const session: PipelineSession = {
      pipelineId: this.pipelineId,
      epoch,
      definition,
      latestDefinition: () => this.definition(latest()),
      signal: AbortSignal.any([stop.signal, this.over.signal]),
      draining: new AbortController().signal,
      log: silentLog(),
    };
    const result = loadEpoch(this.context(`load-${String(epoch)}`), session, {
      laneUse: new LaneUse(LANES_ROWS_MIN),
    }).then(
      () => null,
      (error: unknown) => error,
    );
    this.running.push(result);
    return {
      result,
      end: async () => {
        stop.abort();
        return result;
      },
    };
  }

  async publish({ epoch, process, tables, transactions, end }: TestProcess): Promise<void> {
    const identity = { pipelineId: this.pipelineId, epoch, process };
    const writer = this.bus.writeProcess({ queue: 'transformed', identity, schema: 'target-process/1' });
    const encoder = new RowProcessEncoder(writer);
    for (const table of tables) encoder.defineTable(table);
    for (const { number, changes } of transactions) {
      const gtid = `${SOURCE_UUID}:${String(number)}`;
      encoder.beginTransaction({
        seq: number,
        gtid,
        firstEvent: 0,
        commitMs: number,
        isLast: end?.inside?.gtid !== gtid,
      });
      for (const change of changes) encoder.change(change);
      encoder.endTransaction();
    }
    encoder.end();
    const last = transactions.at(-1)?.number ?? 0;
    await writer.finish({
      ...headerOf(identity, end ?? doneUpTo(last)),
      transactionCount: transactions.length,
      rowCount: transactions.reduce((sum, { changes }) => sum + changes.length, 0),
      sourceBytes: encoder.bytes,
    });
  }

  /** One schema statement, as transform passes it on. */
  async publishStatement(
    place: { readonly epoch: number; readonly process: number; readonly number: number },
    ddl: Pick<TargetDdl, 'kind' | 'text' | 'tables'>,
  ): Promise<void> {
    const { epoch, process, number } = place;
    const identity = { pipelineId: this.pipelineId, epoch, process };
    const writer = this.bus.writeProcess({ queue: 'transformed', identity, schema: STATEMENT_SCHEMA });
    const gtid = `${SOURCE_UUID}:${String(number)}`;
    const transaction = { seq: number, gtid, firstEvent: 0, commitMs: number, isLast: true };
    const session = { sqlMode: null, foreignKeyChecks: true, explicitDefaultsForTimestamp: null };
    const { kind: flavour } = this.target();
    const statement = { ...ddl, ...session, schema: this.schema, flavour, ghost: null };
    const targets = [{ ...ddl, schema: this.schema, ghost: null }];
    writer.write(encodeStatementBody({ transaction, statement, targets }));
    await writer.finish(headerOf(identity, doneUpTo(number)));
  }

  /** Answers the loader's wish for an origin and waits until it has told the place. */
  async giveOrigin(epoch: number, place: Place = doneUpTo(0)): Promise<void> {
    await this.waitForCursor((cursor) => cursor.state === 'origin-wanted' && cursor.epoch === epoch);
    await this.bus.putOrigin(this.pipelineId, { epoch, place, at: new Date().toISOString() });
    await this.waitForPlace(epoch);
  }

  async waitForPlace(epoch: number, process = 0): Promise<CursorState & { state: 'place' }> {
    const cursor = await this.waitForCursor(
      (state) => state.state === 'place' && state.epoch === epoch && state.process >= process,
    );
    return cursor as CursorState & { state: 'place' };
  }

  waitForLoaded(epoch: number, process: number): Promise<LoadedEvent> {
    return waitUntil(
      () =>
        this.events.find(
          (event): event is LoadedEvent =>
            event.kind === 'loaded' && event.epoch === epoch && event.process === process,
        ),
      { what: `process ${String(process)} of epoch ${String(epoch)} to be loaded`, timeoutMs: 60_000, everyMs: 20 },
    );
  }

  async rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const rows = await this.admin.query(sql);
    await this.admin.commit();
    return rows;
  }

  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.admin.query(statement);
    await this.admin.commit();
  }

  async checkpoint(): Promise<Readonly<Record<string, unknown>> | undefined> {
    const [row] = await this.rows(
      `SELECT epoch, owner, step, done, inside, session_id AS sessionId FROM lutra.checkpoint WHERE pipeline_id = '${this.pipelineId}'`,
    );
    return row;
  }

  context(instance: string): ServiceContext<LoadEnv> {
    const env = Object.assign(new LoadEnv(), { LUTRA_SECRET_KEY: KEY });
    return {
      env,
      identity: { service: 'load', instance, host: 'test', version: '0' },
      clock: systemClock,
      log: silentLog(),
      bus: this.bus,
      // Epochs never ask the coordinator: leases are service-kit's.
      coordinator: undefined as never,
      budget: new ByteBudget(env.LUTRA_MEMORY_BYTES_MAX),
    };
  }

  private waitForCursor(isIt: (cursor: CursorState) => boolean): Promise<CursorState> {
    const question = async (): Promise<CursorState | false> => {
      const cursor = await this.bus.cursor(this.pipelineId);
      return cursor !== null && isIt(cursor) ? cursor : false;
    };
    return waitUntil(question, { what: 'the cursor', timeoutMs: 60_000, everyMs: 50 });
  }

  private async follow(): Promise<void> {
    const filter = { pipelineId: this.pipelineId };
    for await (const event of this.bus.followEvents(filter, this.over.signal)) this.events.push(event);
  }

  private busOptions(): BusOptions & { namespace: string } {
    return { ...testServers().nats, name: 'load-test', namespace: this.namespace };
  }
}

export interface RunningEpoch {
  /** Null when it ended by itself or by `end`, else what it threw. */
  readonly result: Promise<unknown>;
  end(): Promise<unknown>;
}

function silentLog(): PipelineSession['log'] {
  const nothing = (): void => undefined;
  const log = {
    trace: nothing,
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
    fatal: nothing,
    child: () => log,
  };
  return log as unknown as PipelineSession['log'];
}
