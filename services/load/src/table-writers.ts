import type { TableDefinition } from '@lutra/model';
import { compileTableWriter, missingTableError } from '@lutra/sql';
import type { TableWriter, TargetSession } from '@lutra/sql';

// A wildcard mapping over thousands of tables, each with a few shapes.
const KEPT_WRITERS_MAX = 10_000;

/**
 * Writers by source shape, for one session's view of the target. A table or column that the kept view lacks is looked up
 * anew before it counts as missing: somebody may have just added it.
 */
export class TableWriters {
  private readonly bySession = new WeakMap<TargetSession, Map<string, TableWriter>>();

  /** Throws TARGET_TABLE_MISSING, TARGET_COLUMN_MISSING, TARGET_KEY_MISSING or TARGET_KEY_INCOMPLETE, with what repairs it. */
  async writerOf(session: TargetSession, definition: TableDefinition): Promise<TableWriter> {
    let writers = this.bySession.get(session);
    if (writers === undefined) this.bySession.set(session, (writers = new Map<string, TableWriter>()));
    const shape = JSON.stringify(definition);
    const known = writers.get(shape);
    if (known !== undefined) return known;
    const writer = (await compile(session, definition, 'kept')) ?? (await compile(session, definition, 'anew'));
    if (writer === null) throw await missingTableError(session, definition);
    if (writers.size >= KEPT_WRITERS_MAX) writers.clear();
    writers.set(shape, writer);
    return writer;
  }
}

async function compile(
  session: TargetSession,
  definition: TableDefinition,
  view: 'kept' | 'anew',
): Promise<TableWriter | null> {
  if (view === 'anew') session.forgetTables();
  const target = await session.describeTable(definition);
  if (target === null) return null;
  try {
    return compileTableWriter(definition, target);
  } catch (error) {
    if (view === 'anew') throw error;
    return null;
  }
}
