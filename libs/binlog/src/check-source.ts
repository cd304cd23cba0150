import { SyncError } from '@lutra/model';
import { readVariable } from './source-server.ts';
import type { SourceRow, SourceSession } from './source-session.ts';

/** One spelling of each grant that reading the log needs, with the others that include it. */
const GRANTS: Readonly<
  Record<'mysql' | 'mariadb', readonly { readonly name: string; readonly alsoBy: readonly string[] }[]>
> = {
  mysql: [
    { name: 'REPLICATION SLAVE', alsoBy: [] },
    { name: 'REPLICATION CLIENT', alsoBy: ['SUPER'] },
  ],
  mariadb: [
    { name: 'REPLICATION SLAVE', alsoBy: [] },
    { name: 'BINLOG MONITOR', alsoBy: ['REPLICATION CLIENT', 'SUPER'] },
  ],
};

/**
 * Whether this source can be read by this user. Throws SOURCE_BINLOG_OFF, SOURCE_BINLOG_FORMAT, or SOURCE_GRANT_MISSING
 * with the GRANT statement for everything that is missing. `schemas` are those of the mapped tables: SELECT is asked for
 * only when the log does not carry full metadata.
 */
export async function checkSource(
  session: SourceSession,
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

async function checkGrants(session: SourceSession, schemas: readonly string[]): Promise<void> {
  const grants = await readGrants(session);
  const isGranted = (name: string): boolean =>
    grants.some(({ target, names }) => target === '*.*' && (names.includes('ALL PRIVILEGES') || names.includes(name)));
  const missing = GRANTS[session.server.kind]
    .filter(({ name, alsoBy }) => ![name, ...alsoBy].some(isGranted))
    .map(({ name }) => name);
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

interface Grant {
  /** As printed: '*.*', '`shop`.*', '`shop`.`item`'. */
  readonly target: string;
  readonly names: readonly string[];
}

async function readGrants(session: SourceSession): Promise<Grant[]> {
  const grants: Grant[] = [];
  for (const row of await session.query(`SHOW GRANTS${await usingRoles(session)}`)) {
    const value = Object.values(row)[0];
    const line = typeof value === 'string' ? value : '';
    const match = /^GRANT (.+?) ON (\S+) TO /.exec(line);
    if (match !== null)
      grants.push({ target: match[2] ?? '', names: (match[1] ?? '').split(',').map((name) => name.trim()) });
  }
  return grants;
}

/** MySQL lists what roles give only when they are named; MariaDB lists the current role by itself. */
async function usingRoles(session: SourceSession): Promise<string> {
  if (session.server.kind === 'mariadb') return '';
  const roles = await session.queryText('SELECT CURRENT_ROLE()');
  return roles === '' || roles === 'NONE' ? '' : ` FOR CURRENT_USER() USING ${roles}`;
}

function readsFrom({ target, names }: Grant, schema: string): boolean {
  const isOfSchema = target.startsWith(`\`${schema}\`.`) || target.startsWith(`\`${schema.replaceAll('_', '\\_')}\`.`);
  return isOfSchema && names.some((name) => name === 'ALL PRIVILEGES' || name.startsWith('SELECT'));
}

async function accountOf(session: SourceSession): Promise<string> {
  const account = await session.queryText('SELECT CURRENT_USER()');
  const at = account.lastIndexOf('@');
  return `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
}
