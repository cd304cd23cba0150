import { SyncError } from '@lutra/model';
import { askFirstKnown, askIfKnown, readVariable, serverErrno } from './ask-server.ts';
import type { AskableSource } from './ask-server.ts';
import type { SourceRow } from './source-session.ts';

interface NeededGrant {
  readonly name: string;
  readonly alsoBy: readonly string[];
  /** Statements that only this grant allows, spelled as the generations of servers spell them; none where there is none. */
  readonly proof: readonly string[];
}

/** One spelling of each grant that reading the log needs, with the others that include it. */
const GRANTS: Readonly<Record<'mysql' | 'mariadb', readonly NeededGrant[]>> = {
  mysql: [
    { name: 'REPLICATION SLAVE', alsoBy: ['REPLICATION REPLICA'], proof: ['SHOW REPLICAS', 'SHOW SLAVE HOSTS'] },
    { name: 'REPLICATION CLIENT', alsoBy: ['SUPER'], proof: ['SHOW BINARY LOGS'] },
  ],
  mariadb: [
    { name: 'REPLICATION SLAVE', alsoBy: ['REPLICATION REPLICA'], proof: [] },
    { name: 'BINLOG MONITOR', alsoBy: ['REPLICATION CLIENT', 'SUPER'], proof: ['SHOW BINARY LOGS'] },
  ],
};
/** The server says with these that a grant is missing. */
const ACCESS_ERRNOS: ReadonlySet<number> = new Set([1045, 1142, 1227]);

/**
 * Whether this source can be read by this user. Throws SOURCE_BINLOG_OFF, SOURCE_BINLOG_FORMAT, or SOURCE_GRANT_MISSING
 * with the GRANT statement for everything that is missing. `schemas` are those of the mapped tables: SELECT is asked for
 * only when the log does not carry full metadata.
 */
export async function checkSource(
  session: AskableSource,
  options: { readonly schemas: readonly string[] },
): Promise<void> {
  const query = (sql: string): Promise<SourceRow[]> => session.query(sql);
  const logBin = await readVariable(query, 'global.log_bin');
  if (logBin !== '1' && logBin !== 'ON')
    throw new SyncError('SOURCE_BINLOG_OFF', {
      problem: `The source ${session.address} writes no binary log: it runs with log_bin = OFF`,
    });
  // A server that no longer knows the variable can do nothing but ROW.
  const format = (await readVariable(query, 'global.binlog_format')) ?? 'ROW';
  if (format !== 'ROW')
    throw new SyncError('SOURCE_BINLOG_FORMAT', {
      problem: `The source ${session.address} logs statements or a mixture: it runs with binlog_format = ${format}`,
      statement: 'SET GLOBAL binlog_format = ROW',
    });
  const metadata = await readVariable(query, 'global.binlog_row_metadata');
  await checkGrants(session, metadata === 'FULL' ? [] : options.schemas);
}

async function checkGrants(session: AskableSource, schemas: readonly string[]): Promise<void> {
  const grants = await readGrants(session);
  const isGranted = (name: string): boolean =>
    grants.some(({ target, names }) => target === '*.*' && (names.includes('ALL PRIVILEGES') || names.includes(name)));
  const missing: string[] = [];
  for (const { name, alsoBy, proof } of GRANTS[session.server.kind])
    // A grant that is listed under a name that is not known here shows by what it allows.
    if (![name, ...alsoBy].some(isGranted) && !(await isAllowed(session, proof))) missing.push(name);
  const unreadable = schemas.filter(
    (schema) => !isGranted('SELECT') && !grants.some((grant) => readsFrom(grant, schema)),
  );
  if (missing.length === 0 && unreadable.length === 0) return;
  const account = await accountOf(session);
  const statements = [
    ...(missing.length === 0 ? [] : [`GRANT ${missing.join(', ')} ON *.* TO ${account}`]),
    ...unreadable.map((schema) => `GRANT SELECT ON \`${schema.replaceAll('`', '``')}\`.* TO ${account}`),
  ];
  const names = [...missing, ...unreadable.map((schema) => `SELECT on ${schema}`)];
  throw new SyncError('SOURCE_GRANT_MISSING', {
    problem: `User ${account} lacks ${names.join(' and ')} at the source ${session.address}`,
    missing: names,
    statement: statements.join('; '),
  });
}

async function isAllowed(session: AskableSource, proof: readonly string[]): Promise<boolean> {
  if (proof.length === 0) return false;
  try {
    await askFirstKnown((sql) => session.query(sql), proof);
    return true;
  } catch (error) {
    if (ACCESS_ERRNOS.has(serverErrno(error))) return false;
    throw error;
  }
}

interface Grant {
  /** Whatever the object: all tables, those of schemas that look like `schema`, or one table of `schema`. */
  readonly target: '*.*' | 'schema.*' | 'schema.table';
  readonly schema: string;
  readonly names: readonly string[];
}

/** With sql_mode ANSI_QUOTES names come in double quotes; either quote is doubled inside. */
const GRANT = /^GRANT (.+?) ON (?:(\*\.\*)|(`(?:[^`]|``)+`|"(?:[^"]|"")+")\.(\*|`(?:[^`]|``)+`|"(?:[^"]|"")+")) TO /s;

async function readGrants(session: AskableSource): Promise<Grant[]> {
  const grants: Grant[] = [];
  for (const row of await session.query(`SHOW GRANTS${await usingRoles(session)}`)) {
    const value = Object.values(row)[0];
    const [, names = '', all, schema = '', table] = typeof value === 'string' ? (GRANT.exec(value) ?? []) : [];
    if (names === '') continue;
    const target = all === '*.*' ? all : table === '*' ? 'schema.*' : 'schema.table';
    grants.push({ target, schema: unquote(schema), names: names.split(',').map((name) => name.trim()) });
  }
  return grants;
}

function unquote(name: string): string {
  const quote = name.slice(0, 1);
  return name.slice(1, -1).replaceAll(quote + quote, quote);
}

/** MySQL lists what roles give only when they are named; MariaDB lists the current role by itself. */
async function usingRoles(session: AskableSource): Promise<string> {
  if (session.server.kind === 'mariadb') return '';
  // MySQL 5.7 has no roles.
  const [row] = (await askIfKnown((sql) => session.query(sql), 'SELECT CURRENT_ROLE() AS roles')) ?? [];
  const roles = row?.['roles'];
  return typeof roles !== 'string' || roles === '' || roles === 'NONE' ? '' : ` FOR CURRENT_USER() USING ${roles}`;
}

function readsFrom({ target, schema: granted, names }: Grant, schema: string): boolean {
  const isOfSchema = granted === schema || (target === 'schema.*' && likeOf(granted).test(schema));
  return isOfSchema && names.some((name) => name === 'ALL PRIVILEGES' || name.startsWith('SELECT'));
}

/** Schemas are granted by a pattern: % and _ are wildcards unless a backslash stands before them. */
function likeOf(pattern: string): RegExp {
  const parts = (pattern.match(/\\[%_\\]|./gsu) ?? []).map((part) => {
    if (part === '%') return '.*';
    if (part === '_') return '.';
    const plain = part.length > 1 && part.startsWith('\\') ? part.slice(1) : part;
    return `\\u{${(plain.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return new RegExp(`^${parts.join('')}$`, 'su');
}

async function accountOf(session: AskableSource): Promise<string> {
  const account = await session.queryText('SELECT CURRENT_USER()');
  const at = account.lastIndexOf('@');
  return `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
}
