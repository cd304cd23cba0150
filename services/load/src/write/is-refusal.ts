import { isOfMapping, SyncError } from '@lutra/model';

/** Answers about rows that make it worth looking for the one row at fault. */
const REFUSALS = new Set([
  'TARGET_VALUE_REFUSED',
  'TARGET_ROW_REFUSED',
  'TARGET_TABLE_MISSING',
  'TARGET_COLUMN_MISSING',
  'TARGET_PACKET_TOO_SMALL',
  'TARGET_GRANT_MISSING',
  'INTERNAL',
]);

export const isRefusal = (error: unknown): error is SyncError =>
  SyncError.is(error) && (REFUSALS.has(error.code) || isOfMapping(error.code));

// 1048 or 1242 is the guard of an upsert (see row-statement.ts): the row has the key of none, and a unique value of another.
const CLASHES = new Set([1022, 1048, 1062, 1169, 1242, 1586]);

/** Whether another row has one of the unique values of the row. */
export const isUniqueClash = (error: SyncError): boolean =>
  error.code === 'TARGET_ROW_REFUSED' && CLASHES.has(Number(error.details['errno']));
