import { refuseField } from '../http/refuse-field.ts';
import type { DataSourceEntity } from './data-source.entity.ts';

/** An Oracle database has one name and no TLS settings yet; the others have no such name. Throws REQUEST_INVALID naming the field. */
export function requireOracleNames({ kind, serviceName, sid, tls }: DataSourceEntity): void {
  if (kind !== 'oracle') {
    const field = serviceName !== null ? 'serviceName' : 'sid';
    if (serviceName !== null || sid !== null) refuseField(field, `${field} belongs to kind oracle, not to ${kind}`);
    return;
  }
  if ((serviceName === null) === (sid === null))
    refuseField('serviceName', 'serviceName or sid: an Oracle database needs one of both');
  if (tls !== 'disabled') refuseField('tls', 'tls must be disabled: Oracle databases are reached without TLS so far');
}
