import { orderOf } from './sql-expression.ts';
import type { Scope, SqlRow, SqlValue } from './sql-expression.ts';
import { readStatement } from './sql-statement.ts';
import type { Assignment, SqlStatement } from './sql-statement.ts';
import { TargetError } from './target-server.ts';
import type { TargetServer, TargetServerSession } from './target-server.ts';
import { seenBy } from './target-table-store.ts';
import type { Slot, TargetTableStore } from './target-table-store.ts';

const DUPLICATE = 1062;

type Of<K extends SqlStatement['kind']> = Extract<SqlStatement, { kind: K }>;

/** Runs one statement that changes rows; gives the rows that it found (as with FOUND_ROWS). A failure undoes the statement. */
export async function executeStatement(
  server: TargetServer,
  session: TargetServerSession,
  sql: string,
): Promise<number> {
  const statement = readStatement(sql);
  const run = new StatementRun(server, session);
  try {
    return await run.execute(statement);
  } catch (error) {
    run.undo();
    throw error;
  }
}

/** Runs a query. With FOR UPDATE its rows are locked. */
export async function queryStatement(
  server: TargetServer,
  session: TargetServerSession,
  sql: string,
): Promise<readonly SqlRow[]> {
  if (/^SHOW GRANTS/i.test(sql)) return [{ grants: 'GRANT ALL PRIVILEGES ON *.* TO `lutra`@`%`' }];
  if (/^SHOW PROCESSLIST/i.test(sql)) return [...server.sessions.keys()].map((id) => ({ Id: id, User: 'lutra' }));
  if (/\b(information_schema|performance_schema|sys)\b/i.test(sql)) return [];
  const statement = readStatement(sql);
  if (statement.kind === 'union') {
    const rows: SqlRow[] = [];
    for (const select of statement.selects) rows.push(...(await new StatementRun(server, session).select(select)));
    return rows;
  }
  if (statement.kind !== 'select') throw new Error(`Not a query: ${sql.slice(0, 200)}`);
  return new StatementRun(server, session).select(statement);
}

class StatementRun {
  private readonly undone: (() => void)[] = [];

  constructor(
    private readonly server: TargetServer,
    private readonly session: TargetServerSession,
  ) {}

  undo(): void {
    for (const step of this.undone.reverse()) step();
  }

  async execute(statement: SqlStatement): Promise<number> {
    switch (statement.kind) {
      case 'insert':
        return this.insert(statement);
      case 'update':
        return statement.joined === null ? this.update(statement) : this.updateJoin(statement, statement.joined);
      case 'delete':
        return this.delete(statement);
      case 'kill':
        return this.kill(statement.sessionId);
      case 'savepoint':
        this.server.setSavepoint(this.session);
        return 0;
      case 'undo':
        this.server.undoToSavepoint(this.session);
        return 0;
      case 'nothing':
        return 0;
      case 'select':
        await this.select(statement);
        return 0;
      case 'union':
        throw new Error('A query is not executed');
    }
  }

  async select({ table, fields, where, isLocking, order, limit }: Of<'select'>): Promise<readonly SqlRow[]> {
    const project = (scope: Scope): SqlRow =>
      Object.fromEntries(fields.map(({ alias, value }) => [alias, value(scope)]));
    if (table === null) return [project({ column: () => null })];
    const store = this.store(table);
    const rows: SqlRow[] = [];
    if (isLocking) rows.push(...(await this.lockMatching(store, where)).map(({ row }) => row));
    else
      for (const slot of store.slots.values()) {
        const row = seenBy(this.session, slot);
        if (row !== null && matches(where, row)) rows.push(row);
      }
    if (order.length > 0) rows.sort((a, b) => orderOfRows(a, b, order));
    return rows.slice(0, limit).map((row) => project(scopeOf(row)));
  }

  private async insert({ table, columns, rows, onDuplicate }: Of<'insert'>): Promise<number> {
    const store = this.store(table);
    let affected = 0;
    for (const values of rows) {
      const row: Record<string, SqlValue> = {};
      // What is not named is NULL in Lutra's own tables; rows of the shop are always whole.
      if (table.startsWith('lutra.')) for (const column of store.shape.columns.keys()) row[column] = null;
      for (const [index, column] of columns.entries()) row[column] = values[index]?.({ column: () => null }) ?? null;
      affected += await this.insertRow(store, row, onDuplicate);
    }
    return affected;
  }

  private async insertRow(
    store: TargetTableStore,
    row: SqlRow,
    onDuplicate: readonly Assignment[] | null,
  ): Promise<number> {
    const slot = store.slot(store.keyOf(row));
    await this.server.lock(this.session, slot);
    const standing = seenBy(this.session, slot);
    const clash = standing === null ? await this.lockedClash(store, row, slot.key) : null;
    const found = standing === null ? clash : slot;
    if (found === null) {
      this.put(slot, row);
      return 1;
    }
    if (onDuplicate === null) throw duplicate(store, found);
    const before = seenBy(this.session, found) ?? {};
    await this.assign(found, before, onDuplicate, row);
    return 2;
  }

  private async update({ table, assignments, where }: Of<'update'>): Promise<number> {
    const matching = await this.lockMatching(this.store(table), where);
    for (const { slot, row } of matching) await this.assign(slot, row, assignments);
    return matching.length;
  }

