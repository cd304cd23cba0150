import { SourceSession } from '@lutra/binlog';
import type { SourceOptions } from '@lutra/binlog';
import {
  attachDefinition,
  describeDefined,
  describeStored,
  readLoggedTable,
  readSourceTable,
} from '@lutra/binlog/schema';
import type { LoggedTable } from '@lutra/binlog/schema';
import type { Bus } from '@lutra/messaging';
import { must, parseDone, placeOfTransaction, SyncError } from '@lutra/model';
import type { DatabaseKind, DonePlace, TableDefinition } from '@lutra/model';
import type { PipelineSession } from '@lutra/service-kit';
import { KeptHistories } from './kept-histories.ts';
import { LookAhead } from './look-ahead.ts';
import type { ChangeAhead } from './look-ahead.ts';
import { readSchemaChange } from './schema-change.ts';
import { SchemaHistory } from './schema-history.ts';
import type { SelectStatus } from './select-status.ts';
import type { KnownTable } from './table-filter.ts';
import type { TransactionTracker } from './transaction-tracker.ts';

export interface TableSchemasOptions {
  readonly bus: Bus;
  /** Looking ahead may take long: it ends with the epoch, and when the pipeline shall drain. */
  readonly session: PipelineSession;
  readonly status: SelectStatus;
  /** The server that the dump comes from: another one may be at another point of its history. */
  readonly current: () => { readonly source: SourceOptions; readonly serverUuid: string };
}

/** A mapped table whose rows cannot be sent before its columns are known. */
interface WantedTable {
  readonly table: KnownTable;
  readonly logged: LoggedTable;
  /** Everything in front of the transaction of the rows: where a dump may begin. */
  readonly before: DonePlace;
  /** The same with that transaction: statements in it stand before its rows. */
  readonly place: DonePlace;
  readonly position: string;
  readonly gtid: string;
  /** Why the known version does not serve; null = there is none. */
  readonly mismatch: SyncError | null;
}

const FULL_METADATA = 'SET GLOBAL binlog_row_metadata = FULL';

/**
 * Completes the table maps of a source that does not log the names of columns (and what MariaDB hides in any case) with the
 * definition that was in force when their rows were written, or stops the pipeline: it never takes the table as it is now
 * for what it was. A first sight reads information_schema, then looks ahead in the log up to its end: no statement that may
 * concern the table may stand between the rows and the moment of that reading (it ran before the log's end was asked for).
 */
export class TableSchemas {
  private history = new SchemaHistory([]);
  private isLoaded = false;
  private readonly kept: KeptHistories;
  private readonly ahead: LookAhead;
  private readonly kind: DatabaseKind;
  private readonly signal: AbortSignal;
  private session: SourceSession | null = null;
  private wantedTable: WantedTable | null = null;

  constructor(private readonly options: TableSchemasOptions) {
    const { bus, session } = options;
    this.kept = new KeptHistories(bus, session);
    this.kind = session.definition.source.kind;
    this.signal = AbortSignal.any([session.signal, session.draining]);
    this.ahead = new LookAhead((position) => {
      this.options.status.cause = `Looks ahead for schema changes of ${this.wantedName}: at ${position}`;
    });
  }

  /** True when {@link resolve} has to be called before more is consumed. */
  get isWanted(): boolean {
    return this.wantedTable !== null;
  }

  /** For the table filter: what the map leaves open, null when it tells everything. */
  readonly openOf = (map: Buffer): LoggedTable | null => {
    const logged = readLoggedTable(map, this.kind);
    return logged.isWhole ? null : logged;
  };

  /** A dump begins behind `start`. */
  async begin(start: DonePlace): Promise<void> {
    this.wantedTable = null;
    if (this.isLoaded) return;
    this.history = new SchemaHistory(await this.kept.load(start));
    this.isLoaded = true;
  }

  /** False when rows of the table have to wait for {@link resolve}. */
  isReady(table: KnownTable, tracker: TransactionTracker): boolean {
    const { open } = table;
    if (open === null) return true;
    const place = placeOfRows(tracker);
    const definition = this.history.definitionAt(table, place);
    let mismatch: SyncError | null = null;
    if (definition !== null) {
      try {
        settle(table, open, definition);
        return true;
      } catch (error) {
        mismatch = SyncError.of(error);
      }
    }
    const gtid = must(tracker.current, 'rows belong to a transaction').gtid;
    const position = tracker.position.toString();
    this.wantedTable = { table, logged: open, before: tracker.place().done, place, position, gtid, mismatch };
    return false;
  }

  /** A statement that was consumed. True when tables that are known may look otherwise from here on. */
  observe(statement: string, schema: string, tracker: TransactionTracker): boolean {
    // Nothing is known of any table: nothing can become wrong. Sources with full metadata pay no more than this.
    if (this.history.isEmpty) return false;
    const change = readSchemaChange(statement, schema);
    if (change === null) return false;
    const { done } = tracker.place();
    const name = done.kind === 'file' || tracker.current === null ? tracker.position.toString() : tracker.current.gtid;
    this.history.changed(placeOfTransaction(name, done), change.concerns);
    return true;
  }

