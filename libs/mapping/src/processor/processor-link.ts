import { columnIndex, EncodedText, must, readColumnType, SyncError } from '@lutra/model';
import type { Clock, ColumnDefinition, ColumnValue, ErrorCode, RowImage, TableDefinition } from '@lutra/model';
import type {
  Processor,
  ProcessorAnswer,
  ProcessorColumn,
  ProcessorContext,
  ProcessorRow,
  ProcessorValue,
} from '@lutra/processor';
import { placeColumn } from '../place-column.ts';
import { givenValueOf, REFUSED } from '../script/given-value.ts';
import type { GivenValue } from '../script/given-value.ts';
import { messageOf } from './load-processor.ts';
import { askProcessor, noAnswer, unavailable } from './processor-call.ts';
import type { CallPlace } from './processor-call.ts';
import type { SettledProcessor } from './processors.ts';

const COLUMN_CHARACTERS_MAX = 64;

/** What an image becomes; null = there is no row. */
export type ProcessedImage = RowImage | null | SyncError;

export interface LinkOptions {
  readonly mapping: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** One processor for the rows of one table. It is opened before the first row, and again after {@link ProcessorLink.close}. */
export class ProcessorLink {
  /** What comes out. */
  readonly table: TableDefinition;
  private readonly context: ProcessorContext<unknown>;
  /** Positions by name, and what each column takes. */
  private readonly positions: ReadonlyMap<string, number>;
  private readonly takes: readonly GivenValue[];
  /** Positions of declared ones. */
  private readonly declared: readonly number[];
  private readonly place: CallPlace;
  private opened: Promise<Processor> | null = null;
  private running = 0;
  private isClosing = false;

  /** Throws PROCESSOR_NOT_FITTING. */
  constructor(
    private readonly settled: SettledProcessor,
    private readonly source: TableDefinition,
    private readonly options: LinkOptions,
  ) {
    this.place = { mapping: options.mapping, processor: settled.name };
    this.context = { settings: settled.settings, table: described(source) };
    const columns = [...source.columns];
    this.declared = this.declare().map((column) => placeColumn(columns, column));
    this.table = { ...source, columns };
    this.positions = new Map(columns.map(({ name }, position) => [name, position]));
    this.takes = columns.map(givenValueOf);
  }

  /** One for each image. Throws PROCESSOR_TIMEOUT, PROCESSOR_UNAVAILABLE. */
  async run(images: readonly RowImage[], signal: AbortSignal): Promise<readonly ProcessedImage[]> {
    this.running += 1;
    this.isClosing = false;
    try {
      const processor = await this.open();
      const rows = images.map((image) => this.rowOf(image));
      const answers = await askProcessor(processor, rows, { ...this.place, ...this.options, signal });
      return images.map((image, index) => this.processed(image, must(answers[index], 'one of each')));
    } finally {
      this.running -= 1;
      if (this.isClosing) await this.closeIdle();
    }
  }

  /** As soon as nothing runs; rows that come later open it again. Never throws. */
  async close(): Promise<void> {
    this.isClosing = true;
    await this.closeIdle();
  }

  private async closeIdle(): Promise<void> {
    if (this.running > 0 || this.opened === null) return;
    const { opened } = this;
    this.opened = null;
    this.isClosing = false;
    try {
      await (await opened).close?.();
    } catch {
      // What was not opened, or does not close, is left behind: nothing here can mend it.
    }
  }

  private async open(): Promise<Processor> {
    const { definition } = this.settled.loaded;
    this.opened ??= Promise.resolve().then(() => definition.open(this.context));
    try {
      return await this.opened;
    } catch (error) {
      this.opened = null;
      throw unavailable(this.place, error);
    }
  }

