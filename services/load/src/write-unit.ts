import { SyncError } from '@lutra/model';
import type { RowChange } from '@lutra/model';
import { insertStatement, isComplete, plainInsertStatement } from '@lutra/sql';
import type { TableWriter, TargetSession } from '@lutra/sql';
import { planStatements } from './plan-statements.ts';
import type { PlannedStatement, WritableRow } from './planned-statement.ts';
import type { UnitStart } from './unit-start.ts';

/** Rows that were not at the target as the source's before image said. */
export interface Conflict {
  readonly change: RowChange;
  readonly table: string;
  readonly count: number;
  readonly decision: 'inserted' | 'ignored';
}

/** Answers about rows that make it worth looking for the one row at fault. */
const REFUSALS = new Set([
  'TARGET_VALUE_REFUSED',
  'TARGET_ROW_REFUSED',
  'TARGET_TABLE_MISSING',
  'TARGET_COLUMN_MISSING',
  'TARGET_PACKET_TOO_SMALL',
  'TARGET_GRANT_MISSING',
  'INTERNAL',
]);

const ALONE = { rowsMax: 1, charactersMax: Number.MAX_SAFE_INTEGER };

/**
 * Writes one unit, or one slice of it, behind its start, and leaves the COMMIT to the caller. The fast way sends everything
 * in few packets. When the target refuses a row or an update finds fewer rows than it names, all is taken back to the start
 * and written again statement by statement, and the statement in question row by row: order inside a statement then no
 * longer matters, and what fails is known by name. Throws what the start throws (TARGET_FENCED when the checkpoint belongs
 * to another loader); any throw leaves it to the caller to take back what was written.
 */
export async function writeUnit(
  session: TargetSession,
  start: UnitStart,
  planned: readonly PlannedStatement[],
): Promise<readonly Conflict[]> {
  try {
    const conflicts = await writeFast(session, start, planned);
    if (conflicts !== null) return conflicts;
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  await start.undo();
  return writeCarefully(session, start, planned);
}

/** Null when an update missed rows: they have to be settled in order. */
async function writeFast(
  session: TargetSession,
  start: UnitStart,
  planned: readonly PlannedStatement[],
): Promise<readonly Conflict[] | null> {
  const [begun, ...found] = await session.execute([start.statement, ...planned.map(({ statement }) => statement)]);
  await start.check(begun ?? 0);
  const conflicts: Conflict[] = [];
  for (const [index, statement] of planned.entries()) {
    const missing = missingRows(statement, found[index] ?? 0);
    if (missing === 0) continue;
    if (statement.kind === 'update') return null;
    conflicts.push(...ignoredDeletes(statement, missing));
  }
  return conflicts;
}

async function writeCarefully(
  session: TargetSession,
  start: UnitStart,
  planned: readonly PlannedStatement[],
): Promise<readonly Conflict[]> {
  const [begun] = await session.execute([start.statement]);
  await start.check(begun ?? 0);
  const conflicts: Conflict[] = [];
  for (const statement of planned) {
    if (statement.rows.length > 1) {
      const found = await tryWhole(session, statement);
      const missing = found === null ? null : missingRows(statement, found);
      if (missing === 0) continue;
      if (missing !== null && statement.kind === 'delete') {
        conflicts.push(...ignoredDeletes(statement, missing));
        continue;
      }
    }
    // One by one, in source order. Rows that the statement has already updated take the same values again.
    for (const row of statement.rows) conflicts.push(...(await writeRow(session, row)));
  }
  return conflicts;
}

/** Null when the target refuses one of the rows; the statement, not the transaction, is then undone. */
async function tryWhole(session: TargetSession, { statement, writer }: PlannedStatement): Promise<number | null> {
  try {
    const [found] = await session.execute([statement], aboutOf(writer));
    return found ?? 0;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

async function writeRow(session: TargetSession, row: WritableRow): Promise<readonly Conflict[]> {
  const { writer, change } = row;
  const [alone] = planStatements([row], ALONE);
  if (alone === undefined) return [];
  try {
    const [found] = await session.execute([alone.statement], aboutOf(writer));
    if (missingRows(alone, found ?? 0) === 0) return [];
    if (change.kind !== 'update') return ignoredDeletes(alone, 1);
    return [await insertMissing(session, writer, change)];
  } catch (error) {
    throw await withIndexName(session, row, error);
  }
}

/** The policy is to overwrite: a row that should have been there is put there, if the source told all of it. */
async function insertMissing(
  session: TargetSession,
  writer: TableWriter,
  change: Extract<RowChange, { kind: 'update' }>,
): Promise<Conflict> {
  if (!isComplete(writer, change.after)) {
    const { keyColumns } = writer;
    const table = tableName(writer);
    const problem = `An update of ${table} found no row at the target, and its image does not hold every column`;
    throw new SyncError('TARGET_ROW_MISSING', { table, keyColumns, problem });
  }
  await session.execute([insertStatement(writer, [change.after])], aboutOf(writer));
  return { change, table: tableName(writer), count: 1, decision: 'inserted' };
}

/** The guard of an upsert does not say which index clashed; a plain insert, which cannot succeed either, does. */
async function withIndexName(
  session: TargetSession,
  { writer, change }: WritableRow,
  error: unknown,
): Promise<unknown> {
  const isNameless =
    SyncError.is(error) && error.code === 'TARGET_ROW_REFUSED' && [1048, 1242].includes(Number(error.details['errno']));
  if (!isNameless || change.kind === 'delete' || !isComplete(writer, change.after)) return error;
  try {
    await session.execute([plainInsertStatement(writer, change.after)], aboutOf(writer));
    return error;
  } catch (named) {
    return SyncError.is(named) && named.code === 'TARGET_ROW_REFUSED' ? named : error;
  }
}

/** An upsert counts 1 or 2 per row and always finds what it looks for. */
function missingRows({ kind, rows }: PlannedStatement, found: number): number {
  return kind === 'insert' ? 0 : Math.max(0, rows.length - found);
}

function ignoredDeletes({ rows, writer }: PlannedStatement, count: number): readonly Conflict[] {
  const change = rows[0]?.change;
  return change === undefined ? [] : [{ change, table: tableName(writer), count, decision: 'ignored' }];
}

const isRefusal = (error: unknown): boolean => SyncError.is(error) && REFUSALS.has(error.code);
const tableName = ({ definition }: TableWriter): string => `${definition.schema}.${definition.table}`;
const aboutOf = ({ definition, keyColumns }: TableWriter) => ({ table: definition, keyColumns });
