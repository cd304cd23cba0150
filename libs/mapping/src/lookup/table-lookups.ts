import { columnIndex, must, SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, RowChange, RowImage, TableDefinition } from '@lutra/model';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledValue, RowFacts } from '../compiled-value.ts';
import { withImages } from '../mapped-change.ts';
import { aboutRow } from '../open-columns.ts';
import { compileLookup, invalid } from './compile-lookup.ts';
import type { CompiledLookup, LookupKey } from './compile-lookup.ts';

/** Values of the look-up's columns; or there is no row, there are several, or the row is larger than one may be. */
export type LookupAnswer = readonly ColumnValue[] | 'missing' | 'several' | 'tooLarge';

/** Where rows of other tables come from. */
export interface LookupReader {
  /**
   * One answer for each key, in their order. `transactions`: names of those that wrote the rows that ask; what they did is
   * visible in the answers where the other table is one of the pipeline's source.
   */
  read(
    lookup: CompiledLookup,
    keys: readonly LookupKey[],
    transactions: readonly string[],
  ): Promise<readonly LookupAnswer[]>;
}

/** A row whose images hold the columns of the look-ups. */
export interface LookedUpRow {
  readonly change: RowChange;
  readonly facts: RowFacts;
  /** Why a key cannot be made; of class poison. */
  readonly refusal: SyncError | null;
}

/** What of a mapping depends on its look-ups. */
export interface LookupUse {
  /** Which rows there are, or which table they go to. */
  readonly isDeciding: boolean;
  /** Lower-case names of columns at the target. */
  readonly columns: readonly string[];
}

/** What a look-up came to, as the value of its state column; absent where its key is not known. */
const FOUND = 0;
const MISSING = 1;
const SEVERAL = 2;
const TOO_LARGE = 3;
const STATES = { missing: MISSING, several: SEVERAL, tooLarge: TOO_LARGE } as const;

/**
 * The look-ups of a mapping over one source table. They add columns to each image behind those of the source, called
 * `lookup.column`; all other rules are computed over images that have them. Law: within one call of {@link resolve} equal
 * keys of a look-up have equal answers, so that the two images of an update differ in no more than the row does.
 */
export class TableLookups {
  /** The source's table with the columns of the look-ups: of each, its state and then its columns. */
  readonly source: TableDefinition;
  private readonly lookups: readonly CompiledLookup[];
  /** Position of each look-up's state. */
  private readonly starts: readonly number[];
  private readonly ownCount: number;

  private constructor(private readonly context: CompileContext) {
    const { source, mapping } = context;
    this.ownCount = source.columns.length;
    this.lookups = (mapping.rules?.lookups ?? []).map((rule) => compileLookup(rule, context));
    const columns = [...source.columns];
    this.starts = this.lookups.map((lookup) => {
      const added = addedColumns(lookup);
      for (const { name } of added)
        if (columnIndex(source.columns, name) >= 0)
          throw invalid(lookup.rule, context, `${source.schema}.${source.table} has a column ${name} of its own`);
      return columns.push(...added) - added.length;
    });
    this.source = { ...source, columns };
  }

  /** Null when the mapping has none. Throws MAPPING_LOOKUP_INVALID, MAPPING_EXPRESSION_INVALID. */
  static of(context: CompileContext): TableLookups | null {
    return (context.mapping.rules?.lookups ?? []).length === 0 ? null : new TableLookups(context);
  }

  /** Whether the column of {@link TableLookups.source} is one of a look-up. */
  adds(position: number): boolean {
    return position >= this.ownCount && position < this.source.columns.length;
  }

  /** `deciding`: positions that decide which rows there are. */
  use(columns: readonly CompiledValue[], deciding: readonly number[]): LookupUse {
    const looking = columns.filter(({ reads }) => this.asked(reads).length > 0);
    return {
      isDeciding: this.asked(deciding).length > 0,
      columns: looking.map(({ column }) => column.name.toLowerCase()),
    };
  }

  /** Positions in the source's own columns that are needed for `positions` of {@link TableLookups.source}. */
  readsOf(positions: readonly number[]): readonly number[] {
    const own = positions.filter((position) => position < this.ownCount);
    return [...own, ...this.asked(positions).flatMap((index) => this.at(index).reads)];
  }

  /**
   * The value, which refuses a row whose look-up came to nothing. It is one of the change too: what is looked up is what stands
   * now, so that every update writes it, and nobody takes it for what the target holds.
   */
  guarded(value: CompiledValue): CompiledValue {
    const asked = this.asked(value.reads);
    if (asked.length === 0) return value;
    return {
      ...{ column: { ...value.column, ofChange: true }, reads: value.reads },
      valueOf: (image, facts) => {
        this.requireAll(image, asked);
        return value.valueOf(image, facts);
      },
    };
  }

  /** Throws ROW_LOOKUP_MISSING, ROW_LOOKUP_SEVERAL, ROW_TOO_LARGE where one of the positions is of a look-up that came to that. */
  requireFound(image: RowImage, positions: readonly number[]): void {
    this.requireAll(image, this.asked(positions));
  }

