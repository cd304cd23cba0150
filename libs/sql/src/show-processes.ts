import type { TargetSession } from './target-session.ts';

/** A connection of the server. */
export interface ServerProcess {
  readonly id: number;
  readonly user: string;
  /** 'Query', 'Sleep', 'Binlog Dump' … */
  readonly command: string;
  readonly seconds: number;
  readonly state: string;
  /** The beginning (100 characters) of what it runs; empty while it runs nothing. */
  readonly statement: string;
}

/**
 * The connections that the account may see: its own ones, with PROCESS all. SHOW and not information_schema.PROCESSLIST:
 * MySQL refuses the whole of that table (error 3854) while any of the connections runs a statement with bytes that are no
 * text, as every client with the character set binary may.
 */
export async function showProcesses(session: TargetSession): Promise<readonly ServerProcess[]> {
  const rows = await session.query('SHOW PROCESSLIST');
  return rows.map((row) => ({
    id: Number(row['Id']),
    user: text(row['User']),
    command: text(row['Command']),
    seconds: Number(row['Time'] ?? 0),
    state: text(row['State']),
    statement: text(row['Info']),
  }));
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
