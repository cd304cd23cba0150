import type { ForeignKeyMode } from '@lutra/model';
import type { RunQuery } from './describe-target-tables.ts';
import { quoteNameText } from './sql-text.ts';
import type { TableName } from './target-table.ts';

/** A foreign key of the target. Tables by {@link foreignKeyTable}. */
export interface ForeignKeyEdge {
  readonly child: string;
  readonly parent: string;
  /** A change of the parent changes rows of the child: CASCADE or SET NULL, on update or on delete. */
  readonly changesRows: boolean;
}

/** How a table stands to the foreign keys that Lutra has to mind. */
export interface ForeignKeyTie {
  /** The same for all tables that are tied together, one after the other. */
  readonly group: string;
  readonly isChecked: boolean;
  /** It is child or parent of a foreign key that changes rows. */
  readonly changesRows: boolean;
  readonly isSelfReferencing: boolean;
}

/** A table as these functions name it; servers may print names in another case than they were written. */
export const foreignKeyTable = ({ schema, table }: { readonly schema: string; readonly table: string }): string =>
  JSON.stringify([schema.toLowerCase(), table.toLowerCase()]);

/**
 * Every foreign key that the account can see, in all schemas: a chain may lead through one that is not mapped. Or those that
 * refer to `parents`. In an order that does not depend on the server's.
 */
export async function readForeignKeys(
  query: RunQuery,
  parents?: readonly TableName[],
): Promise<readonly ForeignKeyEdge[]> {
  const rows = await query(
    'SELECT CONSTRAINT_SCHEMA AS childSchema, TABLE_NAME AS childTable, UNIQUE_CONSTRAINT_SCHEMA AS parentSchema, ' +
      'REFERENCED_TABLE_NAME AS parentTable, UPDATE_RULE AS updateRule, DELETE_RULE AS deleteRule ' +
      `FROM information_schema.REFERENTIAL_CONSTRAINTS${parents === undefined ? '' : ` WHERE ${refersTo(parents)}`}`,
  );
  const edges = rows.map((row) => ({
    child: foreignKeyTable({ schema: String(row['childSchema']), table: String(row['childTable']) }),
    parent: foreignKeyTable({ schema: String(row['parentSchema']), table: String(row['parentTable']) }),
    changesRows: [row['updateRule'], row['deleteRule']].some((rule) => rule === 'CASCADE' || rule === 'SET NULL'),
  }));
  const textOf = new Map(edges.map((edge) => [edge, JSON.stringify(edge)]));
  return edges.sort((one, other) => ((textOf.get(one) ?? '') < (textOf.get(other) ?? '') ? -1 : 1));
}

const refersTo = (parents: readonly TableName[]): string =>
  parents
    .map(
      ({ schema, table }) =>
        `(UNIQUE_CONSTRAINT_SCHEMA = ${quoteNameText(schema)} AND REFERENCED_TABLE_NAME = ${quoteNameText(table)})`,
    )
    .join(' OR ');

/**
 * The tables that have to be written in source order, and with which others. Checked are, with trust, the tables of foreign
 * keys that change rows; with verify, those of any. What a checked table refers to, or what refers to it, has to be written
 * in its turn as well, so it belongs to the group, unchecked.
 */
export function foreignKeyTies(
  edges: readonly ForeignKeyEdge[],
  mode: ForeignKeyMode,
): ReadonlyMap<string, ForeignKeyTie> {
  const counted = mode === 'verify' ? edges : edges.filter(({ changesRows }) => changesRows);
  const checked = tablesOf(counted);
  const changing = tablesOf(edges.filter(({ changesRows }) => changesRows));
  const above = new Map<string, string>();
  const rootOf = (table: string): string => {
    let root = table;
    for (let next = above.get(root); next !== undefined && next !== root; next = above.get(root)) root = next;
    above.set(table, root);
    return root;
  };
  for (const { child, parent } of edges) {
    if (!checked.has(child) && !checked.has(parent)) continue;
    const [one, other] = [rootOf(child), rootOf(parent)].sort();
    // The first by name stands for the group, so that its lane does not depend on the order of the edges.
    if (one !== undefined && other !== undefined) above.set(other, one);
  }
  const own = new Set(edges.filter(({ child, parent }) => child === parent).map(({ child }) => child));
  return new Map(
    [...above.keys()].map((table) => [
      table,
      {
        group: rootOf(table),
        isChecked: checked.has(table),
        changesRows: changing.has(table),
        isSelfReferencing: own.has(table),
      },
    ]),
  );
}

const tablesOf = (edges: readonly ForeignKeyEdge[]): ReadonlySet<string> =>
  new Set(edges.flatMap(({ child, parent }) => [child, parent]));
