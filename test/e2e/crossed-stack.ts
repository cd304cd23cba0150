import type { MappingCreateDto } from '@lutra/api-client';
import type { PipelineParameters } from '@lutra/model';
import { runSql, testServers } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import type { AskedRow } from './ask-rows.ts';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

/** What stands at the target, and what the source says. */
export type QueryPair = readonly [atTarget: string, atSource: string];

/** One of the two pipelines. */
export interface Way {
  readonly name: 'MariaDB to MySQL' | 'MySQL to MariaDB';
  readonly source: DatabaseServer;
  readonly target: DatabaseServer;
  readonly pipelineId: string;
}

export interface CrossedStack extends E2eStack {
  readonly ways: readonly Way[];
  /** Runs SQL in the schema at both sources; all statements of one call in one session. */
  atSources(...statements: readonly string[]): Promise<void>;
  /** Waits until each target holds what its source says, a minute for each query; what then stands there beside what is wanted. */
  compare(pairs: readonly QueryPair[]): Promise<{ readonly found: Answers; readonly wanted: Answers }>;
}

/** Rows by way and query. */
export type Answers = Readonly<Record<string, readonly AskedRow[]>>;

export interface CrossedTables {
  readonly source: readonly string[];
  /** Of other names: a MySQL server holds both. */
  readonly target: readonly string[];
  readonly parameters?: Partial<PipelineParameters>;
  readonly mappings: (e2e: E2eStack) => readonly MappingCreateDto[] | Promise<readonly MappingCreateDto[]>;
}

/**
 * A stack with the same mappings in two pipelines, from MariaDB to MySQL and from MySQL to MariaDB: each kind of server is source
 * and target once, for the price of two targets of one source.
 */
export async function startCrossedStack(
  name: string,
  { source, target, parameters = {}, mappings }: CrossedTables,
): Promise<CrossedStack> {
  const { mariadbSource, mariadbTarget, mysql } = testServers();
  const e2e = await startE2eStack(name);
  const { schema, stack } = e2e;
  const forgetAndStop = async (): Promise<void> => {
    await runSql(mysql, [`DROP DATABASE IF EXISTS ${schema}`]);
    await e2e.stop();
  };
  try {
    await e2e.atSource(...source);
    await e2e.atTarget(...target);
    await runSql(mysql, [`CREATE DATABASE ${schema} CHARACTER SET utf8mb4`, `USE ${schema}`, ...source, ...target]);
    const all = await mappings(e2e);
    const start = async (way: Omit<Way, 'pipelineId'>): Promise<Way> => ({
      ...way,
      pipelineId: await stack.createPipeline({
        ...{ parameters, mappings: all, name: way.name.replaceAll(' ', '-') },
        // The stack's own logins are those of the MariaDB servers.
        ...(way.source === mysql ? { source: mysql } : { target: mysql }),
      }),
    });
    const ways = [
      await start({ name: 'MariaDB to MySQL', source: mariadbSource, target: mysql }),
      await start({ name: 'MySQL to MariaDB', source: mysql, target: mariadbTarget }),
    ];
    return {
      ...e2e,
      ways,
      atSources: async (...statements) => {
        const all = [`USE ${schema}`, "SET time_zone = '+00:00'", ...statements];
        await Promise.all(ways.map((way) => runSql(way.source, all)));
      },
      compare: (pairs) => compare(e2e, ways, pairs),
      stop: forgetAndStop,
    };
  } catch (error) {
    await forgetAndStop();
    throw error;
  }
}

async function compare(e2e: E2eStack, ways: readonly Way[], pairs: readonly QueryPair[]) {
  const found: Record<string, readonly AskedRow[]> = {};
  const wanted: Record<string, readonly AskedRow[]> = {};
  for (const { name, source, target } of ways)
    for (const [atTarget, atSource] of pairs) {
      const key = `${name}: ${atTarget}`;
      wanted[key] = await e2e.ask(source, atSource);
      found[key] = await e2e.askUntil(target, atTarget, wanted[key]);
    }
  return { found, wanted };
}
