import { SyncError } from '@lutra/model';
import type { TableName, TargetDdl } from '@lutra/model';
import { quoteName } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';

/** Codes under which the server's own words may hold values of rows. */
const MAY_HOLD_VALUES = new Set(['TARGET_VALUE_REFUSED', 'TARGET_ROW_REFUSED']);
const PASSES = new Set(['TARGET_BUSY', 'TARGET_CONNECTION_LOST', 'TARGET_UNREACHABLE', 'TARGET_ACCESS_DENIED']);

export const errnoOf = (error: SyncError): number => Number(error.details['errno'] ?? 0);

/** The error for a statement that the target refused, with what a person needs to go on. What passes by itself stays what it is. */
export function statementFailure(
  error: SyncError,
  {
    ddl,
    transaction,
    session,
  }: { readonly ddl: TargetDdl; readonly transaction: string; readonly session: TargetSession },
): SyncError {
  if (PASSES.has(error.code)) return error;
  const { account, address } = session.info;
  if (error.code === 'TARGET_GRANT_MISSING') {
    const schema = ddl.tables[0]?.schema ?? ddl.schema;
    const statement = `GRANT CREATE, ALTER, DROP, INDEX, REFERENCES ON ${quoteName(schema)}.* TO ${account}`;
    const problem = `The account ${account} at ${address} may not run a schema statement: ${ddl.text}`;
    return new SyncError('TARGET_GRANT_MISSING', { ...error.details, problem, statement }, { cause: error });
  }
  const cause = error.cause as { readonly message?: unknown } | undefined;
  const said = MAY_HOLD_VALUES.has(error.code) || typeof cause?.message !== 'string' ? error.message : cause.message;
  const problem = `The target ${address} refused the schema statement of transaction ${transaction}: ${said}`;
  return new SyncError(
    'TARGET_DDL_REFUSED',
    { ...error.details, problem, transaction, statement: ddl.text },
    { cause: error },
  );
}

/** Nobody can tell whether it was done: a person looks. */
export const undecided = (ddl: TargetDdl, transaction: string): SyncError =>
  new SyncError('TARGET_DDL_UNDECIDED', {
    problem: `A loader ended while it ran the schema statement of transaction ${transaction}, and how its tables look does not tell whether it was done: ${ddl.text}`,
    transaction,
    statement: ddl.text,
  });

/** A later retry would write rows that the source does not have any more. */
export const lettersInTheWay = (
  ddl: TargetDdl,
  { transaction, table, count }: { readonly transaction: string; readonly table: string; readonly count: number },
): SyncError =>
  new SyncError('TARGET_DDL_LETTERS', {
    problem: `Nobody has decided yet about ${String(count)} dead letters of ${table}, which precede the schema statement of transaction ${transaction}: ${ddl.text}`,
    transaction,
    table,
    count,
    statement: ddl.text,
  });

/** Run, it might take away the only copy of rows that the source still has. */
export const ghostWaits = (
  ddl: TargetDdl,
  { transaction, name, ghost }: { readonly transaction: string; readonly name: TableName; readonly ghost: string },
): SyncError =>
  new SyncError('TARGET_GHOST_WAITING', {
    problem: `The schema statement of transaction ${transaction} takes ${name.schema}.${name.table} away while an online schema change of it waits at the source in ${ghost}: ${ddl.text}`,
    transaction,
    table: `${name.schema}.${name.table}`,
    ghost,
    statement: ddl.text,
  });

export const ghostUnknown = (ddl: TargetDdl, transaction: string): SyncError =>
  new SyncError('TARGET_GHOST_UNKNOWN', {
    problem: `The source put ${String(ddl.ghost?.name)} in its table's place, in transaction ${transaction}; its definition was begun before this pipeline read the log, or in a form that is not known, or the target does not have the table`,
    transaction,
    table: ddl.tables.map(({ schema, table }) => `${schema}.${table}`).join(', '),
  });
