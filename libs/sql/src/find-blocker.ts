import type { Blocker } from '@lutra/model';
import { showProcesses } from './show-processes.ts';
import type { ServerProcess } from './show-processes.ts';
import { stripLiterals } from './strip-literals.ts';
import type { TargetSession } from './target-session.ts';

export type FoundBlocker = Omit<Blocker, 'since'>;

type Row = Readonly<Record<string, unknown>>;

/** One connection that is in the way, as far as the server tells. */
interface Holder {
  readonly connectionId: number | null;
  /** What it holds: 'a row lock on shop.t'. */
  readonly what: string;
  /** What it runs, or ran last. */
  readonly statement: string | null;
  readonly isWaitingToo?: boolean;
}

/**
 * What keeps `sessionId` at the target from going on, asked on another session of the same account; null when it does not
 * wait for anything that the server tells. Which connection holds a lock is told as far as the account may know: MySQL needs
 * SELECT on performance_schema, MariaDB PROCESS (and for metadata locks the plugin metadata_lock_info); what would tell more
 * is part of the message. Statements are without literals. Never throws.
 */
export async function findBlocker(session: TargetSession, sessionId: number): Promise<FoundBlocker | null> {
  const ask = (sql: string): Promise<readonly Row[] | null> => tryQuery(session, sql);
  const state = (await ownProcess(session, sessionId))?.state ?? '';
  const holder =
    (await rowHolder(session, ask, sessionId)) ?? (await metadataHolder(session, ask, { sessionId, state }));
  if (holder !== null) return lockBlocker(session, holder);
  const readOnly = await ask('SELECT @@global.read_only AS isOn');
  if (state === '' && Number(readOnly?.[0]?.['isOn'] ?? 0) > 0)
    return {
      kind: 'targetWait',
      message: `load waits for target ${session.info.address} to be writable: read_only is ON`,
    };
  if (!/^Waiting for /i.test(state)) return null;
  const unknown = { connectionId: null, what: lockOfState(state), statement: null };
  return lockBlocker(session, unknown);
}

/** What a statement of `sessionId` does when no lock is in its way; null when nothing runs. */
export async function describeWork(session: TargetSession, sessionId: number): Promise<FoundBlocker | null> {
  const own = await ownProcess(session, sessionId);
  if (own === null || own.statement === '') return null;
  const statement = stripLiterals(own.statement);
  const message = `load waits for target ${session.info.address}, which has been at one statement for ${String(own.seconds)} s (${own.state}): ${statement}`;
  return { kind: 'targetWait', message };
}

/** A statement may be of 64 MiB; people see its beginning. */
const STATEMENT_CHARACTERS_READ = 4_096;
const beginningOf = (sql: string): string => `LEFT(${sql}, ${String(STATEMENT_CHARACTERS_READ)})`;

/** More of the statement than SHOW PROCESSLIST tells, where the server can tell it. */
async function ownProcess(session: TargetSession, sessionId: number): Promise<ServerProcess | null> {
  const [more] =
    (await tryQuery(
      session,
      `SELECT ${beginningOf('INFO')} AS info FROM information_schema.PROCESSLIST WHERE ID = ${String(sessionId)}`,
    )) ?? [];
  const own = (await orNull(session, () => showProcesses(session)))?.find(({ id }) => id === sessionId);
  return own === undefined ? null : { ...own, statement: text(more?.['info']) || own.statement };
}

function lockBlocker({ info }: TargetSession, { connectionId, what, statement, isWaitingToo }: Holder): FoundBlocker {
  const kind = 'targetLock';
  if (connectionId === null) {
    const more =
      info.kind === 'mysql'
        ? `GRANT SELECT ON performance_schema.* TO ${info.account}`
        : `GRANT PROCESS ON *.* TO ${info.account}, and INSTALL SONAME 'metadata_lock_info'`;
    return {
      kind,
      message: `load waits for ${what} at target; which connection holds it would be told after: ${more}`,
    };
  }
  const verb = isWaitingToo === true ? 'wanted first' : 'held';
  const runs = statement === null || statement === '' ? 'it runs nothing now' : stripLiterals(statement);
  const message = `load waits for lock ${verb} by connection ${String(connectionId)} at target: ${runs} (${what})`;
  return { kind, message, connectionId };
}

