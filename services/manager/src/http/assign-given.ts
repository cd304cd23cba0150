import type { StoredResource } from '../store/stored-resource.ts';

/** Copies the fields of a patch that were sent; what was left out is undefined and stays as it is. */
export function assignGiven<E extends StoredResource>(
  entity: E,
  patch: Partial<Record<keyof E, unknown>>,
  now: Date,
): void {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  Object.assign(entity, Object.fromEntries(given), { updatedAt: now });
}
