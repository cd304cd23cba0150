import { randomBytes } from 'node:crypto';
import type { DatabaseKind, PipelineParameters, StartDefinition } from '@lutra/model';
import { must } from '@lutra/model';
import { compareTables, connectTo, createAccount, runSql, sourceGrants, targetGrants, waitUntil } from '@lutra/testing';
import type { DatabaseServer, LocalStack, TablePair } from '@lutra/testing';
import { differences, wholeSchema } from '../e2e-stack.ts';
import { tablesOf, withTableNames } from './scenario.ts';
import type { Scenario } from './scenario.ts';

export interface SiteOptions {
  readonly kind: DatabaseKind;
  readonly stack: LocalStack;
  /** Administrators' logins of two servers. */
  readonly source: DatabaseServer;
  readonly target: DatabaseServer;
  readonly scenarios: readonly Scenario[];
  /** Ways of applying, each with a pipeline and a schema of its own at the target, by name. */
  readonly flavours: Readonly<Record<string, Partial<PipelineParameters>>>;
  /** A file that both sides' servers can read, for LOAD DATA. */
  readonly file: string;
}

const MARKER = 'marker';
const WAIT_MS = 30_000;
/** Several pipelines may be catching up with all scenarios beside each other. */
const ARRIVAL_MS = 120_000;

/**
 * One source whose scenarios are applied in several ways to one target server of the same kind. All tables are made before
 * anything runs, so that no scenario waits for another one's.
 */
export class ScenarioSite {
  private readonly schema = `scen_${randomBytes(3).toString('hex')}`;
  private readonly pipelines = new Map<string, string>();
  private readonly prefixes: ReadonlyMap<string, string>;
  private logins: { readonly source: DatabaseServer; readonly target: DatabaseServer } | null = null;
  private origin = '';
  private markers = 0;

  private constructor(private readonly options: SiteOptions) {
    this.prefixes = new Map(options.scenarios.map(({ name }, index) => [name, `s${String(index)}`]));
  }

  /** Makes schemas, accounts and tables. */
  static async start(options: SiteOptions): Promise<ScenarioSite> {
    const site = new ScenarioSite(options);
    await Promise.all([
      site.createTables(options.source, site.schema, true),
      ...Object.keys(options.flavours).map((flavour) =>
        site.createTables(options.target, site.targetSchema(flavour), false),
      ),
    ]);
    site.logins = await site.createAccounts();
    const position = options.kind === 'mysql' ? '@@global.gtid_executed' : '@@global.gtid_binlog_pos';
    site.origin = String((await site.ask(options.source, `SELECT ${position} AS value`))[0]?.['value']);
    return site;
  }

  async stop(): Promise<void> {
    const drop = (schema: string): string => `DROP DATABASE IF EXISTS \`${schema}\``;
    // Not logged: the pipelines, which run on, would take it for a change of their tables.
    await runSql(this.options.source, ['SET SESSION sql_log_bin = 0', drop(this.schema)]);
    await runSql(
      this.options.target,
      Object.keys(this.options.flavours).map((flavour) => drop(this.targetSchema(flavour))),
    );
  }

  /** Starts the pipelines of flavours, in place of those that they have: at what comes now, or at what came since the tables were made. */
  async startPipelines(flavours: readonly string[], from: 'now' | 'origin'): Promise<void> {
    await Promise.all(flavours.map((flavour) => this.startPipeline(flavour, from)));
  }

  /**
   * Runs scenarios one behind the other, those that the server understands, and tells what stands in the way of equality
   * after the last one. A flavour that has failed begins anew behind them: one failure stays one.
   */
  async follow(scenarios: readonly Scenario[], flavours: readonly string[]): Promise<string[]> {
    const understood = scenarios.filter((scenario) => this.options.scenarios.includes(scenario));
    if (understood.length === 0) return [];
    const refused: string[] = [];
    for (const scenario of understood) {
      try {
        await this.run(scenario);
      } catch (error) {
        refused.push(`${this.options.kind}: ${scenario.name}: ${(error as Error).message}`);
      }
    }
    const problems = flavours.map(async (flavour) => {
      const found = await this.problemsOf(flavour, understood);
      if (found.length > 0) await this.startPipeline(flavour, 'now');
      return found;
    });
    return [...refused, ...(await Promise.all(problems)).flat()];
  }