async function rowHolder(session: TargetSession, ask: Ask, sessionId: number): Promise<Holder | null> {
  const id = String(sessionId);
  const sql =
    session.info.kind === 'mysql'
      ? `SELECT bt.PROCESSLIST_ID AS id, ${statementOf('bt')} AS statement, CONCAT(l.OBJECT_SCHEMA, '.', l.OBJECT_NAME) AS tableName ` +
        'FROM performance_schema.data_lock_waits w ' +
        'JOIN performance_schema.threads wt ON wt.THREAD_ID = w.REQUESTING_THREAD_ID ' +
        'JOIN performance_schema.threads bt ON bt.THREAD_ID = w.BLOCKING_THREAD_ID ' +
        'LEFT JOIN performance_schema.data_locks l ON l.ENGINE_LOCK_ID = w.BLOCKING_ENGINE_LOCK_ID ' +
        `WHERE wt.PROCESSLIST_ID = ${id} LIMIT 1`
      : 'SELECT b.trx_mysql_thread_id AS id, b.trx_query AS statement, l.lock_table AS tableName ' +
        'FROM information_schema.INNODB_LOCK_WAITS w ' +
        'JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id ' +
        'JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id ' +
        'LEFT JOIN information_schema.INNODB_LOCKS l ON l.lock_id = w.blocking_lock_id ' +
        `WHERE r.trx_mysql_thread_id = ${id} LIMIT 1`;
  const [row] = (await ask(sql)) ?? [];
  if (row === undefined) return null;
  const table = text(row['tableName']).replaceAll('`', '');
  return holderOf(row, table === '' ? 'a row lock' : `a row lock on ${table}`);
}

/** Kinds of metadata locks that a writing statement cannot pass. */
const BLOCKING_TYPES =
  "'EXCLUSIVE','SHARED_NO_READ_WRITE','SHARED_NO_WRITE','SHARED_READ_ONLY','SHARED','BACKUP_FTWRL1','BACKUP_FTWRL2'";

async function metadataHolder(
  session: TargetSession,
  ask: Ask,
  waiting: { readonly sessionId: number; readonly state: string },
): Promise<Holder | null> {
  if (!/^Waiting for /i.test(waiting.state)) return null;
  const [row] = (await ask(metadataQuery(waiting.sessionId))) ?? [];
  if (row !== undefined) return { ...holderOf(row, describeLock(row)), isWaitingToo: row['status'] === 'PENDING' };
  return session.info.kind === 'mariadb' ? mariadbHolder(ask, waiting) : null;
}

/** Both servers' performance_schema, where it is on. */
const metadataQuery = (sessionId: number): string =>
  `SELECT gt.PROCESSLIST_ID AS id, ${statementOf('gt')} AS statement, g.OBJECT_TYPE AS objectType, ` +
  "CONCAT_WS('.', g.OBJECT_SCHEMA, g.OBJECT_NAME) AS objectName, g.LOCK_STATUS AS status " +
  'FROM performance_schema.metadata_locks p ' +
  'JOIN performance_schema.threads pt ON pt.THREAD_ID = p.OWNER_THREAD_ID ' +
  'JOIN performance_schema.metadata_locks g ON g.OBJECT_TYPE = p.OBJECT_TYPE AND g.OBJECT_SCHEMA <=> p.OBJECT_SCHEMA ' +
  'AND g.OBJECT_NAME <=> p.OBJECT_NAME AND g.OWNER_THREAD_ID <> p.OWNER_THREAD_ID ' +
  'JOIN performance_schema.threads gt ON gt.THREAD_ID = g.OWNER_THREAD_ID ' +
  `WHERE p.LOCK_STATUS = 'PENDING' AND pt.PROCESSLIST_ID = ${String(sessionId)} AND g.LOCK_TYPE IN (${BLOCKING_TYPES}) ` +
  "ORDER BY g.LOCK_STATUS = 'GRANTED' DESC LIMIT 1";

