import { SyncError } from '@lutra/model';
import type { TableName } from '@lutra/model';
import { quoteText } from '../sql-text.ts';
import type { TargetSession } from '../target-session.ts';
import type { TargetStatement } from '../target-statement.ts';

/**
 * One row of `lutra.ddl`. begun: the statement is about to be run, or was; done: it is in effect; kept: a change of a ghost
 * table's definition, for the moment at which the ghost takes its table's place (with an empty statement: its creation).
 */
export interface DdlIntent {
  readonly number: number;
  readonly state: 'begun' | 'done' | 'kept';
  readonly statement: string;
  readonly sessionId: number;
  /** What was found before, as JSON. */
  readonly evidence: string;
}

export interface DdlKey {
  readonly pipelineId: string;
  /** Name of the source transaction. */
  readonly gtid: string;
  /** Among the statements that one statement of the source becomes. */
  readonly number: number;
}

export interface DdlRecord extends DdlKey {
  readonly state: 'begun' | 'kept';
  readonly ghost: string | null;
  readonly statement: string;
  readonly hash: string;
  readonly revision: number;
  readonly sessionId: number;
  readonly evidence: string;
}

/** A kept statement of a ghost with the tables that it is for. */
export interface KeptStatement {
  readonly statement: string;
  readonly tables: readonly TableName[];
}

const CREATE_TABLE =
  'CREATE TABLE IF NOT EXISTS `lutra`.`ddl` (' +
  '`id` bigint unsigned NOT NULL AUTO_INCREMENT, ' +
  '`pipeline_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, ' +
  '`gtid` varchar(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, ' +
  '`number` smallint unsigned NOT NULL, ' +
  '`state` varchar(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, ' +
  '`ghost` varchar(130) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, ' +
  '`statement` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, ' +
  '`statement_hash` char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, ' +
  '`revision` bigint unsigned NOT NULL, ' +
  '`session_id` bigint unsigned NOT NULL, ' +
  '`evidence` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, ' +
  '`begun_at` datetime(6) NOT NULL, ' +
  '`done_at` datetime(6) NULL, ' +
  'PRIMARY KEY (`id`), UNIQUE KEY `statement` (`pipeline_id`, `gtid`, `number`)) ENGINE = InnoDB';

/** Creates the table when it is missing; the database is the checkpoint's. */
export async function ensureDdlTable(session: TargetSession): Promise<void> {
  if (!(await hasDdlTable(session))) await session.execute([{ sql: CREATE_TABLE }]);
}

export async function hasDdlTable(session: TargetSession): Promise<boolean> {
  return (await session.describeTable({ schema: 'lutra', table: 'ddl' })) !== null;
}

/** What is known of a statement of the source. */
export async function readIntents(
  session: TargetSession,
  { pipelineId, gtid }: Omit<DdlKey, 'number'>,
): Promise<readonly DdlIntent[]> {
  const rows = await session.query(
    'SELECT number, state, statement, session_id AS sessionId, evidence FROM `lutra`.`ddl` ' +
      `WHERE pipeline_id = ${quoteText(pipelineId)} AND gtid = ${quoteText(gtid)} ORDER BY number`,
  );
  await session.rollback();
  return rows.map((row) => ({
    number: Number(row['number']),
    state: stateOf(row['state']),
    statement: String(row['statement']),
    sessionId: Number(row['sessionId']),
    evidence: String(row['evidence']),
  }));
}

/** Sessions of statements that were begun and that nobody has closed. */
export async function readOpenSessions(session: TargetSession, pipelineId: string): Promise<readonly number[]> {
  const rows = await session.query(
    `SELECT session_id AS sessionId FROM \`lutra\`.\`ddl\` WHERE pipeline_id = ${quoteText(pipelineId)} AND state = 'begun'`,
  );
  await session.rollback();
  return rows.map(({ sessionId }) => Number(sessionId));
}

