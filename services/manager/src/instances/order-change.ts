import { SyncError } from '@lutra/model';
import type { InstancePatchDto } from './instance.dto.ts';
import type { OrderChange } from './instance.service.ts';

/** What a PATCH changes: the fields that were sent, at least one. Throws REQUEST_INVALID. */
export function orderChangeOf({ weight, logLevel }: InstancePatchDto): OrderChange {
  if (weight === undefined && logLevel === undefined) {
    const problem = 'weight or logLevel has to be given';
    throw new SyncError('REQUEST_INVALID', { problem, fields: [{ field: 'weight', problem }] });
  }
  return { ...(weight === undefined ? {} : { weight }), ...(logLevel === undefined ? {} : { logLevel }) };
}