/** What a thread runs, or ran last. */
const statementOf = (thread: string): string =>
  beginningOf(
    `COALESCE(${thread}.PROCESSLIST_INFO, (SELECT s.SQL_TEXT FROM performance_schema.events_statements_current s ` +
      `WHERE s.THREAD_ID = ${thread}.THREAD_ID ORDER BY s.EVENT_ID DESC LIMIT 1))`,
  );

const describeLock = (row: Row): string => {
  const name = text(row['objectName']);
  return row['objectType'] === 'TABLE'
    ? `a metadata lock on ${name}`
    : `the ${text(row['objectType']).toLowerCase()} lock`;
};

/** MariaDB without performance_schema: its plugin, where it is installed; else the one running statement that takes such a lock. */
async function mariadbHolder(
  ask: Ask,
  { sessionId, state }: { readonly sessionId: number; readonly state: string },
): Promise<Holder | null> {
  const id = String(sessionId);
  const [known] =
    (await ask(
      `SELECT m.THREAD_ID AS id, ${beginningOf('p.INFO')} AS statement FROM information_schema.METADATA_LOCK_INFO m ` +
        'LEFT JOIN information_schema.PROCESSLIST p ON p.ID = m.THREAD_ID ' +
        `WHERE m.THREAD_ID <> ${id} AND (m.LOCK_MODE IN ('MDL_EXCLUSIVE','MDL_SHARED_NO_READ_WRITE','MDL_SHARED_NO_WRITE',` +
        "'MDL_SHARED_READ_ONLY') OR m.LOCK_MODE LIKE 'MDL\\_BACKUP\\_%' AND m.LOCK_MODE NOT LIKE 'MDL\\_BACKUP\\_%DML') LIMIT 1",
    )) ?? [];
  if (known !== undefined) return holderOf(known, lockOfState(state));
  const suspects =
    (await ask(
      `SELECT ID AS id, ${beginningOf('INFO')} AS statement, STATE AS state FROM information_schema.PROCESSLIST WHERE ID <> ${id} AND INFO IS NOT NULL ` +
        "AND INFO RLIKE '^[[:space:]]*(ALTER|DROP|TRUNCATE|RENAME|CREATE|OPTIMIZE|REPAIR|ANALYZE|LOCK|FLUSH)[[:space:]]' ORDER BY TIME DESC LIMIT 2",
    )) ?? [];
  const [only] = suspects;
  if (only === undefined || suspects.length > 1) return null;
  return { ...holderOf(only, lockOfState(state)), isWaitingToo: /^Waiting for /i.test(text(only['state'])) };
}

const lockOfState = (state: string): string => {
  const lock = state.replace(/^Waiting for /i, '');
  return `${/^[aeiou]/i.test(lock) ? 'an' : 'a'} ${lock}`;
};

const holderOf = (row: Row, what: string): Holder => ({
  connectionId: row['id'] === null || row['id'] === undefined ? null : Number(row['id']),
  what,
  statement: row['statement'] === null || row['statement'] === undefined ? null : text(row['statement']),
});

type Ask = (sql: string) => Promise<readonly Row[] | null>;

/** Null when the account may not ask, or the server has no such table. */
const tryQuery = (session: TargetSession, sql: string): Promise<readonly Row[] | null> =>
  orNull(session, () => session.query(sql));

async function orNull<T>(session: TargetSession, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch {
    return null;
  } finally {
    await session.rollback();
  }
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
