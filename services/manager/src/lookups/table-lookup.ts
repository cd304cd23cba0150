import { compileMappings, isReservedSchema, SyncError } from '@lutra/model';
import type { MappingMatcher } from '@lutra/model';
import { quoteNameText } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { findResource } from '../http/find-resource.ts';
import type { Plain } from '../http/plain.ts';
import { requireFittingNames, sourceOf } from '../mappings/read-mapping.ts';
import { compileMapping } from '../publishing/compile-mapping.ts';
import type { Store } from '../store/store.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { describeTable } from './describe-table.ts';
import type {
  LookupQuery,
  MatchListDto,
  MatchQuery,
  SchemaListDto,
  TableDetailDto,
  TableListDto,
} from './lookup.dto.ts';

/** Names that are read of one schema: beyond it the answer would be neither quick nor of use. */
const TABLES_MAX = 100_000;
const LEFT_OUT_MAX = 100;

type Row = Readonly<Record<string, unknown>>;

/**
 * What there is at a data source, as far as its user may see it: asked there at the moment, on one short session. A database
 * that does not answer throws TARGET_UNREACHABLE within seconds.
 */
export class TableLookup {
  constructor(
    private readonly store: Store,
    private readonly door: TargetDoor,
  ) {}

  /** Throws RESOURCE_NOT_FOUND, TARGET_UNREACHABLE, TARGET_ACCESS_DENIED, TARGET_BUSY; so do the others. */
  schemas(id: string, query: LookupQuery): Promise<SchemaListDto> {
    return this.ask(id, async (session) => {
      const rows = await session.query(
        'SELECT SCHEMA_NAME AS name, DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation ' +
          `FROM information_schema.SCHEMATA WHERE ${contains('SCHEMA_NAME', query.name)} ORDER BY SCHEMA_NAME`,
      );
      const items = pageOf(rows, query).map((row) => {
        const schema = String(row['name']);
        const { charset, collation } = row;
        return { schema, charset: String(charset), collation: String(collation), isReserved: isReservedSchema(schema) };
      });
      return { items, total: rows.length };
    });
  }

  tables(id: string, schema: string, query: LookupQuery): Promise<TableListDto> {
    return this.ask(id, async (session) => {
      await requireSchema(session, schema);
      const names = await tableNames(session, schema, query.name);
      const wanted = pageOf(names, query);
      if (wanted.length === 0) return { items: [], total: names.length };
      // Names alone are quick to have; the server opens each table to tell more of it.
      const rows = await session.query(
        'SELECT TABLE_NAME AS name, TABLE_TYPE AS type, ENGINE AS engine, TABLE_COLLATION AS collation, TABLE_ROWS AS estimate ' +
          `FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${quoteNameText(schema)} ` +
          `AND TABLE_NAME IN (${wanted.map(({ name }) => quoteNameText(name)).join(', ')})`,
      );
      const byName = new Map(rows.map((row) => [String(row['name']), row]));
      const items = wanted.flatMap(({ name }) => {
        const row = byName.get(name);
        return row === undefined ? [] : [tableOf(row)];
      });
      return { items, total: names.length };
    });
  }

  table(id: string, schema: string, table: string): Promise<Plain<TableDetailDto>> {
    return this.ask(id, async (session) => {
      const found = await describeTable(session, { schema, table });
      if (found !== null) return found;
      throw notFound(`There is no table ${schema}.${table} that the user may see`);
    });
  }

  /** The tables that a mapping of this pattern would cover now. Throws REQUEST_INVALID, MAPPING_REGEX_INVALID, MAPPING_REGEX_UNSAFE. */
  matches(id: string, query: MatchQuery): Promise<MatchListDto> {
    const matcher = matcherOf(query);
    const { schema } = query;
    return this.ask(id, async (session) => {
      await requireSchema(session, schema);
      const names = (await tableNames(session, schema)).filter(({ isView }) => !isView).map(({ name }) => name);
      const items = names.flatMap((table) =>
        matcher.targetsOf(schema, table).map(({ targetTable }) => ({ table, target: targetTable })),
      );
      const leftOut = names.filter((table) => matcher.leftOutOf(schema, table) !== null).slice(0, LEFT_OUT_MAX);
      return { items: pageOf(items, query), total: items.length, leftOut };
    });
  }

  private async ask<T>(id: string, work: (session: TargetSession) => Promise<T>): Promise<T> {
    const dataSource = await this.store.run((manager) => findResource(manager, DataSourceEntity, id));
    return this.door.at(dataSource, work);
  }
}

/** The pattern as the stages would have it. */
function matcherOf({ schema, exact, regex, range, target }: MatchQuery): MappingMatcher {
  const source = sourceOf({ schema, table: { exact, regex, range } });
  const names = target === undefined ? { schema } : { schema, table: target };
  requireFittingNames(source, names);
  const rest = { columns: { mode: 'all' }, onConflict: null, weight: 0, rules: null } as const;
  return compileMappings(compileMapping({ id: '', source, target: names, ...rest }));
}

interface FoundTable {
  readonly name: string;
  readonly isView: boolean;
}

async function tableNames(session: TargetSession, schema: string, part?: string): Promise<readonly FoundTable[]> {
  const rows = await session.query(
    `SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${quoteNameText(schema)} ` +
      `AND TABLE_TYPE <> 'SEQUENCE' AND ${contains('TABLE_NAME', part)} LIMIT ${String(TABLES_MAX)}`,
  );
  // Servers order names by collations of their own.
  return rows
    .map((row) => ({ name: String(row['name']), isView: isView(row) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function requireSchema(session: TargetSession, schema: string): Promise<void> {
  const rows = await session.query(
    `SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${quoteNameText(schema)}`,
  );
  if (rows.length === 0) throw notFound(`There is no schema ${schema} that the user may see`);
}

const notFound = (problem: string): SyncError => new SyncError('RESOURCE_NOT_FOUND', { problem });

const tableOf = (row: Row): TableListDto['items'][number] => ({
  table: String(row['name']),
  isView: isView(row),
  engine: textOf(row['engine']),
  collation: textOf(row['collation']),
  rowEstimate: row['estimate'] === null ? null : Number(row['estimate']),
});

const isView = (row: Row): boolean => String(row['type']).endsWith('VIEW');

/** Names come as text; the rest of a row is told apart by whoever asks. */
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const contains = (column: string, part = ''): string =>
  part === '' ? 'TRUE' : `LOCATE(LOWER(${quoteNameText(part)}), LOWER(${column})) > 0`;

const pageOf = <T>(
  items: readonly T[],
  { page, pageSize }: { readonly page: number; readonly pageSize: number },
): T[] => items.slice((page - 1) * pageSize, page * pageSize);
