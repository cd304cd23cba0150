import { createHash } from 'node:crypto';
import type { TableName } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { quoteNameText, quoteTable } from '../sql-text.ts';
import type { TargetSession } from '../target-session.ts';

/** A table as it stands: null where it does not exist. A whole schema (table '') has no definition, it only exists. */
export interface TableEvidence extends TableName {
  readonly exists: boolean;
  /** Of its definition, without the counter of AUTO_INCREMENT. */
  readonly hash: string | null;
  /** When the server made it, as it says; statements that make a table anew move it. */
  readonly createdAt: string | null;
  /** InnoDB's number of it, which TRUNCATE and RENAME of two tables move where nothing else shows them; null = not told (it needs PROCESS). */
  readonly tableId: string | null;
}

/**
 * How the tables stand now. Reads nothing stale: MySQL keeps what it shows of tables for a day unless told otherwise. The
 * settings that change how a server shows a table are put back first: an earlier statement may have been run under others.
 */
export async function readEvidence(
  session: TargetSession,
  tables: readonly TableName[],
): Promise<readonly TableEvidence[]> {
  await session.query("SET SESSION sql_mode = '', time_zone = '+00:00', sql_quote_show_create = 1");
  if (session.info.kind === 'mysql') await session.query('SET SESSION information_schema_stats_expiry = 0');
  const found: TableEvidence[] = [];
  for (const name of tables)
    found.push(name.table === '' ? await schemaEvidence(session, name) : await tableEvidence(session, name));
  await session.rollback();
  return found;
}

async function schemaEvidence(session: TargetSession, name: TableName): Promise<TableEvidence> {
  const rows = await session.query(
    `SELECT 1 AS one FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${quoteNameText(name.schema)}`,
  );
  return { ...name, exists: rows.length > 0, hash: null, createdAt: null, tableId: null };
}

async function tableEvidence(session: TargetSession, name: TableName): Promise<TableEvidence> {
  const [row] = await session.query(
    `SELECT CREATE_TIME AS createdAt FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${quoteNameText(name.schema)} AND TABLE_NAME = ${quoteNameText(name.table)}`,
  );
  const definition = row === undefined ? null : await definitionOf(session, name);
  if (row === undefined || definition === null)
    return { ...name, exists: false, hash: null, createdAt: null, tableId: null };
  const hash = createHash('sha256')
    .update(definition.replaceAll(/ AUTO_INCREMENT=\d+/g, ''))
    .digest('hex');
  return {
    ...name,
    exists: true,
    hash,
    createdAt: String(row['createdAt']),
    tableId: await tableIdOf(session, name),
  };
}

/** Names of other characters are written in another form there: they are not looked for. */
async function tableIdOf(session: TargetSession, { schema, table }: TableName): Promise<string | null> {
  if (!/^\w+$/.test(schema) || !/^\w+$/.test(table)) return null;
  const view = session.info.kind === 'mysql' ? 'INNODB_TABLES' : 'INNODB_SYS_TABLES';
  try {
    const name = quoteNameText(`${schema}/${table}`);
    const [row] = await session.query(`SELECT TABLE_ID AS id FROM information_schema.${view} WHERE NAME = ${name}`);
    return row === undefined ? null : String(row['id']);
  } catch (error) {
    if (!session.isOpen) throw error;
    return null;
  }
}

async function definitionOf(session: TargetSession, name: TableName): Promise<string | null> {
  try {
    const [row] = await session.query(`SHOW CREATE TABLE ${quoteTable(name)}`);
    // The name stands in it, in the server's case: a table that was only renamed has the definition of before.
    const text = row?.['Create Table'];
    return (typeof text === 'string' ? text : '').replace(/^CREATE TABLE `(?:[^`]|``)*`/, 'CREATE TABLE');
  } catch (error) {
    if (SyncError.is(error) && error.code === 'TARGET_TABLE_MISSING') return null;
    throw error;
  }
}
