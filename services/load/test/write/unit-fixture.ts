import { randomBytes } from 'node:crypto';
import { compileTableWriter, openTarget } from '@lutra/sql';
import type { TableWriter, TargetSession } from '@lutra/sql';
import { compileTargetLookup, completeDefinition, DEFAULT_PARAMETERS, must, systemClock } from '@lutra/model';
import type {
  ConflictPolicy,
  DataSourceDefinition,
  PipelineParameters,
  RowChange,
  TableDefinition,
} from '@lutra/model';
import { ensureConflictTable, ensureDeadLetterTable } from '@lutra/sql';
import { testServers } from '@lutra/testing';
import { plannedAlone, planStatements } from '../../src/plan/plan-statements.ts';
import { planUnit } from '../../src/plan/plan-unit.ts';
import type { PlannedStatement, WritableRow } from '../../src/plan/planned-statement.ts';
import { receivedOne } from '../received.ts';
import type { UnitStart } from '../../src/unit-start.ts';
import type { Conflict } from '../../src/write/conflict.ts';
import { WriteRules } from '../../src/write/write-rules.ts';
import { writeUnit } from '../../src/write/write-unit.ts';
import { createPeople, peopleTable } from '../rows.ts';

type Row = Readonly<Record<string, unknown>>;

const LIMITS = { rowsMax: 500, charactersMax: 1_000_000 };

/** Writes units into a table `people` of a real server, without a loader around it. */
export class UnitFixture {
  readonly schema = `unit_${randomBytes(6).toString('hex')}`;
  readonly pipelineId = `test-${randomBytes(8).toString('hex')}`;
  session!: TargetSession;
  writer!: TableWriter;
  rules = new WriteRules({ epoch: 1, clock: systemClock });
  private readonly sessions: TargetSession[] = [];
  private seq = 0;
  private serverUuid = 'a';

  private constructor(private readonly server: 'mariadbTarget' | 'mysql') {}

  static async open(server: 'mariadbTarget' | 'mysql'): Promise<UnitFixture> {
    const fixture = new UnitFixture(server);
    fixture.session = await fixture.connect();
    await ensureDeadLetterTable(fixture.session);
    await ensureConflictTable(fixture.session);
    await fixture.session.query(`CREATE DATABASE ${fixture.schema} CHARACTER SET utf8mb4`);
    return fixture;
  }

  async connect(): Promise<TargetSession> {
    const session = await openTarget(this.target(), testServers()[this.server].password, {
      clock: systemClock,
      // The other server has inserts as text.
      bulk: 'always',
    });
    this.sessions.push(session);
    return session;
  }

  target(): DataSourceDefinition {
    const { kind, host, port, user } = testServers()[this.server];
    return { id: 'target', name: 'target', kind, host, port, user, password: '', tls: 'disabled' };
  }

  /** An empty table, and nothing remembered. `create`: its columns, otherwise {@link createPeople}. */
  async reset(
    definition: TableDefinition = peopleTable(this.schema),
    create = createPeople(this.schema),
  ): Promise<void> {
    await this.session.rollback();
    this.serverUuid = 'a';
    this.rules = new WriteRules({ epoch: 1, clock: systemClock });
    await this.run(`DROP TABLE IF EXISTS ${this.schema}.${definition.table}`, create);
    for (const table of ['dead_letter', 'conflict'])
      await this.run(`DELETE FROM lutra.${table} WHERE pipeline_id = '${this.pipelineId}'`);
    this.writer = compileTableWriter(
      definition,
      must(await this.session.describeTable(definition), 'it was just created'),
      { noPrimaryKey: 'matchAllColumns' },
    );
  }

  definition(onConflict?: ConflictPolicy, parameters: Partial<PipelineParameters> = {}) {
    const target = this.target();
    const mapping = {
      id: 'm',
      source: { schema: 'shop', table: { regex: '.*' } },
      target: { schema: this.schema },
      columns: { mode: 'all' as const },
      ...(onConflict === undefined ? {} : { onConflict }),
    };
    return completeDefinition({
      id: this.pipelineId,
      name: 'test',
      channelId: 'channel',
      revision: 1,
      source: target,
      target,
      mappings: [mapping],
      parameters: { ...DEFAULT_PARAMETERS, poisonTries: 2, ...parameters },
      start: { kind: 'latest' },
    });
  }

