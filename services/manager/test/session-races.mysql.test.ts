import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { waitUntil } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: a password that was reset is worth nothing from then on, also to a request that has just been found to know it.
// Method: the test holds the lock that every change takes, lets the request check the password (it notes then from where the
// user has logged in), puts another password there, and lets go.

const PASSWORD = 'correct horse battery';
const NEXT = 'seven old bicycles';
const RESET = 'scrypt$32768$8$3$AAAA$AAAA';

const installation = new Installation();
let manager: RunningManager;
let database: Connection;

beforeAll(async () => {
  manager = await installation.start();
  const { host, port, user, password } = installation.store;
  database = await createConnection({ host, port, user, password, database: installation.database });
});

afterAll(async () => {
  await database.end();
  await installation.close();
});

const logIn = (name: string): Promise<Answer> =>
  manager.request('POST', '/api/v1/login', { headers: { authorization: '' }, body: { name, password: PASSWORD } });
const problem = ({ status, body }: Answer): unknown => [status, body['code']];

/** What the request answers when `sql` comes between its look at the user and its transaction. */
async function overtakenBy(
  { userId, sql }: { readonly userId: string; readonly sql: readonly string[] },
  request: () => Promise<Answer>,
): Promise<Answer> {
  const networks = `FROM ${installation.database}.login_network WHERE user_id = '${userId}'`;
  await installation.sql(`DELETE ${networks}`);
  await database.query('START TRANSACTION');
  await database.query('SELECT id FROM installation WHERE id = 1 FOR UPDATE');
  const answering = request();
  await waitUntil(async () => (await installation.sql(`SELECT 1 ${networks}`)).length > 0, {
    what: 'the request to find the password right',
    timeoutMs: 60_000,
  });
  for (const statement of sql) await database.query(statement);
  await database.query('COMMIT');
  return answering;
}

describe('a password that is reset', () => {
  it('while somebody logs in with the one before: there is no session', async () => {
    const id = await manager.create('users', { name: 'anna', password: PASSWORD, role: 'admin' });
    const reset = [
      `UPDATE user SET password_hash = '${RESET}' WHERE id = '${id}'`,
      `DELETE FROM session WHERE user_id = '${id}'`,
    ];
    expect(problem(await overtakenBy({ userId: id, sql: reset }, () => logIn('anna')))).toEqual([401, 'LOGIN_FAILED']);
    expect(await installation.sql(`SELECT id FROM ${installation.database}.session WHERE user_id = '${id}'`)).toEqual(
      [],
    );
  });

  it.each<[string, (id: string) => readonly string[], string]>([
    [
      'with the sessions',
      (id) => [
        `UPDATE user SET password_hash = '${RESET}' WHERE id = '${id}'`,
        `DELETE FROM session WHERE user_id = '${id}'`,
      ],
      'LOGIN_FAILED',
    ],
    ['and the session alone is ended', (id) => [`DELETE FROM session WHERE user_id = '${id}'`], 'REQUEST_UNAUTHORIZED'],
  ])('%s, while the user changes it: it stays as it was reset', async (what, statements, code) => {
    const name = `berta ${what}`.slice(0, 20).trim();
    const id = await manager.create('users', { name, password: PASSWORD, role: 'admin' });
    const headers = { authorization: `Bearer ${String((await logIn(name)).body['token'])}` };
    const body = { current: PASSWORD, password: NEXT };
    const hashOf = async (): Promise<unknown> =>
      (await installation.sql(`SELECT password_hash FROM ${installation.database}.user WHERE id = '${id}'`))[0]?.[
        'password_hash'
      ];
    const before = await hashOf();
    const change = (): Promise<Answer> => manager.request('PUT', '/api/v1/session/password', { headers, body });
    expect(problem(await overtakenBy({ userId: id, sql: statements(id) }, change))).toEqual([401, code]);
    expect(await hashOf()).toBe(code === 'LOGIN_FAILED' ? RESET : before);
  });

  it('who is removed while logging in has no session', async () => {
    const id = await manager.create('users', { name: 'carla', password: PASSWORD, role: 'admin' });
    const answer = await overtakenBy({ userId: id, sql: [`DELETE FROM user WHERE id = '${id}'`] }, () =>
      logIn('carla'),
    );
    expect(problem(answer)).toEqual([401, 'LOGIN_FAILED']);
  });
});
