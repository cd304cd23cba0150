import { isLetter, PLACE, PLACE_LIST, stateList, UNSETTLED_STATES } from './dead-letter.ts';
import type { DeadLetter, DeadLetterAddress, DeadLetterState } from './dead-letter.ts';
import { idOf, isoOf, isoOrNull, textOf } from './read-dead-letters.ts';
import { quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';
import type { TargetStatement } from './target-statement.ts';

/** Which letters a person means. Fields that are absent do not matter. */
export interface DeadLetterFilter {
  readonly pipelineIds: readonly string[];
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly states?: readonly DeadLetterState[] | undefined;
  /** Code of the error. */
  readonly code?: string | undefined;
  /** Created at this time or later, and before that one. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

/** A letter in a list: without its rows. */
export interface DeadLetterSummary extends Omit<
  DeadLetter,
  'definition' | 'change' | 'wantedImage' | 'edited' | 'statement' | 'process' | 'revision' | 'serverUuid'
> {
  readonly schema: string;
  readonly table: string;
  readonly kind: 'insert' | 'update' | 'delete';
  /** How many later letters repeat this one. */
  readonly repeatCount: number;
}

export interface ListPage {
  readonly offset: number;
  readonly limit: number;
  readonly order: 'newestFirst' | 'oldestFirst';
}

export async function countDeadLetters(session: TargetSession, filter: DeadLetterFilter): Promise<number> {
  const [row] = await session.query(`SELECT COUNT(*) AS found FROM \`lutra\`.\`dead_letter\` WHERE ${whereOf(filter)}`);
  return Number(row?.['found'] ?? 0);
}

/** How many later letters repeat this one: its row of the source was read and refused again so often. */
export async function countRepeats(session: TargetSession, address: DeadLetterAddress): Promise<number> {
  const [row] = await session.query(
    `SELECT ${REPEAT_COUNT} AS repeatCount FROM \`lutra\`.\`dead_letter\` WHERE ${isLetter(address)}`,
  );
  return Number(row?.['repeatCount'] ?? 0);
}

/** One page, by the time at which letters were put aside. */
export async function listDeadLetters(
  session: TargetSession,
  filter: DeadLetterFilter,
  { offset, limit, order }: ListPage,
): Promise<readonly DeadLetterSummary[]> {
  const direction = order === 'newestFirst' ? 'DESC' : 'ASC';
  const columns = ['created_at', 'pipeline_id', ...PLACE].map((name) => `\`${name}\` ${direction}`).join(', ');
  const rows = await session.query(
    `SELECT ${SUMMARY_COLUMNS} FROM \`lutra\`.\`dead_letter\` WHERE ${whereOf(filter)} ` +
      `ORDER BY ${columns} LIMIT ${String(limit)} OFFSET ${String(offset)}`,
  );
  return rows.map(summaryOf);
}

/**
 * A person's decision about many letters, oldest first: the next `limit` of those that wait for a decision. Retrying leaves
 * out what follows another letter, which goes on by itself when that one is settled, and what a mapping has refused, which has
 * no row to write. The rows found are the letters decided.
 */
export function wantManyStatement(
  filter: Omit<DeadLetterFilter, 'states'>,
  wanted: { readonly state: 'retryWanted' | 'discardWanted'; readonly by: string; readonly limit: number },
): TargetStatement {
  const isHead = wanted.state === 'retryWanted' ? " AND follows IS NULL AND LEFT(error_code, 4) <> 'ROW_'" : '';
  return {
    sql:
      `UPDATE \`lutra\`.\`dead_letter\` SET state = '${wanted.state}', wanted_by = ${quoteText(wanted.by)}, ` +
      `wanted_at = UTC_TIMESTAMP(6), wanted_image = NULL WHERE ${whereOf({ ...filter, states: ['open'] })}${isHead} ` +
      `ORDER BY pipeline_id, ${PLACE_LIST} LIMIT ${String(wanted.limit)}`,
  };
}

/** Removes at most `limit` settled letters that were resolved before a time; the rows found are those removed. */
export function removeSettledStatement(
  filter: Omit<DeadLetterFilter, 'states'>,
  { resolvedBefore, limit }: { readonly resolvedBefore: Date; readonly limit: number },
): TargetStatement {
  const isSettled = `state NOT IN (${stateList(UNSETTLED_STATES)}) AND resolved_at < ${timeLiteral(resolvedBefore)}`;
  const where = `${whereOf(filter)} AND ${isSettled}`;
  return { sql: `DELETE FROM \`lutra\`.\`dead_letter\` WHERE ${where} LIMIT ${String(limit)}` };
}

/** A moment as the tables of Lutra hold it: UTC. */
export const timeLiteral = (time: Date): string => quoteText(time.toISOString().replace('T', ' ').replace('Z', ''));

/** As the column of codes is: servers refuse to compare it with what it cannot hold. */
const ASCII = /^[\x00-\x7F]*$/;

function whereOf({ pipelineIds, schema, table, states, code, from, to }: DeadLetterFilter): string {
  const conditions = [
    pipelineIds.length === 0 ? 'FALSE' : `pipeline_id IN (${pipelineIds.map((id) => quoteText(id)).join(', ')})`,
    ...(schema === undefined ? [] : [`table_schema = ${quoteText(schema)}`]),
    ...(table === undefined ? [] : [`table_name = ${quoteText(table)}`]),
    ...(states === undefined ? [] : [`state IN (${stateList(states)})`]),
    ...(code === undefined ? [] : [ASCII.test(code) ? `error_code = ${quoteText(code)}` : 'FALSE']),
    ...(from === undefined ? [] : [`created_at >= ${timeLiteral(from)}`]),
    ...(to === undefined ? [] : [`created_at < ${timeLiteral(to)}`]),
  ];
  return conditions.join(' AND ');
}

/** Found by the digest, which has an index: a repeat has that of its letter. */
const REPEAT_COUNT =
  '(SELECT COUNT(*) FROM `lutra`.`dead_letter` AS again WHERE again.pipeline_id = `dead_letter`.pipeline_id ' +
  'AND again.change_digest = `dead_letter`.change_digest ' +
  `AND again.repeats = CONCAT_WS('-', ${PLACE.map((name) => `\`dead_letter\`.\`${name}\``).join(', ')}))`;

const SUMMARY_COLUMNS =
  `${PLACE_LIST}, pipeline_id AS pipelineId, gtid, state, created_at AS createdAt, table_schema AS tableSchema, ` +
  'table_name AS tableName, kind, error_code AS errorCode, error_message AS errorMessage, errno, attempts, follows, ' +
  'wanted_by AS wantedBy, wanted_at AS wantedAt, resolved_at AS resolvedAt, last_error AS lastError, repeats, ' +
  `${REPEAT_COUNT} AS repeatCount`;

function summaryOf(row: Readonly<Record<string, unknown>>): DeadLetterSummary {
  return {
    id: idOf(row),
    pipelineId: String(row['pipelineId']),
    epoch: Number(row['epoch']),
    seq: Number(row['seq']),
    gtid: String(row['gtid']),
    state: String(row['state']) as DeadLetterState,
    createdAt: isoOf(row['createdAt']),
    schema: String(row['tableSchema']),
    table: String(row['tableName']),
    kind: String(row['kind']) as DeadLetterSummary['kind'],
    error: {
      code: String(row['errorCode']),
      message: String(row['errorMessage']),
      errno: row['errno'] === null ? null : Number(row['errno']),
    },
    attempts: Number(row['attempts']),
    follows: textOf(row['follows']),
    wantedBy: textOf(row['wantedBy']),
    wantedAt: isoOrNull(row['wantedAt']),
    resolvedAt: isoOrNull(row['resolvedAt']),
    lastError: textOf(row['lastError']),
    repeats: textOf(row['repeats']),
    repeatCount: Number(row['repeatCount']),
  };
}
