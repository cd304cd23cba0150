import { fieldRefusal } from '../http/refuse-field.ts';
import type { InstancePatchDto } from './instance.dto.ts';
import type { OrderChange } from './instance.service.ts';

/** What a PATCH changes: the fields that were sent, at least one. Throws REQUEST_INVALID. */
export function orderChangeOf({ weight, logLevel }: InstancePatchDto): OrderChange {
  if (weight === undefined && logLevel === undefined) {
    throw fieldRefusal('weight', 'weight or logLevel has to be given');
  }
  return { ...(weight === undefined ? {} : { weight }), ...(logLevel === undefined ? {} : { logLevel }) };
}
