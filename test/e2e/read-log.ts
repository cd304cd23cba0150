import { spawn } from 'node:child_process';
import { must } from '@lutra/model';
import { binlogTool, connectTo } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

/** A change of rows, as the server's own reader of logs prints it. */
export interface LoggedChange {
  readonly operation: 'insert' | 'update' | 'delete';
  readonly gtid: string;
  /** UTC; in whole seconds where the log has no more (MariaDB). */
  readonly commitTime: string;
}

export interface LogEnd {
  readonly file: string;
  readonly position: number;
}

/** Where a server's log ends now. */
export async function logEnd(server: DatabaseServer): Promise<LogEnd> {
  const connection = await connectTo(server);
  try {
    const query = server.kind === 'mariadb' ? 'SHOW MASTER STATUS' : 'SHOW BINARY LOG STATUS';
    const [rows] = await connection.query(query);
    const { File: file, Position: position } = must((rows as { File: string; Position: string }[])[0], 'a log');
    return { file, position: Number(position) };
  } finally {
    connection.destroy();
  }
}

const GTID = { mariadb: /\bGTID (\d+-\d+-\d+)/, mysql: /GTID_NEXT= '([0-9a-f-]+:\d+)'/ };
const TIME_IN = {
  /** '#261123  5:57:10 server id 1  end_log_pos 371 CRC32 0x01234567  GTID 0-1-5' */
  mariadb: (line: string): string | undefined => {
    const [, year, month, day, clock] = /^#(\d\d)(\d\d)(\d\d) +(\d+:\d\d:\d\d) .*\bGTID /.exec(line) ?? [];
    return clock === undefined ? undefined : `20${year}-${month}-${day} ${clock.padStart(8, '0')}`;
  },
  /** '# immediate_commit_timestamp=1763876712345678 (…)' */
  mysql: (line: string): string | undefined => {
    const micros = /^# immediate_commit_timestamp=(\d+)/.exec(line)?.[1];
    if (micros === undefined) return undefined;
    const second = new Date(Number(micros.slice(0, -6)) * 1000).toISOString();
    return `${second.slice(0, 10)} ${second.slice(11, 19)}.${micros.slice(-6)}`;
  },
} as const;
const OPERATIONS = { 'INSERT INTO': 'insert', UPDATE: 'update', 'DELETE FROM': 'delete' } as const;

/** Changes of a table since then, by transactions that change rows of one kind only; in one file of the log. */
export async function readLog(
  server: DatabaseServer,
  { file, position }: LogEnd,
  { schema, table }: { readonly schema: string; readonly table: string },
): Promise<LoggedChange[]> {
  const changes: LoggedChange[] = [];
  let [gtid, commitTime] = ['', ''];
  for (const line of (await printed(server, { file, position })).split('\n')) {
    gtid = GTID[server.kind].exec(line)?.[1] ?? gtid;
    commitTime = TIME_IN[server.kind](line) ?? commitTime;
    const [, verb, name] = /^### (INSERT INTO|UPDATE|DELETE FROM) (.*)$/.exec(line) ?? [];
    if (name !== `\`${schema}\`.\`${table}\`` || changes.at(-1)?.gtid === gtid) continue;
    changes.push({ operation: OPERATIONS[verb as keyof typeof OPERATIONS], gtid, commitTime });
  }
  return changes;
}

async function printed(server: DatabaseServer, { file, position }: LogEnd): Promise<string> {
  const [program, ...options] = await binlogTool(server.kind);
  const { host, port, user, password } = server;
  const own = server.kind === 'mysql' ? ['--ssl-mode=DISABLED', '--get-server-public-key'] : [];
  const address = ['--protocol=tcp', `--host=${host}`, `--port=${String(port)}`, `--user=${user}`];
  const reading = ['-v', '--base64-output=DECODE-ROWS', '--read-from-remote-server'];
  const child = spawn(
    program,
    [...options, '--no-defaults', ...reading, ...address, ...own, `--start-position=${String(position)}`, file],
    { env: { ...process.env, MYSQL_PWD: password, TZ: 'UTC' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const output: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`The reader of the log ended with ${String(code)}`);
  return Buffer.concat(output).toString('latin1');
}
