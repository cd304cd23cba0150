import { Raw } from 'typeorm';
import type { EntityManager, EntityTarget, FindOptionsOrder, FindOptionsWhere } from 'typeorm';
import type { StoredResource } from '../store/stored-resource.ts';
import type { ListQuery } from './list-query.dto.ts';

export interface Page<T> {
  readonly items: T[];
  /** All that match, on every page. */
  readonly total: number;
}

/** One page of named resources: filter by a part of the name, order, and the number of all. */
export async function pageOf<E extends StoredResource & { name: string }>(
  manager: EntityManager,
  entity: EntityTarget<E>,
  { page, pageSize, name, sort }: ListQuery,
  where: FindOptionsWhere<E> = {},
): Promise<Page<E>> {
  const [direction, column] = sort.startsWith('-') ? (['DESC', sort.slice(1)] as const) : (['ASC', sort] as const);
  const byName = name === undefined ? {} : { name: contains(name) };
  const [items, total] = await manager.findAndCount(entity, {
    where: { ...where, ...byName } as FindOptionsWhere<E>,
    order: { [column]: direction } as FindOptionsOrder<E>,
    skip: (page - 1) * pageSize,
    take: pageSize,
  });
  return { items, total };
}

const contains = (part: string): unknown => Raw((column) => `LOCATE(LOWER(:part), LOWER(${column})) > 0`, { part });
