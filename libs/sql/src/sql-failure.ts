import type { ColumnDefinition, ErrorDetails, TableDefinition } from '@lutra/model';
import { columnIndex, SyncError } from '@lutra/model';
import { quoteName, quoteTable } from './sql-text.ts';
import {
  addColumnStatement,
  createSchemaStatement,
  createTableStatement,
  modifyColumnStatement,
} from './table-statement.ts';
import type { TableName } from './target-table.ts';

/** What was being done when the driver failed: it completes the message and the repairing statement. */
export interface FailureContext {
  readonly address: string;
  /** The account, quoted for a GRANT. */
  readonly account: string;
  /** The table that was written, as the process declares it. */
  readonly table?: TableDefinition;
  /** Names of the key columns of that table. */
  readonly keyColumns?: readonly string[];
  readonly maxAllowedPacketBytes?: number;
}

/** The parts of a driver error that Lutra looks at. */
interface DriverError {
  readonly errno: number;
  readonly code: string;
  readonly message: string;
  readonly fatal: boolean;
}

const ACCESS = new Set([1045, 1130, 1129, 1251, 1524, 1698, 1820, 1862, 3118, 3159, 4151]);
const GRANT = new Set([1044, 1142, 1143, 1227, 1370, 1410]);
/**
 * Passes by itself, and is no fault of the row: the same unit is written again. From the error references of MySQL 9 and
 * MariaDB; where a number exists on one of them only the other does not use it.
 */
const BUSY = new Set([
  // Lock waits, deadlocks (Galera's certification failures are deadlocks too), rows changed meanwhile (MariaDB, snapshot
  // isolation), waits that were given up for somebody else, statements that were interrupted or took too long.
  ...[1205, 1213, 1020, 1223, 3572, 1614, 1613, 1689, 1317, 3024, 1969, 1180],
  // Read-only, offline, shutting down, schema or table read-only: a failover, or one that is being prepared.
  ...[1290, 1836, 1792, 3032, 1053, 3168, 3989, 1036],
  // Group replication (before and during commit), Galera without a quorum.
  ...[3100, 3101, 3796, 1047],
  // Too many connections, of all or of the account; too many transactions.
  ...[1040, 1203, 1226, 1637],
  // No room: disk, table space, undo, locks, memory, threads, the binary log's cache; files that cannot be read or written.
  ...[1021, 1114, 1206, 1037, 1038, 1041, 1135, 3019, 1197, 1705, 1534, 1026, 1030, 1878],
  // A table that was altered meanwhile, or that has to be mended or brought back.
  ...[1412, 1615, 1034, 1194, 1195, 1712, 1812, 1814, 1877, 1297],
]);
const CONNECTION = new Set([1152, 1158, 1159, 1160, 1161, 1184, 1927, 2002, 2003, 2006, 2013, 2055, 3169, 4031]);
/** Values that do not fit their column: the column is widened. */
const VALUE = new Set([
  1048, 1264, 1265, 1292, 1364, 1366, 1367, 1406, 1411, 1416, 1426, 1441, 1690, 3140, 3141, 3146, 3548, 3055, 3037,
  3516,
]);
/** Rows that the target's rules refuse. 1242 is a guard of an upsert (row-statement.ts), or a trigger that refuses the row. */
const ROW = new Set([
  1022, 1062, 1169, 1216, 1217, 1451, 1452, 1586, 1644, 1748, 1761, 1762, 3819, 3820, 4025, 1526, 1242,
]);
/** Of these, what says that another row has the unique value. */
const TAKEN = new Set([1048, 1062, 1242]);
const PACKET = new Set([1153, 2020, 1301]);
const NETWORK =
  /^(E(CONN|PIPE|TIMEDOUT|HOST|NET|ADDR|NOTFOUND|AI_)|PROTOCOL_|CERT|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HANDSHAKE)/;

