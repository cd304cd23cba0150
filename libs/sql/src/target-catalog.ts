import { FOREIGN_KEY_MODES } from '@lutra/model';
import type { Clock, ForeignKeyMode } from '@lutra/model';
import { foreignKeyTable, foreignKeyTies } from './foreign-key-groups.ts';
import type { ForeignKeyEdge, ForeignKeyTie } from './foreign-key-groups.ts';
import { ForeignKeyWatch } from './foreign-key-watch.ts';
import type { TableName, TargetTable } from './target-table.ts';
import type { TargetSession } from './target-session.ts';

/** A wildcard mapping over thousands of tables. */
const KEPT_TABLES_MAX = 10_000;

/**
 * What is known of a target's tables, shared by all sessions of an epoch. It may be behind the target: so nothing that was
 * written by it is committed before {@link confirm} has said that it holds. A table of which something else is known than
 * before is another object.
 */
export class TargetCatalog {
  private readonly tables = new Map<string, TargetTable>();
  private ties: readonly (readonly [ForeignKeyMode, ReadonlyMap<string, ForeignKeyTie>])[] = [];
  private edges = '[]';
  private changes = 0;
  private readonly foreignKeys: ForeignKeyWatch;

  constructor(clock?: Clock) {
    this.foreignKeys = new ForeignKeyWatch(clock);
  }

  /** Grows whenever something that was known has changed: what was made of several tables has to be made anew. */
  get version(): number {
    return this.changes;
  }

  /** What is known of a table, without asking; undefined = nothing. */
  known(name: TableName): TargetTable | undefined {
    return this.tables.get(idOf(name));
  }

  /** The table as it is known, or else as it stands now; null when it does not exist, which is not kept. */
  async describe(session: TargetSession, name: TableName): Promise<TargetTable | null> {
    const known = this.known(name);
    if (known !== undefined) return known;
    await this.learn(session, [name]);
    return this.known(name) ?? null;
  }

  /** Learns many tables in few round trips. What does not exist is passed over. */
  async learn(session: TargetSession, names: readonly TableName[]): Promise<void> {
    const unknown = names.filter((name) => this.known(name) === undefined);
    if (unknown.length === 0) return;
    const described = await session.describeTables(unknown.slice(0, KEPT_TABLES_MAX));
    const found = described.filter((table) => table !== null);
    if (found.length === 0) return;
    this.tie(await this.foreignKeys.read(session));
    if (this.tables.size + found.length > KEPT_TABLES_MAX) this.tables.clear();
    for (const table of found) this.tables.set(idOf(table), this.tied(table));
  }

  /**
   * Whether the tables still are as they were described, and tied by foreign keys as they were. Inside the transaction that
   * has written them the answer holds until its end: the metadata locks that it has taken keep every change of the tables
   * away. Those that have changed are forgotten, or tied anew, and given back.
   *
   * `parents`: those of the tables of which rows were deleted, or changed in a column of an index. A foreign key that refers
   * to one of them is declared by its child, and acts on just these changes (see {@link ForeignKeyWatch}).
   */
  async confirm(
    session: TargetSession,
    tables: readonly TargetTable[],
    parents: readonly TargetTable[] = [],
  ): Promise<readonly TargetTable[]> {
    const statements = await session.tableStatements(tables);
    const edges = parents.length === 0 ? null : await this.foreignKeys.refresh(session, parents);
    const altered = new Set(tables.filter((table, index) => statements[index] !== table.statement));
    for (const table of altered) this.forget(table);
    if (edges !== null) this.tie(edges);
    return tables.filter((table) => altered.has(table) || (this.known(table) ?? table) !== table);
  }

  forget(name: TableName): void {
    if (this.tables.delete(idOf(name))) this.changes += 1;
  }

  /** A schema statement about these tables was applied: it may have brought or taken foreign keys of others too. */
  altered(names: readonly TableName[]): void {
    for (const name of names) this.forget(name);
    this.foreignKeys.expire();
  }

  /** A foreign key that comes or goes concerns tables that were not altered themselves. */
  private tie(edges: readonly ForeignKeyEdge[]): void {
    const text = JSON.stringify(edges);
    if (text === this.edges) return;
    this.edges = text;
    this.changes += 1;
    this.ties = FOREIGN_KEY_MODES.map((mode) => [mode, foreignKeyTies(edges, mode)] as const);
    for (const [id, table] of this.tables) this.tables.set(id, this.tied(table));
  }

  private tied(table: TargetTable): TargetTable {
    const { foreignKeys: before, ...untied } = table;
    const ties = this.ties.flatMap(([mode, byTable]) => {
      const tie = byTable.get(foreignKeyTable(table));
      return tie === undefined ? [] : [[mode, tie] as const];
    });
    const foreignKeys = ties.length === 0 ? undefined : Object.fromEntries(ties);
    if (JSON.stringify(foreignKeys) === JSON.stringify(before)) return table;
    return foreignKeys === undefined ? untied : { ...untied, foreignKeys };
  }
}

const idOf = ({ schema, table }: TableName): string => JSON.stringify([schema, table]);