  private declare(): readonly ColumnDefinition[] {
    let given: unknown;
    try {
      given = this.settled.loaded.definition.columns(this.context);
    } catch (error) {
      return this.refuse(messageOf(error), error);
    }
    if (!Array.isArray(given)) return this.refuse('its columns() gives no list');
    const own: ColumnDefinition[] = [];
    for (const one of given as readonly unknown[]) {
      const { name, type } = (one ?? {}) as Partial<Record<keyof ProcessorColumn, unknown>>;
      const read = typeof type === 'string' ? readColumnType(type) : null;
      if (typeof name !== 'string' || name === '' || name.length > COLUMN_CHARACTERS_MAX || read === null)
        return this.refuse(`it declares the column ${String(name)} of the type ${String(type)}, which is none`);
      if (columnIndex(own, name) >= 0) return this.refuse(`it declares the column ${name} twice`);
      own.push({ name, nullable: true, ...read });
    }
    return own;
  }

  /** Throws PROCESSOR_NOT_FITTING. */
  private refuse(what: string, cause?: unknown): never {
    const code: ErrorCode = 'PROCESSOR_NOT_FITTING';
    const { mapping, processor } = this.place;
    const table = `${this.source.schema}.${this.source.table}`;
    const problem = `The processor ${processor} of mapping ${mapping} does not fit ${table}: ${what}`;
    throw new SyncError(code, { problem, mapping, processor, table }, { cause });
  }

  /** Without prototype: a column may have any name. */
  private rowOf(image: RowImage): ProcessorRow {
    const row = Object.create(null) as Record<string, ProcessorValue>;
    const { columns } = this.source;
    for (let position = 0; position < columns.length; position += 1) {
      const value = image[position];
      const column = columns[position];
      if (value === undefined || column === undefined) continue;
      row[column.name] = value instanceof EncodedText ? value.text : value;
    }
    return row;
  }

  private processed(image: RowImage, answer: ProcessorAnswer | SyncError): ProcessedImage {
    if (SyncError.is(answer)) return answer;
    switch (answer.kind) {
      case 'dropped':
        return null;
      case 'refused':
        return this.refusal(answer.reason);
      case 'row':
        return this.rowFrom(image, answer.values);
    }
  }

  private rowFrom(image: RowImage, values: ProcessorRow): ProcessedImage {
    const { table, declared, positions } = this;
    const row: (ColumnValue | undefined)[] = image.slice(0, this.source.columns.length);
    while (row.length < table.columns.length) row.push(undefined);
    // What it would have been for a whole image is not known.
    const otherwise = image.includes(undefined) ? undefined : null;
    for (const position of declared) row[position] = otherwise;
    for (const name of Object.keys(values)) {
      const value = values[name];
      if (value === undefined) continue;
      const position = positions.get(name);
      if (position === undefined)
        return noAnswer(this.place, `it gives the column ${name.slice(0, COLUMN_CHARACTERS_MAX)}, which there is not`);
      const given = must(this.takes[position], 'one for each column');
      const taken = value === null ? null : given.take(value);
      if (taken === REFUSED) return this.noValue(name, given.expected);
      row[position] = taken;
    }
    return row;
  }

  private refusal(reason: string): SyncError {
    const { mapping, processor } = this.place;
    const problem = `The processor ${processor} of mapping ${mapping} refuses the row: ${reason}`;
    return new SyncError('ROW_PROCESSOR_REFUSED', { problem, mapping, processor });
  }

  private noValue(column: string, expected: string): SyncError {
    const { mapping, processor } = this.place;
    const problem = `The processor ${processor} of mapping ${mapping} gives column ${column} something else than ${expected}`;
    return new SyncError('ROW_PROCESSOR_VALUE', { problem, mapping, processor, column, expected });
  }
}

const described = ({ schema, table, columns, primaryKey }: TableDefinition): ProcessorContext<unknown>['table'] => ({
  ...{ schema, table },
  columns: columns.map(({ name, declared }) => ({ name, type: declared })),
  primaryKey: primaryKey.map((position) => must(columns[position], 'a position is inside the table').name),
});