/** Null = its creation was not seen: what is known of the ghost is not all. */
export async function readKept(
  session: TargetSession,
  { pipelineId, ghost }: { readonly pipelineId: string; readonly ghost: string },
): Promise<readonly KeptStatement[] | null> {
  const rows = await session.query(
    'SELECT statement, evidence FROM `lutra`.`ddl` ' +
      `WHERE pipeline_id = ${quoteText(pipelineId)} AND ghost = ${quoteText(ghost)} AND state = 'kept' ORDER BY id`,
  );
  await session.rollback();
  if (!rows.some(({ statement }) => statement === '')) return null;
  return rows
    .filter(({ statement }) => statement !== '')
    .map(({ statement, evidence }) => ({
      statement: String(statement),
      tables: JSON.parse(String(evidence)) as readonly TableName[],
    }));
}

/** Ghosts of which something is kept, with the tables whose place they may take. */
export async function readGhosts(
  session: TargetSession,
  pipelineId: string,
): Promise<readonly { readonly ghost: string; readonly tables: readonly TableName[] }[]> {
  const rows = await session.query(
    'SELECT DISTINCT ghost, evidence FROM `lutra`.`ddl` ' +
      `WHERE pipeline_id = ${quoteText(pipelineId)} AND state = 'kept' ORDER BY ghost`,
  );
  await session.rollback();
  return rows.map(({ ghost, evidence }) => ({
    ghost: String(ghost),
    tables: JSON.parse(String(evidence)) as readonly TableName[],
  }));
}

/** Writes a row, or writes it again at another attempt. Runs in the transaction of the checkpoint, which is its fence. */
export function recordStatement(record: DdlRecord): TargetStatement {
  const { pipelineId, gtid, number, state, ghost, statement, hash, revision, sessionId, evidence } = record;
  const values = [
    quoteText(pipelineId),
    quoteText(gtid),
    String(number),
    quoteText(state),
    ghost === null ? 'NULL' : quoteText(ghost),
    quoteText(statement),
    quoteText(hash),
    String(revision),
    String(sessionId),
    quoteText(evidence),
    'UTC_TIMESTAMP(6)',
  ];
  return {
    sql:
      'INSERT INTO `lutra`.`ddl` (pipeline_id, gtid, number, state, ghost, statement, statement_hash, revision, session_id, ' +
      `evidence, begun_at) VALUES (${values.join(', ')}) ON DUPLICATE KEY UPDATE state = VALUES(state), ` +
      'statement = VALUES(statement), statement_hash = VALUES(statement_hash), revision = VALUES(revision), ' +
      'session_id = VALUES(session_id), evidence = VALUES(evidence), begun_at = VALUES(begun_at)',
  };
}

/** Everything of the source's statement is in effect, or `number` of it. */
export function closeStatement({
  pipelineId,
  gtid,
  number,
}: Omit<DdlKey, 'number'> & { number?: number }): TargetStatement {
  const one = number === undefined ? '' : ` AND number = ${String(number)}`;
  return {
    sql:
      "UPDATE `lutra`.`ddl` SET state = 'done', done_at = UTC_TIMESTAMP(6) " +
      `WHERE pipeline_id = ${quoteText(pipelineId)} AND gtid = ${quoteText(gtid)} AND state = 'begun'${one}`,
  };
}

/** The server has refused it: it is not in effect, and nothing has to be found out at the next attempt. */
export function withdrawStatement({ pipelineId, gtid, number }: DdlKey): TargetStatement {
  return {
    sql:
      `DELETE FROM \`lutra\`.\`ddl\` WHERE pipeline_id = ${quoteText(pipelineId)} AND gtid = ${quoteText(gtid)} ` +
      `AND number = ${String(number)} AND state = 'begun'`,
  };
}

export function forgetGhost({ pipelineId, ghost }: { pipelineId: string; ghost: string }): TargetStatement {
  return {
    sql: `DELETE FROM \`lutra\`.\`ddl\` WHERE pipeline_id = ${quoteText(pipelineId)} AND ghost = ${quoteText(ghost)} AND state = 'kept'`,
  };
}

function stateOf(state: unknown): DdlIntent['state'] {
  if (state === 'begun' || state === 'done' || state === 'kept') return state;
  throw new SyncError('INTERNAL', { problem: `lutra.ddl holds the unknown state ${String(state)}` });
}
