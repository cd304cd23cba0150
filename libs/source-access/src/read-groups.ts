import { openSnapshot } from '@lutra/binlog';
import type { SourceSession } from '@lutra/binlog';
import { must, SyncError } from '@lutra/model';
import type { ColumnValue, GroupQuestion, TableDefinition, TakeGroupRow } from '@lutra/model';
import { keyLiteralWriter, quoteName, quoteTable } from '@lutra/sql';
import { imageOf, readable } from './raw-value.ts';
import { readPages } from './read-pages.ts';
import { errnoOf, GONE, withGrant } from './source-errno.ts';
import { columnAt } from './table-shape.ts';

/** Groups of one statement: each is a SELECT of its own inside of it. */
const GROUPS_MAX = 50;

export interface GroupReading {
  /** Behind whose commits the groups are read. */
  readonly transactions: readonly string[];
  readonly attempt: number;
  readonly take: TakeGroupRow;
  readonly signal: AbortSignal;
}

/**
 * Reads the groups as they stand at one moment. False: not visible yet, to be asked again. Throws SyncError (scope source);
 * SOURCE_GROUPS_GONE where the table or a column has gone: its rows may come back with it, and no change would tell of them.
 */
export async function readGroups(session: SourceSession, question: GroupQuestion, how: GroupReading): Promise<boolean> {
  const visibility = await openSnapshot(session, how.transactions, how.attempt);
  if (visibility === null) return false;
  try {
    const isLocking = visibility === 'locking';
    if (question.extremes !== null) await readExtremes(session, question, { ...how, isLocking });
    else {
      if (isLocking) await openBehindLocks(session, question);
      await readRows(session, question, how);
    }
  } catch (error) {
    throw GONE.has(errnoOf(error)) ? gone(session, question.table, error) : withGrant(error, session, question.table);
  }
  await session.query('COMMIT');
  return true;
}

/**
 * A snapshot for several statements where the server cannot say what one shows: each row of the groups is locked for as long as a
 * statement takes, and a transaction that is in the log lets go of it only when it is visible. Lengths are asked for so that rows are
 * locked: an entry of an index alone tells nothing of a column that is not in it.
 */
async function openBehindLocks(session: SourceSession, question: GroupQuestion): Promise<void> {
  const { table, groups, reads } = question;
  const lengths = reads.map((position) => `MAX(OCTET_LENGTH(${quoteName(columnAt(table, position).name)}))`);
  const locked = ['COUNT(*)', ...lengths].join(',');
  for (const group of groups)
    await session.query(
      `SELECT ${locked} FROM ${quoteTable(table)} WHERE ${conditionOf(question, group)} LOCK IN SHARE MODE`,
    );
  await session.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
}

function gone({ address }: SourceSession, { schema, table }: TableDefinition, cause: unknown): SyncError {
  const name = `${schema}.${table}`;
  const problem = `The least and the greatest values of groups are read in ${name} at ${address}, and it or a column of it is gone`;
  return new SyncError('SOURCE_GROUPS_GONE', { problem, table: name, address }, { cause });
}

/** By the server, which needs no more than two rows of an index that begins with the group and goes on with the value. */
async function readExtremes(
  session: SourceSession,
  question: GroupQuestion,
  { isLocking, take }: GroupReading & { readonly isLocking: boolean },
): Promise<void> {
  const lock = isLocking ? ' LOCK IN SHARE MODE' : '';
  const { table, groups } = question;
  const extremes = question.extremes ?? [];
  const values = extremes.map(({ position, function: kind }) => `${kind}(${readable(columnAt(table, position))})`);
  for (let start = 0; start < groups.length; start += GROUPS_MAX) {
    const selects = groups.slice(start, start + GROUPS_MAX).map((group, at) => {
      const where = conditionOf(question, group);
      return `(SELECT ${[String(at), ...values].join(',')} FROM ${quoteTable(table)} WHERE ${where}${lock})`;
    });
    const rows = await session.queryRaw(selects.join(' UNION ALL '));
    for (const row of rows) {
      const group = start + Number((row[0] ?? '0').toString());
      for (const [at, { position }] of extremes.entries())
        take(group, imageOf(table, [position], [row[at + 1] ?? null]));
    }
  }
}

async function readRows(
  session: SourceSession,
  question: GroupQuestion,
  { signal, take }: GroupReading,
): Promise<void> {
  const { table, groups, reads } = question;
  for (const [number, group] of groups.entries())
    for await (const images of readPages(session, { table, reads, where: conditionOf(question, group) }, signal))
      for (const image of images) take(number, image);
}

const conditionOf = ({ table, columns }: GroupQuestion, group: readonly ColumnValue[]): string =>
  columns
    .map((position, at) => {
      const value = must(group[at], 'no part of a group is null');
      return `${quoteName(columnAt(table, position).name)}=${literalAt(table, position, value)}`;
    })
    .join(' AND ');

const literalAt = (table: TableDefinition, position: number, value: ColumnValue): string =>
  keyLiteralWriter(columnAt(table, position).kind)(value);
