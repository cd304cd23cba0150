import { createConnection } from 'mysql2/promise';
import type { Connection, ConnectionOptions } from 'mysql2/promise';
import type { DatabaseServer } from '../test-servers.ts';

/** Opens a connection that reads values without loss; the caller ends it. */
export const connectTo = (server: DatabaseServer, database?: string): Promise<Connection> =>
  createConnection(connectionOptions(server, database));

export function connectionOptions(server: DatabaseServer, database?: string): ConnectionOptions {
  const { host, port, user, password } = server;
  return {
    host,
    port,
    user,
    password,
    multipleStatements: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    charset: 'utf8mb4',
    timezone: 'Z',
    ...(database === undefined ? {} : { database }),
  };
}

/** Runs statements one after another as the given user. */
export async function runSql(server: DatabaseServer, statements: readonly string[]): Promise<void> {
  const connection = await connectTo(server);
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    connection.destroy();
  }
}

/** What Lutra's user needs at a source, and no more. */
export function sourceGrants(server: DatabaseServer, user: string, schemas: readonly string[]): string[] {
  const monitor = server.kind === 'mariadb' ? 'BINLOG MONITOR' : 'REPLICATION CLIENT';
  return [
    `GRANT REPLICATION SLAVE, ${monitor} ON *.* TO '${user}'@'%'`,
    ...schemas.map((schema) => `GRANT SELECT ON \`${schema}\`.* TO '${user}'@'%'`),
  ];
}

/** What Lutra's user needs at a target: to write rows and schema statements of the mapped schemas, and its own schema `lutra`. */
export function targetGrants(user: string, schemas: readonly string[]): string[] {
  return [
    ...schemas.map(
      (schema) =>
        `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON \`${schema}\`.* TO '${user}'@'%'`,
    ),
    `GRANT ALL PRIVILEGES ON \`lutra\`.* TO '${user}'@'%'`,
  ];
}

/** Makes the user (or gives the existing one this password) and grants. Returns the server under this user. */
export async function createAccount(
  server: DatabaseServer,
  account: { readonly user: string; readonly password: string; readonly grants: readonly string[] },
): Promise<DatabaseServer> {
  const name = `'${account.user}'@'%'`;
  await runSql(server, [
    `CREATE USER IF NOT EXISTS ${name} IDENTIFIED BY '${account.password}'`,
    `ALTER USER ${name} IDENTIFIED BY '${account.password}'`,
    ...account.grants,
  ]);
  return { ...server, user: account.user, password: account.password };
}