  /** What was planned last comes again in a new epoch, from a place of the source that says where. */
  again(epoch: number, serverUuid: string): void {
    this.rules = new WriteRules({ epoch, clock: systemClock });
    this.serverUuid = serverUuid;
    this.seq -= 1;
  }

  /** Statements of the changes as they come; those of one kind share one. */
  plan(changes: readonly RowChange[]): readonly PlannedStatement[] {
    return planStatements(
      this.rowsFrom(changes).map((row) => plannedAlone(row)),
      LIMITS,
    );
  }

  /** Statements of the changes as merged mode writes them under the policy. */
  planMerged(changes: readonly RowChange[], policy: ConflictPolicy): readonly PlannedStatement[] {
    const mappingOf = compileTargetLookup(this.definition(policy).mappings);
    return planUnit(this.rowsFrom(changes), { ...LIMITS, isMerged: true, mappingOf });
  }

  private rowsFrom(changes: readonly RowChange[]): readonly WritableRow[] {
    this.seq += 1;
    const { serverUuid, writer } = this;
    const transaction = { seq: this.seq, gtid: `0-1-${String(this.seq)}`, firstEvent: 0, commitMs: 0, isLast: true };
    const origin = { process: 1, transaction, serverUuid };
    return changes.map((change, row) => ({ writer, change: receivedOne({ ...change, row }), origin }));
  }

  /** Writes one unit and commits it; what it throws is thrown after a rollback. */
  async write(
    planned: readonly PlannedStatement[],
    policy?: ConflictPolicy,
    parameters: Partial<PipelineParameters> = {},
  ): Promise<readonly Conflict[]> {
    const how = { ...this.rules.howFor(this.definition(policy, parameters)) };
    const start: UnitStart = {
      statement: { sql: 'SELECT 1' },
      check: () => Promise.resolve(),
      undo: () => this.session.rollback(),
    };
    try {
      const conflicts = await writeUnit(this.session, start, planned, how);
      await this.session.commit();
      this.rules.settle(conflicts);
      return conflicts;
    } catch (error) {
      await this.session.rollback();
      throw error;
    }
  }

  async people(): Promise<readonly (readonly unknown[])[]> {
    return (await this.rows(`SELECT * FROM ${this.writer.quoted} ORDER BY 1`)).map((row) => Object.values(row));
  }

  /** Of the table, in the order of its key. */
  rowsOf(columns: string): Promise<readonly Row[]> {
    return this.rows(`SELECT ${columns} FROM ${this.writer.quoted} ORDER BY id`);
  }

  letters(columns = 'kind, state, error_code AS code'): Promise<readonly Row[]> {
    return this.rows(
      `SELECT ${columns} FROM lutra.dead_letter WHERE pipeline_id = '${this.pipelineId}' ORDER BY epoch, seq, event, \`row\`, part`,
    );
  }

  recorded(): Promise<readonly Row[]> {
    return this.rows(`SELECT * FROM lutra.conflict WHERE pipeline_id = '${this.pipelineId}' ORDER BY id`);
  }

  async rows(sql: string): Promise<readonly Row[]> {
    const rows = await this.session.query(sql);
    await this.session.commit();
    return rows;
  }

  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.session.query(statement);
    await this.session.commit();
  }

  async close(): Promise<void> {
    await this.session.rollback();
    await this.run(`DROP DATABASE IF EXISTS ${this.schema}`);
    for (const table of ['dead_letter', 'conflict', 'checkpoint'])
      await this.run(`DELETE FROM lutra.${table} WHERE pipeline_id = '${this.pipelineId}'`).catch(() => undefined);
    await Promise.all(this.sessions.map((session) => session.close()));
  }
}

export const TARGETS = [
  ['MariaDB', 'mariadbTarget'],
  ['MySQL', 'mysql'],
] as const;
