import { SyncError } from '@lutra/model';

/**
 * Optimistic lock: when the client says which version it read (If-Match), a change meanwhile is refused. `ifMatch` is the
 * header's text ('"3"', a list, '*'), undefined when it was not sent. Throws RESOURCE_CONFLICT.
 */
export function requireMatch(current: number, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const versions = ifMatch.split(',').map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''));
  if (versions.includes(String(current))) return;
  throw new SyncError('RESOURCE_CONFLICT', {
    problem: `The resource was changed meanwhile: it is at version ${String(current)}`,
    version: current,
    ifMatch,
  });
}
