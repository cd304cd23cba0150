/** Version of this interface. A release of Lutra that knows it takes processors of it; what is added to it is optional. */
export const PROCESSOR_INTERFACE = 1;

/**
 * A value of a column: 64-bit integers and BIT are bigint, other integers, YEAR, FLOAT and DOUBLE number, bytes Uint8Array, all
 * else text as the server prints it (DECIMAL with its digits, TIMESTAMP in UTC). Bytes must not be changed in place.
 */
export type ProcessorValue = null | number | bigint | string | Uint8Array;

/** An image of a row by column name, as the columns are written. A column that the image does not carry is not there. */
export type ProcessorRow = Readonly<Partial<Record<string, ProcessorValue>>>;

export interface ProcessorColumn {
  readonly name: string;
  /** As a CREATE TABLE names it: 'decimal(12,2)'. */
  readonly type: string;
}

/** The table as its rows come to the processor: with what stands before it in the mapping. */
export interface ProcessorTable {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly ProcessorColumn[];
  /** Names; empty when it is not known. */
  readonly primaryKey: readonly string[];
}

export interface ProcessorContext<Settings> {
  /** As the schema wants them, defaults filled in. */
  readonly settings: Settings;
  readonly table: ProcessorTable;
}

/** What becomes of one image. */
export type ProcessorAnswer =
  /** Columns of the table, or declared ones, with their values; all others stay as they are. */
  | { readonly kind: 'row'; readonly values: ProcessorRow }
  /** There is no row: it is not written, or deleted where it was. */
  | { readonly kind: 'dropped' }
  /** The row cannot be processed; the pipeline's policy decides what follows. `reason`: a sentence, without values of the row. */
  | { readonly kind: 'refused'; readonly reason: string };

/** A processor at work on the rows of one table. */
export interface Processor {
  /**
   * One answer per image, in their order. Each has to depend on its image and the settings alone, never on other rows, time or
   * chance: a row is processed again after each restart, and once more as the image before its next change. Calls may overlap.
   * What throws {@link RetryLater} is repeated, anything else refuses the rows that throw it when they come alone. `signal`: the
   * answer is of no use any more.
   */
  process(
    rows: readonly ProcessorRow[],
    signal: AbortSignal,
  ): readonly ProcessorAnswer[] | Promise<readonly ProcessorAnswer[]>;
  /** Called once, when no call of `process` runs: the configuration is another, or the service ends. */
  close?(): void | Promise<void>;
}

/** What a package exports as `processor`. */
export interface ProcessorDefinition<Settings = unknown> {
  readonly interfaceVersion: typeof PROCESSOR_INTERFACE;
  /** extract: before any other rule of any mapping of the table. transform: behind all rules that make columns, the script too. */
  readonly stage: 'extract' | 'transform';
  /** JSON Schema (draft 2020-12) of the settings. */
  readonly settingsSchema: Readonly<Record<string, unknown>>;
  /**
   * Columns that it adds, or gives another type. Pure: the manager asks as well. Throws an error whose message says what does
   * not fit (a column of the settings that the table does not have): the mapping is refused with it.
   */
  columns(context: ProcessorContext<Settings>): readonly ProcessorColumn[];
  /** Called before the first row, and again after a failure; waited for. */
  open(context: ProcessorContext<Settings>): Processor | Promise<Processor>;
}

/** Thrown where the rows are not to blame: something that the processor needs is away. The pipeline tries again. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
}

/** Types a definition by its settings, and says which interface it keeps to. */
export function defineProcessor<Settings>(
  definition: Omit<ProcessorDefinition<Settings>, 'interfaceVersion'>,
): ProcessorDefinition<Settings> {
  return { interfaceVersion: PROCESSOR_INTERFACE, ...definition };
}

/** The row as it is. */
export const UNCHANGED: ProcessorAnswer = { kind: 'row', values: {} };
export const DROPPED: ProcessorAnswer = { kind: 'dropped' };
export const changed = (values: ProcessorRow): ProcessorAnswer => ({ kind: 'row', values });
export const refused = (reason: string): ProcessorAnswer => ({ kind: 'refused', reason });