  private async startPipeline(flavour: string, from: 'now' | 'origin'): Promise<void> {
    await this.removePipeline(flavour);
    const { source, target } = must(this.logins, 'the site has started');
    const start: StartDefinition = from === 'now' ? { kind: 'latest' } : { kind: 'gtid', gtid: this.origin };
    const mapping = wholeSchema(this.schema);
    const id = await this.options.stack.createPipeline({
      name: `${this.options.kind}-${flavour}-${randomBytes(3).toString('hex')}`,
      source,
      target,
      start,
      parameters: must(this.options.flavours[flavour], flavour),
      mappings: [{ ...mapping, target: { schema: this.targetSchema(flavour) } }],
    });
    this.pipelines.set(flavour, id);
  }

  /** Runs the texts of a scenario at the source, each in a session of its own. */
  private async run(scenario: Scenario): Promise<void> {
    const prefix = must(this.prefixes.get(scenario.name), scenario.name);
    for (const text of scenario.sql) {
      const connection = await connectTo(this.options.source, this.schema);
      try {
        await connection.query(this.filled(text, prefix));
        const { threadId } = connection;
        await connection.end();
        await this.sessionEnded(threadId);
      } catch (error) {
        connection.destroy();
        throw error;
      }
    }
  }

  /** What stands in the way of equality once everything that was committed so far has been applied; empty when nothing does. */
  async problemsOf(flavour: string, scenarios = this.options.scenarios): Promise<string[]> {
    const marker = await this.mark();
    const stopped = await this.arrived(flavour, marker);
    const name = `${this.options.kind}, ${flavour}`;
    if (stopped !== null) return [`${name}: ${stopped}`];
    const tables = scenarios.flatMap((scenario) =>
      this.pairsOf(flavour, scenario).map((pair) => ({ scenario: scenario.name, pair })),
    );
    const pairs = tables.map(({ pair }) => pair);
    let found: readonly string[] = ['its tables were never compared'];
    // Lanes of one segment commit each for itself, so the marker may come a little before the rest.
    await waitUntil(
      async () => {
        const comparison = await compareTables(this.options.source, this.options.target, pairs);
        found = comparison.flatMap((table, index) =>
          differences([table]).map((difference) => `${must(tables[index], 'one per pair').scenario}: ${difference}`),
        );
        return found.length === 0;
      },
      { what: 'equal tables', timeoutMs: 60_000, everyMs: 50 },
    ).catch((error: unknown) => {
      // A difference says more than that time was up.
      found = [...found, (error as Error).message];
    });
    return found.map((difference) => `${name}: ${difference}`);
  }

  /** What a session leaves open (a prepared XA transaction) belongs to it until the server has taken it down. */
  private async sessionEnded(id: number): Promise<void> {
    const isThere = async (): Promise<boolean> =>
      (await this.ask(this.options.source, 'SHOW PROCESSLIST')).some((row) => Number(row['Id']) === id);
    await waitUntil(async () => !(await isThere()), { what: 'the end of a session', timeoutMs: WAIT_MS, everyMs: 5 });
  }

  private async removePipeline(flavour: string): Promise<void> {
    const { api } = this.options.stack;
    const id = this.pipelines.get(flavour);
    if (id === undefined) return;
    await api.command(id, 'STOP', 'the scenario has failed');
    await waitUntil(async () => (await api.pipeline(id)).state === 'STOPPED', { what: 'the stop', timeoutMs: WAIT_MS });
    await api.delete('/pipelines/{id}', { path: { id } });
    this.pipelines.delete(flavour);
  }

