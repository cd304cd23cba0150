import { SyncError } from '@lutra/model';
import type { TableWriter, TargetCatalog, TargetSession, TargetTable } from '@lutra/sql';
import type { PlannedStatement } from './plan/planned-statement.ts';

/**
 * Asks the target whether the tables of the plan, and the foreign keys that act on what it does, are still as they were when
 * it was made. `compares`: rows of the table are written by what was found of them, in whatever columns differ. To be called in the transaction
 * that has written them, before its COMMIT: its metadata locks then keep changes away until the end. Throws
 * TARGET_SHAPE_CHANGED, after the catalog has forgotten what is no longer true: the unit has to be planned anew.
 */
export async function confirmShapes(
  catalog: TargetCatalog,
  session: TargetSession,
  { planned, compares }: ShapesInUse,
): Promise<void> {
  const tables = new Set<TargetTable>();
  const parents = new Set<TargetTable>();
  for (const statement of planned) {
    const { target } = statement.writer;
    tables.add(target);
    if (!parents.has(target) && mayCascade(statement, compares)) parents.add(target);
  }
  if (tables.size === 0) return;
  const [changed] = await catalog.confirm(session, [...tables], [...parents]);
  if (changed === undefined) return;
  const table = `${changed.schema}.${changed.table}`;
  const problem = `The table ${table} at the target was altered while rows for it were on their way`;
  throw new SyncError('TARGET_SHAPE_CHANGED', { table, problem });
}

interface ShapesInUse {
  readonly planned: readonly PlannedStatement[];
  readonly compares: (writer: TableWriter) => boolean;
}

/** Whether a foreign key that refers to the table would act on it. */
function mayCascade({ kind, writer, rows }: PlannedStatement, compares: ShapesInUse['compares']): boolean {
  if (kind !== 'update') return kind === 'delete';
  const { indexed } = writer.target;
  return compares(writer) || rows.some(({ columns }) => columns.some(({ name }) => indexed.has(name.toLowerCase())));
}

/** Answers that no other plan would change. */
const NOT_OF_THE_SHAPE = new Set([
  'TARGET_BUSY',
  'TARGET_CONNECTION_LOST',
  'TARGET_FENCED',
  'TARGET_CHECKPOINT_MISSING',
  'TARGET_TRANSACTION_LOST',
]);

/**
 * Writes a plan and confirms it. A refusal counts as the row's own fault only when the tables are as the plan knew them:
 * otherwise TARGET_SHAPE_CHANGED is thrown in its place.
 */
export async function confirmed<T>(
  session: TargetSession,
  { unit, planned }: { readonly unit: ConfirmedUnit; readonly planned: readonly PlannedStatement[] },
  write: () => Promise<T>,
): Promise<T> {
  let written: T;
  try {
    written = await write();
  } catch (error) {
    if (session.isOpen && !NOT_OF_THE_SHAPE.has(SyncError.of(error).code)) await unit.confirm?.(session, planned);
    throw error;
  }
  await unit.confirm?.(session, planned);
  return written;
}

interface ConfirmedUnit {
  confirm?(session: TargetSession, planned: readonly PlannedStatement[]): Promise<void>;
}
