import { SyncError } from '@lutra/model';
import type { DataSourceEntity } from './data-source.entity.ts';

/** An Oracle database has one name and no TLS settings yet; the others have no such name. Throws REQUEST_INVALID naming the field. */
export function requireOracleNames({ kind, serviceName, sid, tls }: DataSourceEntity): void {
  if (kind !== 'oracle') {
    const field = serviceName !== null ? 'serviceName' : 'sid';
    if (serviceName !== null || sid !== null) refuse(field, `${field} belongs to kind oracle, not to ${kind}`);
    return;
  }
  if ((serviceName === null) === (sid === null))
    refuse('serviceName', 'serviceName or sid: an Oracle database needs one of both');
  if (tls !== 'disabled') refuse('tls', 'tls must be disabled: Oracle databases are reached without TLS so far');
}

function refuse(field: string, problem: string): never {
  throw new SyncError('REQUEST_INVALID', { problem, fields: [{ field, problem }] });
}
