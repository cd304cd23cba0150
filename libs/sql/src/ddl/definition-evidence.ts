import { createHash } from 'node:crypto';
import type { TableName } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { quoteName, quoteTable, quoteText } from '../sql-text.ts';
import type { TargetSession } from '../target-session.ts';

/** A table as it stands: null where it does not exist. A whole schema (table '') has no definition, it only exists. */
export interface TableEvidence extends TableName {
  readonly exists: boolean;
  /** Of its definition, without the counter of AUTO_INCREMENT. */
  readonly hash: string | null;
  /** When the server made it, as it says; statements that make a table anew move it. */
  readonly createdAt: string | null;
  /** Whether `createdAt` lies well before the moment of the reading: whole seconds are told apart then. */
  readonly isSettled: boolean;
}

const SETTLED_SECONDS = 2;

/** How the tables stand now. Reads nothing stale: MySQL keeps what it shows of tables for a day unless told otherwise. */
export async function readEvidence(
  session: TargetSession,
  tables: readonly TableName[],
): Promise<readonly TableEvidence[]> {
  if (session.info.kind === 'mysql') await session.query('SET SESSION information_schema_stats_expiry = 0');
  const found: TableEvidence[] = [];
  for (const name of tables)
    found.push(name.table === '' ? await schemaEvidence(session, name) : await tableEvidence(session, name));
  await session.rollback();
  return found;
}

async function schemaEvidence(session: TargetSession, name: TableName): Promise<TableEvidence> {
  const rows = await session.query(
    `SELECT 1 AS one FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${quoteText(name.schema)}`,
  );
  return { ...name, exists: rows.length > 0, hash: null, createdAt: null, isSettled: false };
}

async function tableEvidence(session: TargetSession, name: TableName): Promise<TableEvidence> {
  const [row] = await session.query(
    `SELECT CREATE_TIME AS createdAt, CREATE_TIME < NOW() - INTERVAL ${String(SETTLED_SECONDS)} SECOND AS isSettled ` +
      `FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${quoteText(name.schema)} AND TABLE_NAME = ${quoteText(name.table)}`,
  );
  const definition = row === undefined ? null : await definitionOf(session, name);
  if (row === undefined || definition === null)
    return { ...name, exists: false, hash: null, createdAt: null, isSettled: false };
  const hash = createHash('sha256')
    .update(definition.replaceAll(/ AUTO_INCREMENT=\d+/g, ''))
    .digest('hex');
  return {
    ...name,
    exists: true,
    hash,
    createdAt: String(row['createdAt']),
    isSettled: Number(row['isSettled']) === 1,
  };
}

async function definitionOf(session: TargetSession, name: TableName): Promise<string | null> {
  try {
    const [row] = await session.query(`SHOW CREATE TABLE ${quoteTable(name)}`);
    // The name stands in it: a table that was only renamed has the definition of before.
    return String(row?.['Create Table'] ?? '').replace(`CREATE TABLE ${quoteName(name.table)}`, 'CREATE TABLE');
  } catch (error) {
    if (SyncError.is(error) && error.code === 'TARGET_TABLE_MISSING') return null;
    throw error;
  }
}
