import { randomBytes } from 'node:crypto';
import { must } from '@lutra/model';
import type { DatabaseKind, PipelineParameters } from '@lutra/model';
import { compareTables, connectTo, createAccount, runSql, sourceGrants, targetGrants, waitUntil } from '@lutra/testing';
import type { DatabaseServer, LocalStack } from '@lutra/testing';
import { differences } from '../e2e-stack.ts';
import type { DdlText } from './ddl-text.ts';

export interface DdlSiteOptions {
  readonly kind: DatabaseKind;
  readonly stack: LocalStack;
  /** Administrators' logins. */
  readonly source: DatabaseServer;
  readonly target: DatabaseServer;
  readonly texts: readonly DdlText[];
}

interface Flavour {
  /** What the schemas' names end with at the target. */
  readonly suffix: string;
  readonly parameters: Partial<PipelineParameters>;
}

/** same: texts go as they were typed; copy: all names are rewritten. */
const FLAVOURS: Readonly<Record<string, Flavour>> = {
  same: { suffix: '', parameters: { lanes: 4 } },
  copy: { suffix: '_copy', parameters: { applyMode: 'transactional' } },
};

const MARKER_WAIT_MS = 150_000;

/** One source whose schema statements two pipelines carry to one server of the same kind. */
export class DdlSite {
  readonly flavours = Object.keys(FLAVOURS);
  private readonly schema = `ddls_${randomBytes(3).toString('hex')}`;
  private readonly pipelines = new Map<string, string>();
  private readonly stopped = new Map<string, string>();

  private constructor(private readonly options: DdlSiteOptions) {}

  /** Makes the schemas, and the pipelines that begin before anything is run. */
  static async start(options: DdlSiteOptions): Promise<DdlSite> {
    const site = new DdlSite(options);
    const { schema } = site;
    const create = (name: string): string[] => [
      `CREATE DATABASE ${name} CHARACTER SET utf8mb4`,
      `CREATE TABLE ${name}.marker (id INT PRIMARY KEY)`,
    ];
    await runSql(options.source, create(schema));
    await runSql(
      options.target,
      Object.values(FLAVOURS).flatMap(({ suffix }) => create(schema + suffix)),
    );
    const accounts = await site.createAccounts();
    for (const [name, { suffix, parameters }] of Object.entries(FLAVOURS)) {
      const mappings = [schema, site.two].map((each) => ({
        source: { schema: each, table: { regex: '.*' } },
        target: { schema: each + suffix },
      }));
      const label = `${schema}-${name}`;
      site.pipelines.set(name, await options.stack.createPipeline({ name: label, ...accounts, parameters, mappings }));
    }
    return site;
  }

  /** Runs every text, each in a session of its own, and a marker behind them. */
  async run(): Promise<void> {
    for (const text of this.options.texts) {
      const connection = await connectTo(this.options.source, this.schema);
      try {
        for (const statement of text.sql) await this.runOne(connection, text, statement);
      } finally {
        connection.destroy();
      }
    }
    await runSql(this.options.source, [`INSERT INTO ${this.schema}.marker VALUES (1)`]);
  }

  /** Resolves when everything has been applied; throws why it never will be. */
  async arrived(flavour: string): Promise<void> {
    const known = this.stopped.get(flavour);
    if (known !== undefined) throw new Error(known);
    const id = must(this.pipelines.get(flavour), flavour);
    const connection = await connectTo(this.options.target, this.schema + must(FLAVOURS[flavour], flavour).suffix);
    try {
      await waitUntil(
        async () => {
          const { state, failure } = await this.options.stack.api.pipeline(id);
          if (failure !== null && state !== 'RUNNING') throw new Error(`${failure.code}: ${failure.message}`);
          const [rows] = await connection.query('SELECT id FROM marker');
          return (rows as unknown[]).length > 0;
        },
        { what: 'the marker', timeoutMs: MARKER_WAIT_MS, everyMs: 250 },
      );
    } catch (error) {
      this.stopped.set(flavour, String(error));
      throw error;
    } finally {
      connection.destroy();
    }
  }

