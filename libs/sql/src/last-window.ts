import type { CheckpointClaim } from './checkpoint.ts';
import { quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';
import type { TargetStatement } from './target-statement.ts';

/** A row by its key at the target: names of the key's columns with their values as literals. */
export interface RowKey {
  readonly schema: string;
  readonly table: string;
  readonly key: readonly (readonly [column: string, literal: string])[];
}

/** What the last units of a pipeline in failoverMode safe wrote, and by whom. */
export interface LastWindow {
  /** The loader's instance. */
  readonly instance: string;
  readonly serverId: string;
  readonly rows: readonly RowKey[];
}

const CREATE_TABLE =
  'CREATE TABLE IF NOT EXISTS `lutra`.`last_window` (' +
  '`pipeline_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, ' +
  '`owner` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, ' +
  '`server_id` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, ' +
  '`row_keys` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, ' +
  'PRIMARY KEY (`pipeline_id`)) ENGINE = InnoDB';

/** Creates the table beside the checkpoint when it is missing. */
export async function ensureLastWindowTable(session: TargetSession): Promise<void> {
  if ((await session.describeTable({ schema: 'lutra', table: 'last_window' })) !== null) return;
  await session.execute([{ sql: CREATE_TABLE }]);
}

/** Null when no unit was written in failoverMode safe yet. */
export async function readLastWindow(session: TargetSession, pipelineId: string): Promise<LastWindow | null> {
  const [row] = await session.query(
    'SELECT owner, server_id AS serverId, row_keys AS rowKeys FROM `lutra`.`last_window` ' +
      `WHERE pipeline_id = ${quoteText(pipelineId)}`,
  );
  await session.rollback();
  if (row === undefined) return null;
  const owner = String(row['owner']);
  const rows = JSON.parse(String(row['rowKeys'])) as readonly RowKey[];
  return { instance: owner.slice(0, Math.max(0, owner.lastIndexOf('/'))), serverId: String(row['serverId']), rows };
}

/** Stands in the same transaction as the rows: they are remembered when they are committed, and only then. */
export function rememberWindowStatement(
  { pipelineId, owner }: CheckpointClaim,
  { serverId, rows }: Pick<LastWindow, 'serverId' | 'rows'>,
): TargetStatement {
  const values = [pipelineId, owner, serverId, JSON.stringify(rows)].map((value) => quoteText(value)).join(', ');
  const columns = 'pipeline_id, owner, server_id, row_keys';
  const assignments = 'owner = VALUES(owner), server_id = VALUES(server_id), row_keys = VALUES(row_keys)';
  return {
    sql: `INSERT INTO \`lutra\`.\`last_window\` (${columns}) VALUES (${values}) ON DUPLICATE KEY UPDATE ${assignments}`,
  };
}