/** Translates what the driver threw, once, at the border. Texts of the server that hold row values are not passed on. */
export function toSyncError(error: unknown, context: FailureContext): SyncError {
  if (SyncError.is(error)) return error;
  const driver = driverErrorOf(error);
  const { errno } = driver;
  const details = { address: context.address, errno, sqlCode: driver.code };
  const named = (problem: string, more: ErrorDetails = {}): ErrorDetails => ({ ...details, problem, ...more });
  const options = { cause: error };
  if (GRANT.has(errno)) return new SyncError('TARGET_GRANT_MISSING', grantDetails(driver, context, details), options);
  if (ACCESS.has(errno))
    return new SyncError(
      'TARGET_ACCESS_DENIED',
      named(`The target ${context.address} refuses the account: ${driver.message}`),
      options,
    );
  if (errno === 1049 || errno === 1146) return tableMissing(driver, context, details);
  if (errno === 1054) return columnMissing(driver, context, details);
  if (BUSY.has(errno))
    return new SyncError(
      'TARGET_BUSY',
      named(`The target ${context.address} could not go on: ${driver.message}`),
      options,
    );
  if (PACKET.has(errno)) return packetTooSmall(context, details, null);
  // The other guard of an upsert (see row-statement.ts); nothing else holds a subquery.
  if (errno === 1242) return rowRefused(driver, context, details);
  if (VALUE.has(errno)) return valueRefused(driver, context, details);
  if (ROW.has(errno)) return rowRefused(driver, context, details);
  if (CONNECTION.has(errno) || driver.fatal || NETWORK.test(driver.code))
    return new SyncError(
      'TARGET_CONNECTION_LOST',
      named(`The connection to ${context.address} broke: ${driver.message}`),
      options,
    );
  if (errno === 0) return SyncError.of(error);
  // Any other answer of the server to a row: the row is at fault until somebody knows better.
  const code = context.table === undefined ? 'INTERNAL' : 'TARGET_ROW_REFUSED';
  return new SyncError(code, {
    ...rowDetails(context, details),
    problem: `The target answered error ${String(errno)} (${driver.code})${inTable(context)}`,
  });
}

/** As {@link toSyncError} for a connection that could not be opened: what is lost later was not reached at first. */
export function toConnectError(error: unknown, context: FailureContext): SyncError {
  const failure = toSyncError(error, context);
  if (failure.code !== 'TARGET_CONNECTION_LOST') return failure;
  const problem = `The target ${context.address} cannot be reached: ${driverErrorOf(error).message}`;
  return new SyncError('TARGET_UNREACHABLE', { ...failure.details, problem }, { cause: error });
}

/** The statement raises the server's limit to a size at which the row goes through. */
export function packetTooSmall(context: FailureContext, details: ErrorDetails, neededBytes: number | null): SyncError {
  const mebibyte = 1_048_576;
  const needed = neededBytes ?? (context.maxAllowedPacketBytes ?? 64 * mebibyte) * 2;
  const wanted = Math.min(1024, Math.ceil(needed / mebibyte) + 1) * mebibyte;
  return new SyncError('TARGET_PACKET_TOO_SMALL', {
    ...details,
    ...rowDetails(context, {}),
    problem: `A row${inTable(context)} needs a packet of ${String(needed)} bytes; the target takes ${String(context.maxAllowedPacketBytes ?? 'fewer')}`,
    statement: `SET GLOBAL max_allowed_packet = ${String(wanted)}`,
  });
}

export function tableMissing(
  driver: Pick<DriverError, 'errno'>,
  context: FailureContext,
  details: ErrorDetails,
): SyncError {
  const { table } = context;
  if (table === undefined)
    return new SyncError('TARGET_TABLE_MISSING', {
      ...details,
      problem: 'A table is missing at the target',
      statement: 'CREATE TABLE …',
    });
  const create = createTableStatement(table);
  return new SyncError('TARGET_TABLE_MISSING', {
    ...details,
    table: `${table.schema}.${table.table}`,
    problem: `The table ${table.schema}.${table.table} does not exist at the target`,
    statement: driver.errno === 1049 ? `${createSchemaStatement(table.schema)}; ${create}` : create,
  });
}

