import type { ConflictDecision, ConflictType, RowChange, RowImage, TableDefinition } from '@lutra/model';
import { joinRows } from './dead-letter-statements.ts';
import { timeLiteral } from './list-dead-letters.ts';
import type { ListPage } from './list-dead-letters.ts';
import { ensureOwnTable } from './own-table.ts';
import { isoOf } from './read-dead-letters.ts';
import { imageToJson } from './row-image-json.ts';
import type { JsonImage } from './row-image-json.ts';
import { quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';
import type { TargetStatement } from './target-statement.ts';

/** A row that was not at the target as the source's before image says, and what was done about it. */
export interface NewConflict {
  readonly epoch: number;
  readonly process: number;
  readonly gtid: string;
  /** Shape of the images, named as at the target. */
  readonly definition: TableDefinition;
  readonly change: RowChange;
  /** Names of the columns that identify the row at the target. */
  readonly keyColumns: readonly string[];
  readonly type: ConflictType;
  readonly decision: ConflictDecision;
  /** The target's row, in the shape of the definition; null when there was none, or it was not looked at. */
  readonly found: RowImage | null;
}

/** A conflict as it is kept. In the images large values are left out: length and digest stand for them. */
export interface RecordedConflict {
  /** Ordered by the time of writing. */
  readonly id: string;
  readonly pipelineId: string;
  readonly at: string;
  readonly epoch: number;
  readonly process: number;
  readonly gtid: string;
  readonly event: number;
  readonly row: number;
  readonly part: number;
  readonly schema: string;
  readonly table: string;
  readonly type: ConflictType;
  readonly decision: ConflictDecision;
  readonly key: JsonImage;
  readonly before: JsonImage | null;
  readonly after: JsonImage | null;
  readonly found: JsonImage | null;
}

/** A value longer than this is not kept: a record of a conflict must not be what does not fit into a packet. */
const VALUE_LENGTH_MAX = 16_384;

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const CREATE_TABLE =
  'CREATE TABLE IF NOT EXISTS `lutra`.`conflict` (' +
  `\`id\` bigint unsigned NOT NULL AUTO_INCREMENT, \`pipeline_id\` varchar(64) ${ASCII} NOT NULL, ` +
  '`at` datetime(6) NOT NULL, `epoch` bigint unsigned NOT NULL, `process` bigint unsigned NOT NULL, ' +
  `\`gtid\` varchar(512) ${TEXT} NOT NULL, \`event\` int unsigned NOT NULL, \`row\` int unsigned NOT NULL, ` +
  `\`part\` int unsigned NOT NULL, \`table_schema\` varchar(64) ${TEXT} NOT NULL, \`table_name\` varchar(64) ${TEXT} NOT NULL, ` +
  `\`type\` varchar(32) ${ASCII} NOT NULL, \`decision\` varchar(16) ${ASCII} NOT NULL, \`row_key\` longtext ${TEXT} NOT NULL, ` +
  `\`before_image\` longtext ${TEXT} NULL, \`after_image\` longtext ${TEXT} NULL, \`found_image\` longtext ${TEXT} NULL, ` +
  'PRIMARY KEY (`id`), KEY `conflict_pipeline` (`pipeline_id`, `id`), KEY `conflict_at` (`pipeline_id`, `at`), ' +
  'KEY `conflict_table` (`pipeline_id`, `table_schema`, `table_name`, `id`)) ENGINE = InnoDB';

/** Creates the table when it is missing; TARGET_GRANT_MISSING names the grant. */
export const ensureConflictTable = (session: TargetSession): Promise<void> =>
  ensureOwnTable(session, { table: 'conflict', create: CREATE_TABLE, what: 'conflicts' });

/** Records conflicts, to run in the transaction of the unit that decided them. */
export function addConflictStatements(
  pipelineId: string,
  conflicts: readonly NewConflict[],
): readonly TargetStatement[] {
  return joinRows(
    'INSERT INTO `lutra`.`conflict` (`pipeline_id`,`at`,`epoch`,`process`,`gtid`,`event`,`row`,`part`,`table_schema`,' +
      '`table_name`,`type`,`decision`,`row_key`,`before_image`,`after_image`,`found_image`) VALUES ',
    conflicts.map((conflict) => newRow(pipelineId, conflict)),
  );
}

function newRow(pipelineId: string, { change, definition, ...conflict }: NewConflict): string {
  const before = change.kind === 'insert' ? null : change.before;
  const after = change.kind === 'delete' ? null : change.after;
  const image = (row: RowImage | null): string =>
    row === null ? 'NULL' : quoteText(JSON.stringify(imageToJson(definition, row, SHORTENED)));
  const values = [
    quoteText(pipelineId),
    'UTC_TIMESTAMP(6)',
    String(conflict.epoch),
    String(conflict.process),
    quoteText(conflict.gtid),
    ...[change.event, change.row, change.part].map(String),
    quoteText(definition.schema),
    quoteText(definition.table),
    quoteText(conflict.type),
    quoteText(conflict.decision),
    quoteText(JSON.stringify(keyOf(definition, conflict.keyColumns, before ?? after ?? []))),
    image(before),
    image(after),
    image(conflict.found),
  ];
  return `(${values.join(',')})`;
}

const SHORTENED = { valueLengthMax: VALUE_LENGTH_MAX };

function keyOf(definition: TableDefinition, keyColumns: readonly string[], image: RowImage): JsonImage {
  const names = new Set(keyColumns.map((name) => name.toLowerCase()));
  const key = image.map((value, position) =>
    names.has(definition.columns[position]?.name.toLowerCase() ?? '') ? value : undefined,
  );
  return imageToJson(definition, key, SHORTENED);
}

/** Which conflicts a person means. Fields that are absent do not matter. */
export interface ConflictFilter {
  readonly pipelineIds: readonly string[];
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly type?: ConflictType | undefined;
  readonly decision?: ConflictDecision | undefined;
  /** Recorded at this time or later, and before that one. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

export async function countConflicts(session: TargetSession, filter: ConflictFilter): Promise<number> {
  const [row] = await session.query(`SELECT COUNT(*) AS found FROM \`lutra\`.\`conflict\` WHERE ${whereOf(filter)}`);
  return Number(row?.['found'] ?? 0);
}

export async function listConflicts(
  session: TargetSession,
  filter: ConflictFilter,
  { offset, limit, order }: ListPage,
): Promise<readonly RecordedConflict[]> {
  const rows = await session.query(
    `SELECT ${COLUMNS} FROM \`lutra\`.\`conflict\` WHERE ${whereOf(filter)} ` +
      `ORDER BY id ${order === 'newestFirst' ? 'DESC' : 'ASC'} LIMIT ${String(limit)} OFFSET ${String(offset)}`,
  );
  return rows.map(conflictOf);
}

/** Null when there is none. */
export async function readConflict(
  session: TargetSession,
  { pipelineId, id }: Pick<RecordedConflict, 'pipelineId' | 'id'>,
): Promise<RecordedConflict | null> {
  const [row] = await session.query(
    `SELECT ${COLUMNS} FROM \`lutra\`.\`conflict\` WHERE id = ${quoteText(id)} AND pipeline_id = ${quoteText(pipelineId)}`,
  );
  return row === undefined ? null : conflictOf(row);
}

/** Removes at most `limit` conflicts, oldest first; the rows found are those removed. */
export function removeConflictsStatement(filter: ConflictFilter, limit: number): TargetStatement {
  return { sql: `DELETE FROM \`lutra\`.\`conflict\` WHERE ${whereOf(filter)} ORDER BY id LIMIT ${String(limit)}` };
}

function whereOf({ pipelineIds, schema, table, type, decision, from, to }: ConflictFilter): string {
  const conditions = [
    pipelineIds.length === 0 ? 'FALSE' : `pipeline_id IN (${pipelineIds.map((id) => quoteText(id)).join(', ')})`,
    ...(schema === undefined ? [] : [`table_schema = ${quoteText(schema)}`]),
    ...(table === undefined ? [] : [`table_name = ${quoteText(table)}`]),
    ...(type === undefined ? [] : [`type = ${quoteText(type)}`]),
    ...(decision === undefined ? [] : [`decision = ${quoteText(decision)}`]),
    ...(from === undefined ? [] : [`\`at\` >= ${timeLiteral(from)}`]),
    ...(to === undefined ? [] : [`\`at\` < ${timeLiteral(to)}`]),
  ];
  return conditions.join(' AND ');
}

const COLUMNS =
  'id, pipeline_id AS pipelineId, `at`, epoch, process, gtid, event, `row`, part, table_schema AS tableSchema, ' +
  'table_name AS tableName, type, decision, row_key AS rowKey, before_image AS beforeImage, after_image AS afterImage, ' +
  'found_image AS foundImage';

function conflictOf(row: Readonly<Record<string, unknown>>): RecordedConflict {
  const image = (name: string): JsonImage | null =>
    typeof row[name] === 'string' ? (JSON.parse(row[name]) as JsonImage) : null;
  return {
    id: String(row['id']),
    pipelineId: String(row['pipelineId']),
    at: isoOf(row['at']),
    epoch: Number(row['epoch']),
    process: Number(row['process']),
    gtid: String(row['gtid']),
    event: Number(row['event']),
    row: Number(row['row']),
    part: Number(row['part']),
    schema: String(row['tableSchema']),
    table: String(row['tableName']),
    type: String(row['type']) as ConflictType,
    decision: String(row['decision']) as ConflictDecision,
    key: image('rowKey') ?? {},
    before: image('beforeImage'),
    after: image('afterImage'),
    found: image('foundImage'),
  };
}
