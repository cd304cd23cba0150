import { ensureOwnTable } from './own-table.ts';
import { quoteText } from './sql-text.ts';
import type { TableName } from './target-table.ts';
import type { TargetSession } from './target-session.ts';
import type { TargetStatement } from './target-statement.ts';

/** What the lanes of a table's rows depend on, in short: equal texts give equal lanes. */
export interface LaneShape extends TableName {
  readonly shape: string;
}

const CREATE_TABLE =
  'CREATE TABLE IF NOT EXISTS `lutra`.`lane_shape` (' +
  '`pipeline_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, ' +
  '`table_schema` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, ' +
  '`table_name` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, ' +
  '`shape` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, ' +
  'PRIMARY KEY (`pipeline_id`, `table_schema`, `table_name`)) ENGINE = InnoDB';

/** Rows of one INSERT: some 200 characters each. */
const ROWS_MAX = 1_000;

/** Creates the table beside the checkpoint when it is missing, which commits. TARGET_GRANT_MISSING names what to grant. */
export async function ensureLaneShapeTable(session: TargetSession): Promise<void> {
  await ensureOwnTable(session, {
    table: 'lane_shape',
    create: CREATE_TABLE,
    what: 'what tables are spread over lanes by',
  });
}

/** All shapes of a pipeline; none where the table is missing: a release that did not know it wrote last. */
export async function readLaneShapes(session: TargetSession, pipelineId: string): Promise<readonly LaneShape[]> {
  if ((await session.describeTable({ schema: 'lutra', table: 'lane_shape' })) === null) return [];
  const rows = await session.query(
    'SELECT table_schema AS tableSchema, table_name AS tableName, shape FROM `lutra`.`lane_shape` ' +
      `WHERE pipeline_id = ${quoteText(pipelineId)}`,
  );
  await session.rollback();
  return rows.map((row) => ({
    schema: String(row['tableSchema']),
    table: String(row['tableName']),
    shape: String(row['shape']),
  }));
}

/**
 * Stores shapes, for a transaction that has moved all lanes of the pipeline from one place to another: that fences it, and
 * no row is in doubt then. `isAnew`: all that were stored before are forgotten.
 */
export function storeLaneShapes(
  pipelineId: string,
  shapes: readonly LaneShape[],
  { isAnew }: { readonly isAnew: boolean },
): readonly TargetStatement[] {
  const statements: TargetStatement[] = [];
  if (isAnew)
    statements.push({ sql: `DELETE FROM \`lutra\`.\`lane_shape\` WHERE pipeline_id = ${quoteText(pipelineId)}` });
  for (let from = 0; from < shapes.length; from += ROWS_MAX) {
    const values = shapes
      .slice(from, from + ROWS_MAX)
      .map(({ schema, table, shape }) => `(${[pipelineId, schema, table, shape].map(quoteText).join(', ')})`);
    const columns = 'pipeline_id, table_schema, table_name, shape';
    statements.push({
      sql: `INSERT INTO \`lutra\`.\`lane_shape\` (${columns}) VALUES ${values.join(', ')} ON DUPLICATE KEY UPDATE shape = VALUES(shape)`,
    });
  }
  return statements;
}