  private requireAll(image: RowImage, asked: readonly number[]): void {
    for (const index of asked) {
      const state = image[must(this.starts[index], 'one of each')];
      const { rule } = this.at(index);
      if (state === undefined || state === FOUND || (state === MISSING && rule.missing === 'null')) continue;
      throw this.refusal(index, state);
    }
  }

  /** The rows with the columns of the look-ups, one answer for each row. Throws what the reader throws. */
  async resolve(
    rows: readonly { readonly change: RowChange; readonly facts: RowFacts }[],
    reader: LookupReader,
  ): Promise<readonly LookedUpRow[]> {
    const asking = rows.map(({ change, facts }) => this.keysOf(change, facts));
    const transactions = [...new Set(rows.map(({ facts }) => facts.gtid))];
    const answers = await Promise.all(
      this.lookups.map(async (lookup, index) => {
        const keys = distinct(asking, index);
        if (keys.length === 0) return new Map<string, LookupAnswer>();
        const read = await reader.read(lookup, keys, transactions);
        return new Map(keys.map(({ text }, at) => [text, must(read[at], 'one answer for each key')]));
      }),
    );
    return rows.map(({ change, facts }, at) => {
      const keys = must(asking[at], 'one of each');
      const { refusal } = keys;
      if (refusal !== null) return { change, facts, refusal };
      const extended = withImages(change, (image, which) => this.withAnswers(image, keys[which], answers));
      return { change: extended, facts, refusal };
    });
  }

  private keysOf(change: RowChange, facts: RowFacts): AskedRow {
    try {
      return {
        before: change.kind === 'insert' ? [] : this.lookups.map((lookup) => lookup.keyOf(change.before, facts)),
        after: change.kind === 'delete' ? [] : this.lookups.map((lookup) => lookup.keyOf(change.after, facts)),
        refusal: null,
      };
    } catch (error) {
      return { before: [], after: [], refusal: aboutRow(error) };
    }
  }

  private withAnswers(image: RowImage, keys: readonly AskedKey[], answers: Answers): RowImage {
    const values = new Array<ColumnValue | undefined>(this.source.columns.length);
    for (let i = 0; i < this.ownCount; i++) values[i] = image[i];
    for (const [index, { columns }] of this.lookups.entries()) {
      const key = keys[index];
      if (key === undefined) continue;
      const answer = key === null ? 'missing' : must(answers[index]?.get(key.text), 'each key has its answer');
      const start = must(this.starts[index], 'one of each');
      values[start] = typeof answer === 'string' ? STATES[answer] : FOUND;
      for (let i = 0; i < columns.length; i++)
        values[start + 1 + i] = typeof answer === 'string' ? null : (answer[i] ?? null);
    }
    return values;
  }

  /** Indexes of the look-ups that the positions belong to. */
  private asked(positions: readonly number[]): readonly number[] {
    const indexes: number[] = [];
    for (const [index, start] of this.starts.entries()) {
      const end = start + this.at(index).columns.length;
      if (positions.some((position) => position >= start && position <= end)) indexes.push(index);
    }
    return indexes;
  }

  private at(index: number): CompiledLookup {
    return must(this.lookups[index], 'one of each');
  }

  private refusal(index: number, state: ColumnValue): SyncError {
    const { mapping, source } = this.context;
    const { name, schema, table } = this.at(index).rule;
    const names = { mapping: mapping.id, lookup: name, table: `${source.schema}.${source.table}` };
    const begin = `Look-up ${name} of mapping ${mapping.id} finds`;
    const end = `in ${schema}.${table} for a row of ${names.table}`;
    if (state === SEVERAL)
      return new SyncError('ROW_LOOKUP_SEVERAL', { problem: `${begin} more than one row ${end}`, ...names });
    if (state === TOO_LARGE)
      return new SyncError('ROW_TOO_LARGE', { problem: `${begin} a row that is too large ${end}`, ...names });
    return new SyncError('ROW_LOOKUP_MISSING', { problem: `${begin} no row ${end}`, ...names });
  }
}

type AskedKey = LookupKey | null | undefined;
type Answers = readonly ReadonlyMap<string, LookupAnswer>[];

/** By look-up. */
interface AskedRow {
  readonly before: readonly AskedKey[];
  readonly after: readonly AskedKey[];
  readonly refusal: SyncError | null;
}

function distinct(asking: readonly AskedRow[], index: number): readonly LookupKey[] {
  const keys = new Map<string, LookupKey>();
  for (const { before, after } of asking)
    for (const key of [before[index], after[index]]) if (key !== undefined && key !== null) keys.set(key.text, key);
  return [...keys.values()];
}

/** The state, and the columns as any of their values may be: a row that is not there has nulls. */
function addedColumns({ rule, table, columns }: CompiledLookup): readonly ColumnDefinition[] {
  const state: ColumnDefinition = {
    ...{ name: `${rule.name}.`, kind: 'integer', declared: 'tinyint', nullable: true, bytes: 1 },
  };
  const own = columns.map((position, index): ColumnDefinition => {
    const column = must(table.columns[position], 'a position is inside the table');
    const named = { ...column, name: `${rule.name}.${must(rule.columns[index], 'one of each')}`, nullable: true };
    return column.generated === true ? { ...named, generated: false } : named;
  });
  return [state, ...own];
}