/** `column` null = the name is not known. */
export function columnMissingError(
  table: TableDefinition,
  column: ColumnDefinition,
  details: ErrorDetails = {},
): SyncError {
  return new SyncError('TARGET_COLUMN_MISSING', {
    ...details,
    table: `${table.schema}.${table.table}`,
    column: column.name,
    problem: `The table ${table.schema}.${table.table} has no column ${column.name} at the target`,
    statement: addColumnStatement(table, column),
  });
}

/** The rows have no value for a column that has to have one, and the server has none of its own. */
export function columnUnfilledError(
  { schema, table }: TableName,
  column: { readonly name: string; readonly columnType: string },
): SyncError {
  return new SyncError('TARGET_COLUMN_UNFILLED', {
    table: `${schema}.${table}`,
    column: column.name,
    problem: `Column ${column.name} of table ${schema}.${table} at the target is NOT NULL, has no default, and the rows do not carry it`,
    statement: `ALTER TABLE ${quoteTable({ schema, table })} MODIFY COLUMN ${quoteName(column.name)} ${column.columnType} NULL`,
  });
}

/** `columnType` as the target declares it: it holds less than the source's column and would not say so. */
export function columnChangesError(table: TableDefinition, column: ColumnDefinition, columnType: string): SyncError {
  return new SyncError('TARGET_VALUE_REFUSED', {
    table: `${table.schema}.${table.table}`,
    column: column.name,
    problem: `Column ${column.name} of table ${table.schema}.${table.table} is ${columnType} at the target and would silently change values of ${column.declared}`,
    statement: modifyColumnStatement(table, column),
  });
}

/** The error for a table whose engine cannot write rows and checkpoint as one. */
export function engineUnsafeError({ schema, table }: TableDefinition, engine: string): SyncError {
  return new SyncError('TARGET_ENGINE_UNSAFE', {
    table: `${schema}.${table}`,
    problem: `Table ${schema}.${table} at the target is kept by ${engine}, which knows no transactions`,
    statement: `ALTER TABLE ${quoteTable({ schema, table })} ENGINE = InnoDB`,
  });
}

function columnMissing(driver: DriverError, context: FailureContext, details: ErrorDetails): SyncError {
  const column = columnOf(driver, context);
  if (context.table !== undefined && column !== undefined) return columnMissingError(context.table, column, details);
  return new SyncError('TARGET_COLUMN_MISSING', {
    ...details,
    problem: driver.message,
    statement: 'ALTER TABLE … ADD COLUMN …',
  });
}

function valueRefused(driver: DriverError, context: FailureContext, details: ErrorDetails): SyncError {
  const column = columnOf(driver, context);
  const { table } = context;
  // NULL into the first key column is the guard of an upsert: the row clashes with another one (see row-statement.ts).
  if (driver.errno === 1048 && column !== undefined && context.keyColumns?.includes(column.name) === true)
    return rowRefused(driver, context, details);
  const where = column === undefined ? inTable(context) : ` of column ${column.name}${inTable(context)}`;
  return new SyncError('TARGET_VALUE_REFUSED', {
    ...rowDetails(context, details),
    ...(column === undefined ? {} : { column: column.name }),
    problem: `The target refuses a value${where}: ${reasonOf(driver.errno)}`,
    statement:
      table === undefined || column === undefined
        ? 'ALTER TABLE … MODIFY COLUMN …'
        : modifyColumnStatement(table, column),
  });
}

