import type { EntityManager, EntityTarget, FindOptionsWhere } from 'typeorm';
import { findPage } from '../store/find-page.ts';
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
  const [items, total] = await findPage(manager, entity, {
    ...{ page, pageSize, where },
    contains: name === undefined ? undefined : { field: 'name', text: name },
    order: [[column as keyof E & string, direction]],
  });
  return { items, total };
}
