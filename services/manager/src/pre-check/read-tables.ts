import { compileMappings } from '@lutra/model';
import type { MappingDefinition } from '@lutra/model';
import { quoteNameText } from '@lutra/sql';
import type { TableName, TargetSession, TargetTable } from '@lutra/sql';
import type { TableFacts } from './pre-check-facts.ts';

/** So many tables are described on either side within the time that a person waits; the rest is named as left out. */
const TABLES_MAX = 500;
/** Names alone are quick to have. */
const NAMES_MAX = 100_000;

/** A source table and where a mapping writes it. */
interface Route {
  readonly mapping: MappingDefinition;
  readonly source: TargetTable;
  readonly targetName: TableName;
}

export interface SourceTables extends Omit<TableFacts, 'pairs'> {
  readonly routes: readonly Route[];
}

/** The tables that the mappings cover at the source now. Throws what the session throws. */
export async function readSourceTables(
  session: TargetSession,
  mappings: readonly MappingDefinition[],
  { isCaseFolded }: { readonly isCaseFolded: boolean },
): Promise<SourceTables> {
  const matcher = compileMappings(mappings, { isCaseFolded });
  const names = await tableNames(session, await readSchemas(session, mappings));
  const covered = names.filter(({ schema, table }) => matcher.targetsOf(schema, table).length > 0);
  const looked = covered.slice(0, TABLES_MAX);
  const tables = await session.describeTables(looked);
  const routes = tables.flatMap((source) =>
    source === null
      ? []
      : matcher.targetsOf(source.schema, source.table).map(({ mapping, targetSchema, targetTable }) => ({
          ...{ mapping, source },
          targetName: { schema: targetSchema, table: targetTable },
        })),
  );
  const used = new Set(
    covered.flatMap(({ schema, table }) => matcher.targetsOf(schema, table).map(({ mapping }) => mapping.id)),
  );
  return {
    routes,
    idle: mappings.filter(({ id }) => !used.has(id)),
    otherCase: inOtherCase(
      mappings.filter(({ id }) => !used.has(id)),
      names,
    ),
    leftOut: covered.length - looked.length,
  };
}

/** Adds what is there at the target. Throws what the session throws. */
export async function readTargetTables(session: TargetSession, from: SourceTables): Promise<TableFacts> {
  const { routes, ...rest } = from;
  // Several may become one.
  const names = new Map(routes.map(({ targetName }) => [idOf(targetName), targetName]));
  const tables = await session.describeTables([...names.values()]);
  const byName = new Map([...names.keys()].map((id, index) => [id, tables[index] ?? null]));
  const pairs = routes.map((route) => ({ ...route, target: byName.get(idOf(route.targetName)) ?? null }));
  return { pairs, ...rest };
}

const idOf = ({ schema, table }: TableName): string => JSON.stringify([schema, table]);

/** Of mappings that cover nothing: the table that each would cover if case told nothing apart. */
function inOtherCase(idle: readonly MappingDefinition[], names: readonly TableName[]): ReadonlyMap<string, TableName> {
  const found = idle.flatMap((mapping) => {
    const matcher = compileMappings([mapping], { isCaseFolded: true });
    const name = names.find(({ schema, table }) => matcher.targetsOf(schema, table).length > 0);
    return name === undefined ? [] : [[mapping.id, name] as const];
  });
  return new Map(found);
}

/** The schemas of the server that mappings may read, in whatever case they name them. */
async function readSchemas(session: TargetSession, mappings: readonly MappingDefinition[]): Promise<readonly string[]> {
  const matcher = compileMappings(mappings, { isCaseFolded: true });
  const rows = await session.query('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
  return rows.map((row) => String(row['name'])).filter((schema) => matcher.schemasOf(schema).length > 0);
}

async function tableNames(session: TargetSession, schemas: readonly string[]): Promise<readonly TableName[]> {
  if (schemas.length === 0) return [];
  const rows = await session.query(
    'SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `table` FROM information_schema.TABLES WHERE ' +
      `TABLE_SCHEMA IN (${schemas.map((schema) => quoteNameText(schema)).join(', ')}) AND TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE') ` +
      `ORDER BY 1, 2 LIMIT ${String(NAMES_MAX)}`,
  );
  return rows.map((row) => ({ schema: String(row['schema']), table: String(row['table']) }));
}