  /** Statements up to `place` have been observed: keeps what is known, in the background. */
  keep(place: DonePlace): void {
    this.kept.save(this.history, place);
  }

  /**
   * Finds out what the wanted table looked like. Returns the error that has to stop the pipeline in front of the rows;
   * null when they can go on, or when the signal aborted. Throws what the connection throws.
   */
  async resolve(): Promise<SyncError | null> {
    const wanted = must(this.wantedTable, 'a table is wanted');
    const { status } = this.options;
    const { phase } = status;
    status.phase = 'seeking';
    status.cause = `Looks ahead for schema changes of ${this.wantedName}`;
    try {
      const stop = await this.find(wanted);
      this.keep(wanted.before);
      this.wantedTable = null;
      return stop;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      status.phase = phase;
      status.cause = null;
    }
  }

  /** The epoch is over: waits until what is known is kept. */
  async end(): Promise<void> {
    this.close();
    await this.kept.flush();
  }

  private close(): void {
    this.session?.close();
    this.session = null;
    this.ahead.forget();
    this.wantedTable = null;
  }

  private async find(wanted: WantedTable): Promise<SyncError | null> {
    const { table, logged, place, mismatch } = wanted;
    if (mismatch !== null) {
      this.history.distrust(table, place);
      return stopAt(wanted, mismatch, UNSEEN);
    }
    const session = await this.connect();
    // In this order: whatever is in force in this answer stands in the log in front of the end that is asked for next.
    const current = await readSourceTable(session, table);
    const seen = parseDone(place);
    const change = await this.ahead.firstBehind(wanted.before, session.options, {
      matters: (each) => !seen.contains(each.gtid) && each.concerns(table.schema, table.table) && spoils(each, logged),
      signal: this.signal,
    });
    if (change === 'aborted') return null;
    if (change !== null) return changedMeanwhile(wanted, change, current);
    try {
      settle(table, logged, current);
    } catch (error) {
      return stopAt(wanted, SyncError.of(error), UNSEEN);
    }
    if (current !== null) this.history.learn(table, place, current);
    return null;
  }

  private async connect(): Promise<SourceSession> {
    if (this.session !== null) return this.session;
    const { source, serverUuid } = this.options.current();
    const session = await SourceSession.open(source);
    if (session.server.uuid !== serverUuid) {
      session.close();
      throw new SyncError('SOURCE_CONNECTION_LOST', {
        problem: `Another server (${session.server.uuid}) answers at ${session.address} than the one that sends its log (${serverUuid})`,
      });
    }
    return (this.session = session);
  }

  private get wantedName(): string {
    const table = this.wantedTable?.table;
    return table === undefined ? '' : `${table.schema}.${table.table}`;
  }
}

function settle(table: KnownTable, open: LoggedTable, definition: TableDefinition | null): void {
  table.map = attachDefinition(table.map, open, definition);
  table.open = null;
}

/** Behind the statements that stand before the rows that are being read, their own transaction's included. */
function placeOfRows(tracker: TransactionTracker): DonePlace {
  const { done } = tracker.place();
  if (done.kind === 'file') return { ...done, file: tracker.position.file, offset: tracker.position.offset };
  const set = parseDone(done);
  if (tracker.current !== null) set.add(tracker.current.gtid);
  return set.toDone();
}

/** Where the log names columns, only a change of those counts whose type it does not tell. */
function spoils(change: ChangeAhead, { map, known }: LoggedTable): boolean {
  if (map.optional.names === undefined || !change.isPlainAlter) return true;
  const open = known.columns.filter(({ kind }) => /^(?:binary|time|datetime|timestamp|enum|set)$/.test(kind));
  return open.some(({ name }) => change.mentions(name));
}

const UNSEEN =
  'The log tells of no statement that changed it (a session with sql_log_bin = 0?). After a RESTART the table is read anew and taken if it fits';

function stopAt({ table, position, gtid }: WantedTable, error: SyncError, advice: string): SyncError {
  const name = `${table.schema}.${table.table}`;
  const problem = `${String(error.details['problem'])}. They stand at ${position} in transaction ${gtid}. ${advice}`;
  return new SyncError(error.code, { ...error.details, table: name, position, gtid, problem }, { cause: error });
}

function changedMeanwhile(
  { table, logged, position, gtid }: WantedTable,
  change: ChangeAhead,
  current: TableDefinition | null,
): SyncError {
  const name = `${table.schema}.${table.table}`;
  const shape = describeStored(logged.map);
  const now = current === null ? 'gone' : describeDefined(current);
  const problem =
    `Rows of ${name} at ${position} in transaction ${gtid} do not name their columns, and a later statement may have changed the table: ` +
    `${change.statement} (at ${change.position}, ${change.gtid}). The log has (${shape}), the table is (${now}). ` +
    'What it looked like when the rows were written cannot be known any more: copy the table and set a new position behind the statement';
  return new SyncError('SOURCE_SCHEMA_MISMATCH', {
    problem,
    table: name,
    position,
    gtid,
    logged: shape,
    now,
    changedBy: change.statement,
    changedAt: change.position,
    statement: FULL_METADATA,
  });
}
