import { SyncError } from '@lutra/model';
import type { SealedSecret } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { fieldRefusal } from '../http/refuse-field.ts';

/** A secret of a request as it is kept. Throws REQUEST_INVALID naming the field when it is a reference that this manager does not allow. */
export function keepSecret(secrets: Secrets, field: string, given: string): SealedSecret {
  try {
    return secrets.keep(given);
  } catch (error) {
    const { code, sentence } = SyncError.of(error);
    if (code !== 'SECRET_REFERENCE_REFUSED') throw error;
    throw fieldRefusal(field, `${field}: ${sentence}`);
  }
}
