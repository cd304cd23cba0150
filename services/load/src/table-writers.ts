import type { TableDefinition } from '@lutra/model';
import { compileTableWriter, missingTableError } from '@lutra/sql';
import type { TableWriter, TargetCatalog, TargetSession, WriterOptions } from '@lutra/sql';

// A wildcard mapping over thousands of tables, each with a few shapes.
const KEPT_WRITERS_MAX = 10_000;

/**
 * Writers by source shape, for what the catalog knows of the target. A table or column that it lacks is looked up anew before
 * it counts as missing: somebody may have just added it.
 */
export class TableWriters {
  private readonly writers = new Map<string, TableWriter>();

  /** `ignored` is told of each writer that leaves columns of the rows out. */
  constructor(
    private readonly catalog: TargetCatalog,
    private readonly ignored: (writer: TableWriter) => void = () => undefined,
  ) {}

  /** Null when the target has to be asked. */
  known(definition: TableDefinition, options: WriterOptions): TableWriter | null {
    const known = this.writers.get(JSON.stringify([options, definition]));
    return known !== undefined && known.target === this.catalog.known(definition) ? known : null;
  }

  /** Throws what compileTableWriter throws, and TARGET_TABLE_MISSING, with what repairs it. */
  async writerOf(session: TargetSession, definition: TableDefinition, options: WriterOptions): Promise<TableWriter> {
    const known = this.known(definition, options);
    if (known !== null) return known;
    const writer = await this.compile(session, definition, options);
    if (writer.ignored.length > 0) this.ignored(writer);
    if (this.writers.size >= KEPT_WRITERS_MAX) this.writers.clear();
    this.writers.set(JSON.stringify([options, definition]), writer);
    return writer;
  }

  private async compile(
    session: TargetSession,
    definition: TableDefinition,
    options: WriterOptions,
  ): Promise<TableWriter> {
    const known = this.catalog.known(definition);
    if (known !== undefined) {
      try {
        return compileTableWriter(definition, known, options);
      } catch {
        this.catalog.forget(definition);
      }
    }
    const target = await this.catalog.describe(session, definition);
    if (target === null) throw await missingTableError(session, definition);
    return compileTableWriter(definition, target, options);
  }
}
