import type { EntityManager, EntityTarget, FindOptionsWhere } from 'typeorm';
import { SyncError } from '@lutra/model';
import { exactly } from '../store/exactly.ts';
import type { StoredResource } from '../store/stored-resource.ts';

/** The resource with this id. Throws RESOURCE_NOT_FOUND. */
export async function findResource<E extends StoredResource>(
  manager: EntityManager,
  entity: EntityTarget<E>,
  id: string,
): Promise<E> {
  const found = exactly<StoredResource, 'id'>(await manager.findOneBy(entity, { id } as FindOptionsWhere<E>), 'id', id);
  if (found === null)
    throw new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no ${kindOf(manager, entity)} with id ${id}`, id });
  return found as E;
}

/** The table's name is the resource's: 'data_source' is a data source. */
const kindOf = <E extends StoredResource>(manager: EntityManager, entity: EntityTarget<E>): string =>
  manager.dataSource.getMetadata(entity).tableName.replaceAll('_', ' ');
