import { SyncError } from '@lutra/model';
import type { Store } from './store.ts';

/** The id, when there is such a resource: one look-up of the key, without reading what it holds. Throws RESOURCE_NOT_FOUND. */
export async function requireStored(store: Store, resource: 'pipeline' | 'channel', id: string): Promise<string> {
  const found = await store.run<readonly { readonly id: string }[]>((manager) =>
    manager.query(`SELECT id FROM ${resource} WHERE id = ?`, [id]),
  );
  if (found[0]?.id !== id) throw resourceMissing(resource, id);
  return id;
}

export const resourceMissing = (resource: string, id: string): SyncError =>
  new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no ${resource} with id ${id}`, id });
