import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { MappingCreateDto } from '@lutra/api-client';
import { removeNamespace } from '@lutra/messaging';
import { LocalStack, lutraHome, runSql, testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer, StackOptions, StackServers, TableComparison, TablePair } from '@lutra/testing';
import { askRows, askUntil } from './ask-rows.ts';
import type { AskedRow } from './ask-rows.ts';

/** ZooKeeper's shortest session with a tick of two seconds: a killed holder of a lease is noticed after four seconds. */
const SESSION_TIMEOUT_MS = '4000';

const ASK_MS = 60_000;

/** One of the stack's servers, or another one that has the schema. */
export type At = 'source' | 'target' | DatabaseServer;

export interface E2eStack {
  readonly stack: LocalStack;
  /** A schema of this test alone, at both sides. */
  readonly schema: string;
  /** Creates a table at both sides. */
  createTables(...statements: readonly string[]): Promise<void>;
  /** Runs SQL in the schema at the source. */
  atSource(...statements: readonly string[]): Promise<void>;
  atTarget(...statements: readonly string[]): Promise<void>;
  /** What a query answers in the schema: `askRows`. */
  ask(at: At, query: string): Promise<AskedRow[]>;
  /** `askUntil`, for a minute unless told otherwise. */
  askUntil(at: At, query: string, wanted: readonly AskedRow[], timeoutMs?: number): Promise<AskedRow[]>;
  pairs(...tables: readonly string[]): TablePair[];
  stop(): Promise<void>;
}

/** Starts the six services on the test servers (MariaDB to MariaDB, unless `servers` says otherwise), isolated from every other test. */
export async function startE2eStack(
  name: string,
  options: Partial<Pick<StackOptions, 'services' | 'env' | 'serviceEnv' | 'nodeArgs' | 'rootOf'>> & {
    readonly servers?: Partial<StackServers>;
    readonly schema?: string;
  } = {},
): Promise<E2eStack> {
  const shared = testServers();
  const { servers: given, schema: wanted, ...rest } = options;
  const servers: StackServers = {
    source: shared.mariadbSource,
    target: shared.mariadbTarget,
    manager: shared.mariadbTarget,
    nats: shared.nats,
    zookeeper: shared.zookeeper,
    ...given,
  };
  const schema = wanted ?? `e2e_${name.replaceAll(/\W/g, '_')}_${randomBytes(3).toString('hex')}`;
  const stack = await LocalStack.start({
    folder: join(lutraHome(), 'e2e', name),
    home: lutraHome(),
    servers,
    schemas: [schema],
    ...rest,
    env: { LUTRA_ZOOKEEPER_SESSION_TIMEOUT_MS: SESSION_TIMEOUT_MS, ...rest.env },
  });
  const run = (server: StackServers['source'], statements: readonly string[]): Promise<void> =>
    runSql(server, [`USE \`${schema}\``, ...statements]);
  const serverAt = (at: At): DatabaseServer => (typeof at === 'string' ? servers[at] : at);
  return {
    stack,
    schema,
    createTables: async (...statements) => {
      await run(servers.source, statements);
      await run(servers.target, statements);
    },
    atSource: (...statements) => run(servers.source, statements),
    atTarget: (...statements) => run(servers.target, statements),
    ask: (at, query) => askRows(serverAt(at), schema, query),
    askUntil: (at, query, wanted, timeoutMs = ASK_MS) => askUntil(serverAt(at), schema, { query, wanted, timeoutMs }),
    pairs: (...tables) => tables.map((table) => ({ source: { schema, table }, target: { schema, table } })),
    stop: async () => {
      await stack.stop();
      await stack.forget();
      await removeNamespace({ ...servers.nats, name: 'e2e', namespace: stack.namespace });
    },
  };
}

/** The mapping of every table of a schema to the same names. */
export const wholeSchema = (schema: string): MappingCreateDto => ({
  source: { schema, table: { regex: '.*' } },
  target: { schema },
});

/** What differs, for an assertion's message; empty when all tables are equal. */
export const differences = (comparison: readonly TableComparison[]): string[] =>
  comparison
    .filter(({ isEqual }) => !isEqual)
    .map(
      ({ pair, source, target, firstDifference }) =>
        `${pair.source.table}: ${String(source.rows)} rows at the source, ${String(target.rows)} at the target, first difference at ${String(firstDifference)}`,
    );

/**
 * What still differs when nothing does any more, the time is over or there is no hope: that says more than a timeout. A comparison
 * that fails is a difference too.
 */
export async function lastDifferences(
  compare: () => Promise<readonly string[]>,
  {
    timeoutMs,
    everyMs = 250,
    isHopeless = () => Promise.resolve(false),
  }: { readonly timeoutMs: number; readonly everyMs?: number; readonly isHopeless?: () => Promise<boolean> },
): Promise<readonly string[]> {
  let last: readonly string[] = [];
  const isOver = async (): Promise<boolean> => {
    last = await compare().catch((error: unknown) => [String(error)]);
    return last.length === 0 || (await isHopeless());
  };
  await waitUntil(isOver, { what: 'equal tables', timeoutMs, everyMs }).catch(() => undefined);
  return last;
}
