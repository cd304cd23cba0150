import { createConnection } from 'mysql2/promise';
import { errorCode } from '../error-code.ts';

/** True when root can log in and ask. A server that wants TLS refuses without: with it, whatever its certificate says. */
export async function answersSql(port: number, password: string): Promise<boolean> {
  const login = { host: '127.0.0.1', port, user: 'root', password, connectTimeout: 2_000 };
  const plain = createConnection(login);
  const connection = await plain.catch((error: unknown) => {
    if (errorCode(error) === 'ECONNREFUSED') throw error;
    return createConnection({ ...login, ssl: { rejectUnauthorized: false } });
  });
  try {
    await connection.query('SELECT 1');
    return true;
  } finally {
    connection.destroy();
  }
}
