import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { binlogTool } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

/** What the tool prints behind `@n=`, by n; columns that the image lacks are missing. */
export type ToolImage = ReadonlyMap<number, string>;

export interface ToolEvent {
  readonly rows: { kind: string; before?: ToolImage; after?: ToolImage }[];
  /** The tool met a type that it does not know and printed nothing behind it. */
  isStopped: boolean;
}

export interface LogPlace {
  readonly file: string;
  readonly position: number;
}

export interface LogRange {
  readonly from: LogPlace;
  readonly to: LogPlace;
  /** Where the server has its log, for a server that the tool is too old to ask; asked otherwise. */
  readonly folder?: string | undefined;
}

/** The rows events of one table between two places of the log, as `mysqlbinlog` or `mariadb-binlog` prints them. */
export async function readWithTool(
  server: DatabaseServer,
  { from, to, folder }: LogRange,
  table: { readonly schema: string; readonly name: string },
): Promise<ToolEvent[]> {
  const [program, ...options] = await binlogTool(server.kind);
  const { host, port, user } = server;
  const own = server.kind === 'mysql' ? ['--ssl-mode=DISABLED', '--get-server-public-key'] : [];
  const address = ['--protocol=tcp', `--host=${host}`, `--port=${String(port)}`, `--user=${user}`];
  const range = [`--start-position=${String(from.position)}`, `--stop-position=${String(to.position)}`];
  const reading = ['-vv', '--base64-output=DECODE-ROWS'];
  const way = folder === undefined ? ['--read-from-remote-server', ...address, ...own] : [];
  const files = (from.file === to.file ? [from.file] : [from.file, to.file]).map((file) =>
    folder === undefined ? file : join(folder, file),
  );
  const text = await outputOf(
    [program, ...options, '--no-defaults', ...reading, ...way, ...range, ...files],
    server.password,
  );
  return parse(text, `\`${table.schema}\`.\`${table.name}\``);
}

/** Latin-1: one character per byte, as values are printed in the bytes of their charset. */
async function outputOf([program, ...options]: readonly string[], password: string): Promise<string> {
  const child = spawn(program ?? '', options, { env: { ...process.env, MYSQL_PWD: password } });
  const output: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => complaints.push(bytes));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0)
    throw new Error(`the binlog tool ended with ${String(code)}: ${Buffer.concat(complaints).toString()}`);
  return Buffer.concat(output).toString('latin1');
}

const KINDS = new Map([
  ['INSERT INTO', 'insert'],
  ['UPDATE', 'update'],
  ['DELETE FROM', 'delete'],
]);
const STARTS = /^### (INSERT INTO|UPDATE|DELETE FROM) (.*)$/;
const VALUE = /^### {3}@(\d+)=(.*?)(?: \/\* [^*]* nullable=\d is_null=\d \*\/)?$/;

function parse(text: string, table: string): ToolEvent[] {
  const events: ToolEvent[] = [];
  let event: ToolEvent | null = null;
  let row: { kind: string; before?: Map<number, string>; after?: Map<number, string> } | null = null;
  let image: Map<number, string> | null = null;
  for (const line of text.split('\n')) {
    if (line.startsWith('# at ')) event = row = image = null;
    const start = STARTS.exec(line);
    if (start !== null) {
      row = start[2] === table ? { kind: KINDS.get(start[1] ?? '') ?? '' } : null;
      image = null;
      if (row === null) continue;
      if (event === null) events.push((event = { rows: [], isStopped: false }));
      event.rows.push(row);
    } else if (row !== null && line === '### WHERE') {
      row.before = image = new Map<number, string>();
    } else if (row !== null && line === '### SET') {
      row.after = image = new Map<number, string>();
    } else if (image !== null && event !== null && line.includes("!! Don't know how to handle column type")) {
      event.isStopped = true;
    } else if (image !== null) {
      const value = VALUE.exec(line);
      if (value !== null) image.set(Number(value[1]), value[2] ?? '');
    }
  }
  return events;
}
