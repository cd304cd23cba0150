import { createConnection } from 'mysql2/promise';

/** True when root can log in and ask. */
export async function answersSql(port: number, password: string): Promise<boolean> {
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root', password, connectTimeout: 2_000 });
  try {
    await connection.query('SELECT 1');
    return true;
  } finally {
    connection.destroy();
  }
}
