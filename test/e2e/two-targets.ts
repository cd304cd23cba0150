import { expect } from '@jest/globals';
import type { PipelineParameters } from '@lutra/model';
import type { Connection } from 'mysql2/promise';
import { must } from '@lutra/model';
import { compareTables, connectTo, OwnServer, runSql, testServers } from '@lutra/testing';
import type { DatabaseProgram, DatabaseServer, LocalStack, TablePair } from '@lutra/testing';
import { differences, lastDifferences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

/** A source of its own that feeds the shared MySQL and MariaDB servers at once: one stack, two pipelines. */
export class TwoTargets {
  private constructor(
    readonly source: OwnServer,
    readonly schema: string,
    private readonly e2e: E2eStack,
    /** Into MySQL, into MariaDB. */
    readonly pipelines: readonly string[],
  ) {}

  /** Starts everything with these tables at all three servers; `translate` changes a statement for one of the targets. */
  static async start(options: {
    readonly name: string;
    readonly program: DatabaseProgram;
    readonly extra?: readonly string[];
    readonly schema: string;
    readonly tables: readonly string[];
    readonly translate: (statement: string, target: DatabaseServer) => string;
    readonly parameters?: Partial<PipelineParameters>;
  }): Promise<TwoTargets> {
    const { name, program, extra = [], schema, tables, translate } = options;
    // Where a table has another shape than at the source, it was made so by hand.
    const parameters = { ddl: 'fail' as const, ...options.parameters };
    const { mysql, mariadbTarget } = testServers();
    const source = await OwnServer.start({ program, extra });
    const e2e = await startE2eStack(name, { servers: { source, target: mariadbTarget }, schema });
    await runSql(mysql, [`CREATE DATABASE \`${schema}\``]);
    await e2e.atSource(...tables);
    for (const target of [mysql, mariadbTarget])
      await runSql(target, [`USE \`${schema}\``, ...tables.map((statement) => translate(statement, target))]);
    const mappings = [wholeSchema(schema)];
    const pipelines = [
      await e2e.stack.createPipeline({ mappings, parameters, target: mysql }),
      await e2e.stack.createPipeline({ mappings, parameters }),
    ];
    return new TwoTargets(source, schema, e2e, pipelines);
  }

  get stack(): LocalStack {
    return this.e2e.stack;
  }

  async stop(): Promise<void> {
    await this.e2e.stop();
    await runSql(testServers().mysql, [`DROP DATABASE IF EXISTS \`${this.schema}\``]);
    await this.source.close();
  }

  atSource(...statements: readonly string[]): Promise<void> {
    return this.e2e.atSource(...statements);
  }

  async atTargets(...statements: readonly string[]): Promise<void> {
    for (const target of Object.values(targets())) await runSql(target, [`USE \`${this.schema}\``, ...statements]);
  }

  /** A connection to the source that ends with the work. */
  async withSource<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await connectTo(this.source, this.schema);
    try {
      return await work(connection);
    } finally {
      connection.destroy();
    }
  }

  /** The rows that a query gives at each target. */
  async rowsAtTargets(query: string): Promise<unknown[]> {
    const answers: unknown[] = [];
    for (const target of Object.values(targets())) {
      const connection = await connectTo(target, this.schema);
      try {
        answers.push((await connection.query(query))[0]);
      } finally {
        connection.destroy();
      }
    }
    return answers;
  }

  /** Expects that both targets come to hold what the source holds; of all columns, or of the named ones. */
  async expectEqual(tables: readonly string[], columns?: readonly string[]): Promise<void> {
    const pairs = tables.map((table) => this.pair(table, columns));
    for (const name of Object.keys(targets())) await this.expectPairs(name, pairs);
  }

  /** The same for one of the targets, 'mysql' or 'mariadb', and tables of other names. */
  async expectPairs(name: string, pairs: readonly TablePair[]): Promise<void> {
    const target = must(targets()[name], name);
    const last = await lastDifferences(async () => differences(await compareTables(this.source, target, pairs)), {
      timeoutMs: 60_000,
      // A pipeline that has stopped will not get there.
      isHopeless: async () => (await this.failures()).length > 0,
    });
    expect({ name, differences: last, failures: await this.failures() }).toEqual({
      name,
      differences: [],
      failures: [],
    });
  }

  /** How many events of the source's newest log file match, as 'type info'. */
  logged(pattern: RegExp): Promise<number> {
    return this.withSource(async (connection) => {
      const [files] = (await connection.query('SHOW BINARY LOGS')) as unknown as [{ Log_name: string }[]];
      const [events] = (await connection.query(
        `SHOW BINLOG EVENTS IN '${must(files.at(-1), 'the log is on').Log_name}'`,
      )) as unknown as [{ Event_type: string; Info: string }[]];
      return events.filter(({ Event_type, Info }) => pattern.test(`${Event_type} ${Info}`)).length;
    });
  }

  private pair(table: string, columns?: readonly string[]): TablePair {
    const name = { schema: this.schema, table };
    const same = columns?.map((column) => ({ source: column, target: column }));
    return { source: name, target: name, ...(same === undefined ? {} : { columns: same }) };
  }

  private async failures(): Promise<unknown[]> {
    const views = await Promise.all(this.pipelines.map((id) => this.stack.api.pipeline(id)));
    return views.flatMap(({ failure }) => (failure === null ? [] : [failure]));
  }
}