function rowRefused(driver: DriverError, context: FailureContext, details: ErrorDetails): SyncError {
  const index = /for key '(?:[^'.]*\.)?([^']+)'/.exec(driver.message)?.[1];
  const rule = /(?:CONSTRAINT|Check constraint|constraint) [`']([^`']+)[`']/i.exec(driver.message)?.[1];
  const reason = TAKEN.has(driver.errno)
    ? `its unique key ${index ?? ''} is taken by another row`.replace('  ', ' ')
    : `${reasonOf(driver.errno)}${rule === undefined ? '' : ` (${rule})`}`;
  return new SyncError('TARGET_ROW_REFUSED', {
    ...rowDetails(context, details),
    ...(index === undefined ? {} : { index }),
    ...(rule === undefined ? {} : { constraint: rule }),
    problem: `The target refuses a row${inTable(context)}: ${reason}`,
  });
}

function grantDetails(driver: DriverError, context: FailureContext, details: ErrorDetails): ErrorDetails {
  const onTable = /for table [`']?([^`'.]+)[`']?\.[`']?([^`'.]+)/i.exec(driver.message);
  const onSchema = /to database '([^']+)'/i.exec(driver.message);
  const schema = onTable?.[1] ?? onSchema?.[1] ?? context.table?.schema;
  const account = /(?:user|for) ('[^']*'@'[^']*')/i.exec(driver.message)?.[1] ?? context.account;
  const statement = grantStatement(schema ?? null, account);
  return {
    ...details,
    problem: `The account ${account} at ${context.address} lacks grants: ${driver.message}`,
    statement,
  };
}

/** What an account needs on a schema. `schema` null = it is not known which. */
export function grantStatement(schema: string | null, account: string): string {
  const rights = schema === 'lutra' ? 'CREATE, SELECT, INSERT, UPDATE, DELETE' : 'SELECT, INSERT, UPDATE, DELETE';
  return `GRANT ${rights} ON ${schema === null ? '*' : quoteName(schema)}.* TO ${account}`;
}

const inTable = ({ table }: FailureContext): string =>
  table === undefined ? '' : ` of table ${table.schema}.${table.table}`;

function rowDetails({ table, keyColumns }: FailureContext, details: ErrorDetails): ErrorDetails {
  return {
    ...details,
    ...(table === undefined ? {} : { table: `${table.schema}.${table.table}` }),
    ...(keyColumns === undefined ? {} : { keyColumns }),
  };
}

// The servers write: column 'c' · for column `s`.`t`.`c` · Column 'c' cannot be null · Field 'c' doesn't have a default
// value · Unknown column 'c' in … · ("t.c")
function columnOf(driver: DriverError, { table }: FailureContext): ColumnDefinition | undefined {
  const name =
    /(?:column|field) ((?:[`'][^`']+[`']\.?)+)/i.exec(driver.message)?.[1] ??
    /column '?([\w.$]+)'?/i.exec(driver.message)?.[1];
  const last = name?.split('.').at(-1)?.replaceAll(/[`']/g, '');
  return last === undefined ? undefined : table?.columns[columnIndex(table.columns, last)];
}

const REASONS: Readonly<Record<number, string>> = {
  1048: 'it must not be NULL there',
  1264: 'the number is out of range',
  1265: 'it would be cut off',
  1292: 'it is no such value there',
  1364: 'the column has no default and the mapping does not fill it',
  1366: 'its characters or digits do not fit the column',
  1406: 'it is too long',
  1690: 'the number is out of range',
  3140: 'it is not valid JSON there',
  1022: 'its key is taken by another row',
  1216: 'a foreign key has no parent row',
  1452: 'a foreign key has no parent row',
  1217: 'a foreign key still has child rows',
  1451: 'a foreign key still has child rows',
  1644: 'a trigger or routine refuses it',
  3819: 'a check constraint is violated',
  4025: 'a check constraint is violated',
  1526: 'no partition takes it',
};

const reasonOf = (errno: number): string => REASONS[errno] ?? `error ${String(errno)}`;

function driverErrorOf(error: unknown): DriverError {
  if (!(error instanceof Error) && (typeof error !== 'object' || error === null))
    return { errno: 0, code: '', message: String(error), fatal: false };
  const { errno, code, message, fatal } = error as Partial<DriverError>;
  return {
    errno: typeof errno === 'number' && errno > 0 ? errno : 0,
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message : '',
    fatal: fatal === true,
  };
}