  private async mark(): Promise<number> {
    const marker = (this.markers += 1);
    await runSql(this.options.source, [`INSERT INTO \`${this.schema}\`.${MARKER} VALUES (${String(marker)})`]);
    return marker;
  }

  /** Null when the marker is there; otherwise why it does not come. */
  private async arrived(flavour: string, marker: number): Promise<string | null> {
    const connection = await connectTo(this.options.target, this.targetSchema(flavour));
    const id = must(this.pipelines.get(flavour), `${flavour} has a pipeline`);
    let questions = 0;
    let stopped: string | null = null;
    try {
      await waitUntil(
        async () => {
          const [rows] = await connection.query(`SELECT 1 FROM ${MARKER} WHERE id = ${String(marker)}`);
          if ((rows as unknown[]).length > 0) return true;
          questions += 1;
          if (questions % 50 === 0) stopped = await this.whyStopped(id);
          return stopped !== null;
        },
        { what: 'the marker', timeoutMs: ARRIVAL_MS, everyMs: 10 },
      );
    } catch (error) {
      stopped = (error as Error).message;
    } finally {
      connection.destroy();
    }
    return stopped;
  }

  private async whyStopped(id: string): Promise<string | null> {
    const { state, failure } = await this.options.stack.api.pipeline(id);
    return state === 'RUNNING' ? null : `${state} ${failure?.code ?? ''} ${failure?.message ?? ''}`;
  }

  private pairsOf(flavour: string, scenario: Scenario): TablePair[] {
    const prefix = must(this.prefixes.get(scenario.name), scenario.name);
    const schema = this.targetSchema(flavour);
    return tablesOf(scenario, prefix).map((table) => ({
      source: { schema: this.schema, table },
      target: { schema, table },
    }));
  }

  private filled(text: string, prefix: string): string {
    const { file } = this.options;
    return withTableNames(text, prefix).replaceAll('{file}', file).replaceAll('{run}', `${this.schema}_${prefix}_`);
  }

  private async createTables(server: DatabaseServer, schema: string, isSource: boolean): Promise<void> {
    const statements = this.options.scenarios.flatMap(({ name, tables, atSource = [] }) =>
      [...tables, ...(isSource ? atSource : [])].map((statement) =>
        this.filled(statement, must(this.prefixes.get(name), name)),
      ),
    );
    await runSql(server, [
      // Not logged: what is not written does not have to be synchronised with the disk.
      'SET SESSION sql_log_bin = 0',
      `CREATE DATABASE \`${schema}\` CHARACTER SET utf8mb4`,
      `USE \`${schema}\``,
      `CREATE TABLE ${MARKER} (id INT PRIMARY KEY)`,
      ...statements,
    ]);
  }

  private async createAccounts(): Promise<{ readonly source: DatabaseServer; readonly target: DatabaseServer }> {
    const { source, target, flavours } = this.options;
    const password = randomBytes(12).toString('base64url');
    const targets = Object.keys(flavours).map((flavour) => this.targetSchema(flavour));
    const [reader, writer] = [`${this.schema}_source`, `${this.schema}_target`];
    return {
      source: await createAccount(source, {
        user: reader,
        password,
        grants: sourceGrants(source, reader, [this.schema]),
      }),
      target: await createAccount(target, { user: writer, password, grants: targetGrants(writer, targets) }),
    };
  }

  private async ask(server: DatabaseServer, sql: string): Promise<Readonly<Record<string, unknown>>[]> {
    const connection = await connectTo(server);
    try {
      return (await connection.query(sql))[0] as Readonly<Record<string, unknown>>[];
    } finally {
      connection.destroy();
    }
  }

  private targetSchema(flavour: string): string {
    return `${this.schema}_${flavour.replaceAll(/\W/g, '_')}`;
  }
}