  private async updateJoin(
    { table, assignments, where }: Of<'update'>,
    joined: NonNullable<Of<'update'>['joined']>,
  ): Promise<number> {
    const store = this.store(table);
    let found = 0;
    for (const values of joined.rows) {
      const given: Record<string, SqlValue> = {};
      for (const [index, name] of joined.names.entries()) given[name] = values[index]?.({ column: () => null }) ?? null;
      const scope = (row: SqlRow): Scope => ({
        column: (name, qualifier) => (qualifier === joined.alias ? (given[name] ?? null) : columnOf(row, name)),
      });
      const matching = await this.lockWhere(store, (row) => isTrue(where?.(scope(row)) ?? 1));
      for (const { slot, row } of matching)
        await this.assign(
          slot,
          row,
          assignments.map(({ column, value }) => ({ column, value: () => value(scope(row)) })),
        );
      found += matching.length;
    }
    return found;
  }

  private async delete({ table, where }: Of<'delete'>): Promise<number> {
    const matching = await this.lockMatching(this.store(table), where);
    for (const { slot } of matching) this.put(slot, null);
    return matching.length;
  }

  private kill(sessionId: number): number {
    const killed = this.server.sessions.get(sessionId);
    if (killed === undefined)
      throw new TargetError(1094, 'ER_NO_SUCH_THREAD', `Unknown thread id: ${String(sessionId)}`);
    this.server.world.trace.say(this.server.world.nowMs, `${this.server.name}: session ${String(sessionId)} killed`);
    this.server.end(killed);
    return 0;
  }

  private async assign(slot: Slot, row: SqlRow, assignments: readonly Assignment[], inserted?: SqlRow): Promise<void> {
    const { store } = slot;
    const after: Record<string, SqlValue> = { ...row };
    for (const { column, value } of assignments) {
      // As in MySQL, an assignment sees what those before it have made.
      const scope = scopeOf(after);
      const next = value(inserted === undefined ? scope : { ...scope, inserted });
      if (next === null && store.shape.columns.get(column)?.nullable === false)
        throw new TargetError(1048, 'ER_BAD_NULL_ERROR', `Column '${column}' cannot be null`);
      after[column] = next;
    }
    const key = store.keyOf(after);
    const clash = await this.lockedClash(store, after, slot.key);
    if (clash !== null) throw duplicate(store, clash);
    if (key === slot.key) {
      this.put(slot, after);
      return;
    }
    const other = store.slot(key);
    await this.server.lock(this.session, other);
    if (seenBy(this.session, other) !== null) throw duplicate(store, other);
    this.put(slot, null);
    this.put(other, after);
  }

  /** The row that has a unique value already; waits for the transaction that has written it. */
  private async lockedClash(store: TargetTableStore, row: SqlRow, own: string): Promise<Slot | null> {
    for (;;) {
      const clash = store.clashOf(row, own);
      if (clash === null || clash.owner === null || clash.owner === this.session) return clash;
      await this.server.lock(this.session, clash);
    }
  }

  private lockMatching(store: TargetTableStore, where: Of<'update'>['where']): Promise<readonly Locked[]> {
    return this.lockWhere(store, (row) => matches(where, row));
  }

  /** Rows that match, each locked and looked at again after the wait. */
  private async lockWhere(store: TargetTableStore, claim: (row: SqlRow) => boolean): Promise<readonly Locked[]> {
    const locked: Locked[] = [];
    for (const slot of [...store.slots.values()]) {
      const mayMatch = [slot.committed, slot.pending].some((row) => row !== null && row !== undefined && claim(row));
      if (!mayMatch) continue;
      await this.server.lock(this.session, slot);
      const row = seenBy(this.session, slot);
      if (row !== null && claim(row)) locked.push({ slot, row });
    }
    return locked;
  }

  private put(slot: Slot, row: SqlRow | null): void {
    if (row !== null && slot.store.refuses(row))
      throw new TargetError(3819, 'ER_CHECK_CONSTRAINT_VIOLATED', `Check constraint 'simulated' is violated.`);
    const { pending } = slot;
    const { writes } = this.session;
    const count = writes.get(slot) ?? 0;
    this.undone.push(() => {
      slot.pending = pending;
      if (count === 0) writes.delete(slot);
      else writes.set(slot, count);
    });
    slot.pending = row;
    writes.set(slot, count + 1);
  }

  private store(table: string): TargetTableStore {
    const store = this.server.tables.get(table);
    if (store === undefined) throw new TargetError(1146, 'ER_NO_SUCH_TABLE', `Table '${table}' doesn't exist`);
    return store;
  }
}

interface Locked {
  readonly slot: Slot;
  readonly row: SqlRow;
}

function columnOf(row: SqlRow, name: string): SqlValue {
  const value = row[name];
  if (value === undefined) throw new TargetError(1054, 'ER_BAD_FIELD_ERROR', `Unknown column '${name}'`);
  return value;
}

function orderOfRows(a: SqlRow, b: SqlRow, columns: readonly string[]): number {
  for (const column of columns) {
    const order = orderOf(columnOf(a, column) ?? '', columnOf(b, column) ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

const scopeOf = (row: SqlRow): Scope => ({ column: (name) => columnOf(row, name) });
const isTrue = (value: SqlValue): boolean => value !== null && Number(value) !== 0;
const matches = (where: Of<'update'>['where'], row: SqlRow): boolean => where === null || isTrue(where(scopeOf(row)));

const duplicate = (store: TargetTableStore, { key }: Slot): TargetError =>
  new TargetError(DUPLICATE, 'ER_DUP_ENTRY', `Duplicate entry '${key}' for key '${store.name}.PRIMARY'`);
