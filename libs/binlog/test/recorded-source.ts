import type { AskableSource } from '../src/ask-server.ts';
import type { SourceServer } from '../src/source-server.ts';
import type { SourceRow } from '../src/source-session.ts';

/** Rows, or the number of the error that the server gave. */
export type Recorded = Readonly<Record<string, readonly SourceRow[] | number>>;

/**
 * Answers of a server that cannot run here, statement by statement. Statements that were not recorded fail as unknown
 * variables do when they ask for one, and as syntax errors otherwise.
 */
export function recordedQuery(recorded: Recorded): (sql: string) => Promise<SourceRow[]> {
  return (sql) => {
    const answer = recorded[sql] ?? (sql.startsWith('SELECT @@') ? 1193 : 1064);
    if (typeof answer !== 'number') return Promise.resolve([...answer]);
    const cause = Object.assign(new Error(`error ${String(answer)} to ${sql}`), { errno: answer });
    return Promise.reject(new Error('translated', { cause }));
  };
}

export function recordedSource(recorded: Recorded, server: Partial<SourceServer> = {}): AskableSource {
  const query = recordedQuery(recorded);
  return {
    address: 'db:3306',
    server: {
      kind: 'mysql',
      version: '',
      uuid: 'uuid-1',
      placeKind: 'file',
      hasChecksum: true,
      clockOffsetMs: 0,
      ...server,
    },
    query,
    queryText: async (sql) => {
      const value = Object.values((await query(sql))[0] ?? {})[0];
      return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    },
  };
}
