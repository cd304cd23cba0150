import { SyncError } from '@lutra/model';
import { askFirstKnown } from './ask-server.ts';
import type { AskableSource } from './ask-server.ts';

export interface LogFile {
  readonly name: string;
  readonly bytes: number;
}

/** File and offset where the server writes now. SOURCE_BINLOG_OFF when there is none. */
export async function readWritePosition(
  session: AskableSource,
): Promise<{ readonly file: string; readonly offset: number }> {
  // MySQL 8.2 renamed the statement, 8.4 dropped the old name; MariaDB kept it.
  const spellings = ['SHOW BINARY LOG STATUS', 'SHOW MASTER STATUS'];
  const [row] = await askFirstKnown((sql) => session.query(sql), spellings);
  const file = row?.['File'];
  if (typeof file !== 'string')
    throw new SyncError('SOURCE_BINLOG_OFF', { problem: `The source ${session.address} writes no binary log` });
  return { file, offset: Number(row?.['Position']) };
}

/** The files that the server still has, oldest first; the last one grows. */
export async function readLogFiles(session: AskableSource): Promise<LogFile[]> {
  return (await session.query('SHOW BINARY LOGS')).map((row) => ({
    name: String(row['Log_name']),
    bytes: Number(row['File_size']),
  }));
}
