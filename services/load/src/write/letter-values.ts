import { SyncError } from '@lutra/model';
import type { WarningCode } from '@lutra/model';
import { compileTableWriter, readDeadLetter, readDeadLetters, readUnsettled, UNSETTLED_STATES } from '@lutra/sql';
import type {
  DeadLetter,
  TableName,
  TableWriter,
  TargetCatalog,
  TargetSession,
  TargetTable,
  UnsettledLetter,
} from '@lutra/sql';
import type { PipelineSession } from '@lutra/service-kit';
import { writerOptions } from '../row-collector.ts';
import type { HeldLetter } from './conflict.ts';
import { tableOf } from './quarantine.ts';
import type { Quarantine } from './quarantine.ts';
import { everythingOf, touchedValues } from './touched-values.ts';
import type { Touched } from './touched-values.ts';

const PAGE = 1_000;
/** Of stored images that are read at once. */
const IMAGE_BYTES_MAX = 4_194_304;

interface Parts {
  readonly pipeline: Pick<PipelineSession, 'pipelineId' | 'latestDefinition'>;
  readonly catalog: TargetCatalog;
  readonly quarantine: Quarantine;
  /** Told of a letter that does not fit its table any more; does not throw. */
  readonly warn: (warning: { readonly code: WarningCode; readonly message: string }) => Promise<void>;
}

/**
 * Keeps the quarantine true: what an unsettled letter touches is always told from its stored images, for the table as it is
 * described now, and by the code that is running now. Nothing that was told for another description, or by another release,
 * is ever compared. Where the images cannot tell it the letter holds every row of its table, and a warning says why.
 */
export class LetterValues {
  private refreshed = 0;
  /** Warned of in this epoch: letter and reason. */
  private readonly told = new Set<string>();

  constructor(private readonly parts: Parts) {}

  /** Grows whenever letters were looked at anew: some may hold back less than before. */
  get version(): number {
    return this.refreshed;
  }

  /** Takes up all unsettled letters. Throws TARGET_QUARANTINE_FULL. */
  async readAll(session: TargetSession): Promise<void> {
    for await (const letter of this.letters(session)) this.parts.quarantine.add(letter);
  }

  /**
   * To be called before rows are compared with letters, for the tables as these rows know them. Reads the letters of those
   * that have been described anew since; asks nothing otherwise.
   */
  async refresh(session: TargetSession, writers: ReadonlySet<TableWriter>): Promise<void> {
    for (const { definition, target } of writers)
      if (this.parts.quarantine.isStale(tableOf(definition), target)) await this.readTable(session, definition, target);
  }

  /** Of one letter: as the quarantine knows it, else by its images. */
  async touchedBy(session: TargetSession, { id, schema, table }: UnsettledLetter): Promise<Touched> {
    const { catalog, pipeline, quarantine } = this.parts;
    const { pipelineId } = pipeline;
    const known = quarantine.touchedBy({ id, table: tableOf({ schema, table }) });
    if (known !== undefined) return known;
    const letter = await readDeadLetter(session, { pipelineId, id }, { lock: false });
    if (letter === null) return everythingOf(null);
    return this.touched(letter, await catalog.describe(session, { schema, table }), new Map());
  }

  private async readTable(session: TargetSession, table: TableName, target: TargetTable): Promise<void> {
    const letters: HeldLetter[] = [];
    for await (const letter of this.letters(session, { table, target })) letters.push(letter);
    this.parts.quarantine.replaceTable(tableOf(table), letters);
    this.refreshed += 1;
  }

  /** In source order; a few megabytes of images at a time. */
  private async *letters(
    session: TargetSession,
    only?: { readonly table: TableName; readonly target: TargetTable },
  ): AsyncGenerator<HeldLetter> {
    const { catalog, pipeline } = this.parts;
    const { pipelineId } = pipeline;
    const writers = new Map<string, TableWriter>();
    const table = only?.table;
    for (let after: string | null = null; ;) {
      const page: readonly UnsettledLetter[] = await readUnsettled(session, pipelineId, { after, limit: PAGE, table });
      if (page.length === 0) return;
      let [limit, bytes] = [0, 0];
      for (const { imageBytes } of page) {
        if (limit > 0 && bytes + imageBytes > IMAGE_BYTES_MAX) break;
        [limit, bytes] = [limit + 1, bytes + imageBytes];
      }
      const whole = { states: UNSETTLED_STATES, after, limit, table };
      const letters: readonly DeadLetter[] = await readDeadLetters(session, pipelineId, whole);
      for (const letter of letters) {
        const { definition, error, id } = letter;
        const target = only?.target ?? (await catalog.describe(session, definition));
        yield { id, code: error.code, table: tableOf(definition), touched: this.touched(letter, target, writers) };
        after = id;
      }
    }
  }

  private touched(letter: DeadLetter, target: TargetTable | null, writers: Map<string, TableWriter>): Touched {
    if (target === null) return everythingOf(null);
    const { definition, change, id } = letter;
    const shape = JSON.stringify(definition);
    try {
      let writer = writers.get(shape);
      if (writer === undefined) {
        // Only its unique indexes matter here: other columns may be gone, and a row without a key holds everything anyway.
        const options = writerOptions(this.parts.pipeline.latestDefinition());
        const lenient = { ...options, missingColumn: 'ignore', noPrimaryKey: 'matchAllColumns' } as const;
        writers.set(shape, (writer = compileTableWriter(definition, target, lenient)));
      }
      return touchedValues(writer, change);
    } catch (error) {
      this.warnOf(id, tableOf(definition), SyncError.of(error));
      return everythingOf(target);
    }
  }

  private warnOf(id: string, table: string, { message }: SyncError): void {
    const text = `Dead letter ${id} does not fit ${table} any more, so that all rows of the table wait behind it: ${message}`;
    if (this.told.has(text)) return;
    this.told.add(text);
    void this.parts.warn({ code: 'DEAD_LETTER_UNFIT', message: text });
  }
}