const targets = (): Readonly<Record<string, DatabaseServer>> => {
  const { mysql, mariadbTarget } = testServers();
  return { mysql, mariadb: mariadbTarget };
};

/** A table for {@link expectPartialImages}. */
export const IMAGE_TABLE =
  'CREATE TABLE image (id INT PRIMARY KEY, a INT, b VARCHAR(20), c TEXT, d BLOB, u INT NOT NULL DEFAULT 0, KEY (u))';

/** Writes with partial row images of a form, and expects that columns which the images lack keep what the targets hold. */
export async function expectPartialImages(two: TwoTargets, form: 'MINIMAL' | 'NOBLOB'): Promise<void> {
  const first = form === 'MINIMAL' ? 0 : 100;
  const ids = [1, 2, 3, 4].map((n) => first + n);
  await two.atSource(
    `INSERT INTO image VALUES ${ids.map((id) => `(${String(id)}, ${String(id)}, 'b', 'c', x'00ff', 0)`).join(',')}`,
  );
  await two.expectEqual(['image']);
  // What the source does not write must stay.
  await two.atTargets(`UPDATE image SET c = 'of the target', d = x'01' WHERE id > ${String(first)}`);
  await two.atSource(
    `SET SESSION binlog_row_image = ${form}`,
    `UPDATE image SET a = NULL WHERE id = ${String(first + 1)}`,
    `UPDATE image SET a = -a, b = 'é' WHERE id = ${String(first + 2)}`,
    `DELETE FROM image WHERE id = ${String(first + 3)}`,
    `UPDATE image SET id = id + 50 WHERE id = ${String(first + 4)}`,
    `INSERT INTO image (id, b) VALUES (${String(first + 5)}, 'new')`,
  );
  await two.expectEqual(['image'], ['id', 'a', 'b', 'u']);
  const kept = { c: 'of the target', d: '01' };
  const rows = [
    { id: first + 1, ...kept },
    { id: first + 2, ...kept },
    { id: first + 5, c: null, d: null },
    { id: first + 54, ...kept },
  ];
  expect(
    await two.rowsAtTargets(`SELECT id, c, HEX(d) AS d FROM image WHERE id > ${String(first)} ORDER BY id`),
  ).toEqual([rows, rows]);
  await two.atTargets('UPDATE image SET c = NULL, d = NULL');
  await two.atSource('UPDATE image SET c = NULL, d = NULL');
}