  /** What differs between source and target in the tables of a text: definitions and rows. */
  async problemsOf(flavour: string, text: DdlText): Promise<string[]> {
    const { source, target } = this.options;
    const { suffix } = must(FLAVOURS[flavour], flavour);
    const wanted = await this.tablesOf(source, text, '');
    const found = await this.tablesOf(target, text, suffix);
    const names = (tables: ReadonlyMap<string, string>): string => [...tables.keys()].sort().join(', ');
    if (names(wanted) !== names(found)) return [`${names(wanted)} at the source, ${names(found)} at the target`];
    const changed = [...wanted].filter(([name, definition]) => found.get(name) !== definition);
    const problems = changed.map(([name, definition]) => `${definition}\n at the target: ${String(found.get(name))}`);
    const pairs = [...wanted.keys()].map((name) => {
      const [schema = '', table = ''] = name.split(/\.(.*)/s);
      return { source: { schema, table }, target: { schema: schema + suffix, table } };
    });
    return [...problems, ...differences(await compareTables(source, target, pairs))];
  }

  /** Warnings about statements that were passed over. */
  async passedOver(flavour: string): Promise<readonly string[]> {
    const id = must(this.pipelines.get(flavour), flavour);
    const query = { kinds: 'warning', limit: 200 };
    const { items } = await this.options.stack.api.get('/pipelines/{id}/events', { path: { id }, query });
    return items.filter((event) => event['code'] === 'SOURCE_DDL_SKIPPED').map((event) => String(event['message']));
  }

  /** How many statements were passed over, as the pipeline's statistics count them. */
  async countPassedOver(flavour: string): Promise<number> {
    const id = must(this.pipelines.get(flavour), flavour);
    const { live } = await this.options.stack.api.get('/statistics', { query: { pipelineId: id } });
    return must(live, 'a pipeline has live figures').totals.statementsSkipped;
  }

  async stop(): Promise<void> {
    const drop = (suffix: string): string[] =>
      [this.schema, this.two].map((name) => `DROP DATABASE IF EXISTS ${name}${suffix}`);
    await runSql(this.options.source, ['SET SESSION sql_log_bin = 0', ...drop('')]);
    await runSql(
      this.options.target,
      Object.values(FLAVOURS).flatMap(({ suffix }) => drop(suffix)),
    );
  }

  private get two(): string {
    return `${this.schema}_two`;
  }

  private async runOne(
    connection: Awaited<ReturnType<typeof connectTo>>,
    text: DdlText,
    statement: string,
  ): Promise<void> {
    const mayFail = statement.startsWith('?');
    const sql = this.filled(mayFail ? statement.slice(1) : statement, text);
    try {
      await connection.query(sql);
      if (mayFail) throw new Error('it did not fail');
    } catch (error) {
      if (!mayFail || !('errno' in (error as object))) throw new Error(`${text.name}: ${sql}: ${String(error)}`);
    }
  }

  private filled(text: string, about: DdlText): string {
    const { schema, two } = this;
    return text
      .replaceAll(/#(?=\p{L})/gu, this.prefixOf(about))
      .replaceAll('{one}', schema)
      .replaceAll('{two}', two);
  }

  private prefixOf(text: DdlText): string {
    return `d${String(this.options.texts.indexOf(text))}_`;
  }

  /** Definitions by the name at the source; counters left out, which rows move. */
  private async tablesOf(server: DatabaseServer, text: DdlText, suffix: string): Promise<ReadonlyMap<string, string>> {
    const connection = await connectTo(server);
    try {
      const schemas = [this.schema, this.two];
      const [rows] = await connection.query(
        `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (?) AND TABLE_NAME LIKE ? AND TABLE_TYPE <> 'VIEW'`,
        [schemas.map((name) => name + suffix), `${this.prefixOf(text).replace('_', String.raw`\_`)}%`],
      );
      const tables = new Map<string, string>();
      for (const { s, t } of rows as { s: string; t: string }[]) {
        const [created] = await connection.query('SHOW CREATE TABLE ??.??', [s, t]);
        const definition = (created as Record<string, string>[])[0]?.['Create Table'] ?? '';
        const schema = s.slice(0, s.length - suffix.length);
        tables.set(`${schema}.${t}`, definition.replaceAll(/ AUTO_INCREMENT=\d+/g, ''));
      }
      return tables;
    } finally {
      connection.destroy();
    }
  }

  private async createAccounts(): Promise<{ readonly source: DatabaseServer; readonly target: DatabaseServer }> {
    const { source, target } = this.options;
    const password = randomBytes(12).toString('base64url');
    const [reader, writer] = [`${this.schema}_source`, `${this.schema}_target`];
    const schemas = [this.schema, this.two];
    const targets = Object.values(FLAVOURS).flatMap(({ suffix }) => schemas.map((name) => name + suffix));
    return {
      source: await createAccount(source, { user: reader, password, grants: sourceGrants(source, reader, schemas) }),
      target: await createAccount(target, { user: writer, password, grants: targetGrants(writer, targets) }),
    };
  }
}
