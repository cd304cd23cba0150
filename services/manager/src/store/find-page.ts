import assert from 'node:assert';
import { FindOperator } from 'typeorm';
import type { EntityManager, EntityMetadata, EntityTarget, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import { must } from '@lutra/model';

export interface PageWish<E> {
  /** What fields are: a value, or `In` of several. */
  readonly where?: FindOptionsWhere<E>;
  /** A field has this text in it, in any case. */
  readonly contains?: { readonly field: keyof E & string; readonly text: string } | undefined;
  readonly order: readonly (readonly [field: keyof E & string, direction: 'ASC' | 'DESC'])[];
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
  /** Where the number of all is known without counting. */
  readonly total?: (() => Promise<number>) | undefined;
}

/**
 * One page of a table, and the number of all that match. As TypeORM's findAndCount, which however builds its statement from
 * objects at each call and picks the rows apart by name: most of what a list costs.
 */
export async function findPage<E extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntityTarget<E>,
  wish: PageWish<E>,
): Promise<readonly [rows: E[], total: number]> {
  const metadata = manager.dataSource.getMetadata(entity);
  const { condition, values } = conditionOf(metadata, wish);
  const order = wish.order.map(([field, direction]) => `${columnOf(metadata, field)} ${direction}`).join(', ');
  const columns = metadata.columns.map(({ databaseName }) => quoted(databaseName)).join(', ');
  const skipped = (wish.page - 1) * wish.pageSize;
  const found: readonly Record<string, unknown>[] = await manager.query(
    `SELECT ${columns} FROM ${quoted(metadata.tableName)}${condition} ORDER BY ${order} LIMIT ? OFFSET ?`,
    [...values, wish.pageSize, skipped],
  );
  const rows = found.map((row) => entityOf(metadata, row) as E);
  // The last page tells by itself how many there are.
  if (rows.length < wish.pageSize && (rows.length > 0 || skipped === 0)) return [rows, skipped + rows.length];
  if (wish.total !== undefined) return [rows, await wish.total()];
  const counted: readonly { readonly total: string | number }[] = await manager.query(
    `SELECT COUNT(*) AS total FROM ${quoted(metadata.tableName)}${condition}`,
    values,
  );
  return [rows, Number(counted[0]?.total)];
}

function conditionOf<E extends ObjectLiteral>(
  metadata: EntityMetadata,
  { where = {}, contains }: PageWish<E>,
): { readonly condition: string; readonly values: unknown[] } {
  const conditions: string[] = [];
  const values: unknown[] = [];
  for (const [field, wanted] of Object.entries(where)) {
    const isList = wanted instanceof FindOperator;
    assert(!isList || wanted.type === 'in', 'no other operator is asked for');
    const value: unknown = isList ? wanted.value : wanted;
    // An empty list has no form in SQL.
    if (Array.isArray(value) && value.length === 0) conditions.push('FALSE');
    else {
      conditions.push(`${columnOf(metadata, field)} ${isList ? 'IN (?)' : '= ?'}`);
      values.push(value);
    }
  }
  if (contains !== undefined) {
    conditions.push(`LOCATE(LOWER(?), LOWER(${columnOf(metadata, contains.field)})) > 0`);
    values.push(contains.text);
  }
  return { condition: conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`, values };
}

function columnOf(metadata: EntityMetadata, field: string): string {
  return quoted(must(metadata.findColumnWithPropertyName(field), `${metadata.name} has it`).databaseName);
}

const quoted = (name: string): string => `\`${name}\``;

function entityOf({ columns, target, dataSource }: EntityMetadata, row: Readonly<Record<string, unknown>>): object {
  assert(typeof target === 'function', 'every entity is a class');
  const entity = Object.create(target.prototype as object) as Record<string, unknown>;
  for (const column of columns)
    entity[column.propertyName] = dataSource.driver.prepareHydratedValue(row[column.databaseName], column) as unknown;
  return entity;
}
