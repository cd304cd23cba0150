import { must, refusalError, REPAIRS } from '@lutra/model';
import type { SyncError } from '@lutra/model';
import type { MappingMatcher, RowChange, RowImage, TableDefinition } from '@lutra/model';
import type { GroupReader } from './aggregate/group-reader.ts';
import { TableAggregate } from './aggregate/table-aggregate.ts';
import { compileColumns } from './compile-columns.ts';
import { withGroups } from './column-groups.ts';
import type { CompileContext } from './compile-context.ts';
import type { CompiledValue, RowFacts } from './compiled-value.ts';
import type { LookedUpRow, LookupReader, LookupUse } from './lookup/table-lookups.ts';
import { TableLookups } from './lookup/table-lookups.ts';
import { ImageColumns } from './image-columns.ts';
import { ImageRows } from './image-rows.ts';
import { imagesOf } from './mapped-change.ts';
import type { MappedChange } from './mapped-change.ts';
import { aboutRow } from './open-columns.ts';
import { applyLater } from './apply-later.ts';
import { processChanges } from './processor/process-changes.ts';
import type { ProcessorChain } from './processor/processor-chain.ts';
import { transformChain } from './processor/transform-chain.ts';
import { leavesTexts, readingTexts } from './read-texts.ts';
import { RowDifference } from './row-difference.ts';
import { TableScript } from './script/table-script.ts';
import { placedFlag } from './soft-delete.ts';

const NOTHING: readonly MappedChange[] = [];

export interface SourceRow {
  readonly change: RowChange;
  readonly facts: RowFacts;
}

export interface MappedRow {
  /** With their refusals: one for all of it where a script, or what decides which rows there are, refuses the row. */
  readonly changes: readonly MappedChange[];
  /** What a script said on its console. */
  readonly lines: readonly string[];
  /** Why the row cannot be mapped; of class poison. */
  readonly refusal: SyncError | null;
}

/**
 * A mapping applied to one source table. It is one function from an image of a source row to a set of target rows, and a
 * change is the difference between the sets before and after: rows of the same identity are updated, the others deleted or
 * inserted. So a row that enters or leaves the filter, moves to another table or has other elements needs no rule of its own.
 *
 * Laws: what comes out depends on the change and its facts alone; after any history the target holds the rows of the images
 * that the source holds; {@link TableMapping.isCopied} rows are the source's own.
 */
export class TableMapping {
  /** Tables at the target that rows may go to; the first one unless a route says otherwise. */
  readonly targets: readonly TableDefinition[];
  /** Positions in the source's columns that are needed, of filter, route and values. */
  readonly reads: readonly number[];
  /** What depends on look-ups; null = there are none. */
  readonly lookedUp: LookupUse | null;
  /** Only the table's name is another: rows need not be looked at. */
  readonly isCopied: boolean;
  /** Whether images may hold {@link EncodedText}. */
  readonly leavesTexts: boolean;
  private readonly images: ImageColumns;
  private readonly rows: ImageRows | null;
  private readonly aggregate: TableAggregate | null;
  private readonly lookups: TableLookups | null;
  private readonly script: TableScript | null;
  private readonly processors: ProcessorChain | null;
  private readonly leftOut: ReadonlySet<RowChange['kind']>;
  private readonly difference: RowDifference;

  private constructor(given: CompileContext, names: { readonly schema: string; readonly table: string }) {
    const { mapping } = given;
    const lookups = TableLookups.of(given);
    const context = lookups === null ? given : { ...given, source: lookups.source, lookups };
    this.lookups = lookups;
    this.isCopied = mapping.columns.mode === 'all' && mapping.rules === undefined;
    this.rows = ImageRows.of(context);
    this.aggregate = TableAggregate.of(context, this.rows, names);
    const source = this.rows?.source ?? context.source;
    const plain =
      this.isCopied || this.aggregate !== null
        ? []
        : withGroups(compileColumns({ ...context, source }), { ...context, source }).map(readingTexts);
    const guarded = (all: readonly CompiledValue[]): readonly CompiledValue[] =>
      lookups === null ? all : all.map((column) => lookups.guarded(column));
    this.images = new ImageColumns(guarded(plain), guarded(plain.map(ofRow)));
    const { columns } = this.images;
    const target =
      this.aggregate?.targets[0] ??
      (this.isCopied ? { ...source, ...names } : { ...names, ...shapeOf(source, columns) });
    this.script = TableScript.of(context, target);
    const scripted = this.script === null ? target : { ...target, columns: this.script.columns };
    this.processors = transformChain(context, scripted);
    const written = this.processors === null ? scripted : { ...scripted, columns: this.processors.table.columns };
    this.targets = this.aggregate?.targets ?? this.rows?.tables?.map((table) => ({ ...written, table })) ?? [written];
    const read = columns.flatMap((column) => column.reads);
    const reads = this.aggregate?.reads ?? this.rows?.readsOf(read) ?? read;
    const all = this.isCopied ? [...source.columns.keys()] : (lookups?.readsOf(reads) ?? reads);
    this.reads = [...new Set(all)].toSorted((a, b) => a - b);
    this.lookedUp = lookups?.use(columns, this.rows?.readsOf([]) ?? []) ?? null;
    this.leavesTexts = leavesTexts(mapping.rules);
    const { softDelete, leaveOut } = mapping.rules?.rows ?? {};
    this.leftOut = new Set(leaveOut);
    this.difference = new RowDifference({
      ...{ images: this.images, key: context.source.primaryKey },
      flag: softDelete === undefined ? null : placedFlag(softDelete, mapping.id, target),
      name: { mapping: mapping.id, table: `${context.source.schema}.${context.source.table}` },
    });
  }

  /**
   * All mappings of the pipeline that cover the table, in the order of the definition. Throws what says that a mapping does
   * not fit the table: MAPPING_COLUMN_UNKNOWN, MAPPING_COLUMN_TWICE, MAPPING_EXPRESSION_INVALID, MAPPING_STEP_INVALID,
   * MAPPING_LOOKUP_INVALID, PROCESSOR_….
   */
  static all(matcher: MappingMatcher, context: Omit<CompileContext, 'mapping'>): readonly TableMapping[] {
    const { schema, table } = context.source;
    // A route has an entry for each of its tables, one after the other.
    return matcher
      .targetsOf(schema, table)
      .filter(({ mapping }, index, all) => mapping !== all[index - 1]?.mapping)
      .map(
        ({ mapping, targetSchema, targetTable }) =>
          new TableMapping({ ...context, mapping }, { schema: targetSchema, table: targetTable }),
      );
  }

  /** Rows are mapped many at a time, by {@link mapAll}: each by itself would cost many times as much. */
  get isBatched(): boolean {
    return this.script !== null || this.processors !== null || this.lookups !== null || this.asksSource;
  }

  /** Whether {@link withExtremes} has to follow {@link mapAll}. */
  get asksSource(): boolean {
    return this.aggregate !== null && this.aggregate.extremes !== null;
  }

  /** What {@link mapAll} has made of the rows, with the extremes of groups that something has left. Throws what the reader throws. */
  async withExtremes(
    rows: readonly SourceRow[],
    mapped: readonly MappedRow[],
    reader: GroupReader,
  ): Promise<readonly MappedRow[]> {
    const extremes = must(this.aggregate?.extremes, 'the mapping keeps some');
    const asking = mapped.flatMap(({ changes }, index) => {
      const { facts } = must(rows[index], 'one of each');
      return changes.map((change) => ({ change, facts }));
    });
    const filled = await extremes.filled(asking, reader);
    let next = 0;
    return mapped.map((row) => {
      const start = next;
      next += row.changes.length;
      return { ...row, changes: filled.slice(start, next) };
    });
  }

  /**
   * What becomes of changes, in their order; one that cannot be mapped does not stop the others. `reader`: needed by mappings
   * with look-ups. Throws what is wrong with the mapping: MAPPING_SCRIPT_INVALID; what the reader throws; and what keeps a
   * processor from working: PROCESSOR_TIMEOUT, PROCESSOR_UNAVAILABLE.
   */
  async mapAll(
    given: readonly SourceRow[],
    reader?: LookupReader,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<readonly MappedRow[]> {
    const { lookups, script, processors } = this;
    const rows: readonly LookedUpRow[] =
      lookups === null
        ? given.map(({ change, facts }) => ({ change, facts, refusal: null }))
        : await lookups.resolve(given, must(reader, 'a mapping with look-ups has where to look'));
    let mapped = rows.map(({ change, facts, refusal }): MappedRow => {
      if (refusal !== null && change.refusal === undefined)
        return { changes: [this.refused(change, facts, refusal)], lines: [], refusal };
      const changes = this.mapOrRefuse(change, facts);
      const refused = changes.find((one) => one.refusal !== undefined)?.refusal;
      return { changes, lines: [], refusal: refused === undefined ? null : refusalError(refused) };
    });
    const refuse = ({ change, facts }: SourceRow, error: SyncError): MappedChange => this.refused(change, facts, error);
    if (script !== null) mapped = await applyLater(rows, mapped, { refuse, rule: (changes) => script.apply(changes) });
    if (processors === null) return mapped;
    return applyLater(rows, mapped, { refuse, rule: (changes) => processChanges(processors, changes, signal) });
  }

  /** Closes what processors have opened; rows that come later open it again. */
  async close(): Promise<void> {
    await this.processors?.close();
  }

  /** As {@link map}; a row that is refused as a whole comes as one change, and so does one that extract has refused. */
  mapOrRefuse(change: RowChange, facts: RowFacts): readonly MappedChange[] {
    const { refusal } = change;
    if (this.isPassedOver(change)) return NOTHING;
    if (refusal !== undefined && !this.isCopied) return [this.refused(change, facts, refusalError(refusal))];
    try {
      return this.map(change, facts);
    } catch (error) {
      return [this.refused(change, facts, error)];
    }
  }

  /**
   * What becomes of a change before the script. A row of which some columns cannot be made carries a refusal beside what could.
   * Throws a SyncError of class poison when it cannot be told which rows there are: {@link refused} gives it in the same form.
   */
  map(change: RowChange, facts: RowFacts): readonly MappedChange[] {
    try {
      return this.changesOf(change, facts);
    } catch (error) {
      aboutRow(error);
    }
    return this.images.leniently((open) => this.changesOf(change, facts).map((mapped) => open.judged(mapped)));
  }

  /**
   * A change that is refused because of `error`, with what could be made of its images before any script. Throws the error again
   * when it is not about the row.
   */
  refused(change: RowChange, facts: RowFacts, error: unknown): MappedChange {
    if (this.aggregate !== null) return this.aggregate.refused(change, facts, error);
    const cause = aboutRow(error);
    const { before, after } = imagesOf(change);
    const target = this.targetOf(before, facts, change) ?? this.targetOf(after, facts, change) ?? 0;
    const openBefore = new Set(change.refusal?.columns);
    // Of which element it would be is not known.
    const ofElement = this.images.columns.flatMap(({ reads }, at) =>
      reads.some((read) => openBefore.has(read) || this.rows?.adds(read) === true) ? [at] : [],
    );
    const more = [...ofElement, ...(this.script?.own ?? []), ...(this.processors?.own ?? [])];
    return this.images.leniently((open) => open.refused(this.asOne(change, target, facts), cause, more));
  }

  /** Where the image's row goes, if that can be told. */
  private targetOf(image: RowImage | null, facts: RowFacts, change: RowChange): number | undefined {
    if (this.rows === null || image === null) return undefined;
    try {
      return this.rows.placesOf(image, facts, change)[0]?.target;
    } catch (error) {
      aboutRow(error);
      return undefined;
    }
  }

  private changesOf(change: RowChange, facts: RowFacts): readonly MappedChange[] {
    if (this.isPassedOver(change)) return NOTHING;
    if (this.aggregate !== null) return this.aggregate.changesOf(change, facts);
    if ((change.flags & REPAIRS) !== 0 && !this.isCopied) return this.repaired(change, facts);
    return this.ordinary(change, facts);
  }

  /** A row that is sent once more has not come to a group, and nothing has left it. */
  private isPassedOver(change: RowChange): boolean {
    return this.aggregate !== null && (change.flags & REPAIRS) !== 0;
  }

  /**
   * A row that is sent once more. Of one that is not there only the key is known: it is deleted wherever the mapping may have put
   * it, and nowhere when its key at the target is made of more than that.
   */
  private repaired(change: RowChange, facts: RowFacts): readonly MappedChange[] {
    if (change.kind !== 'delete')
      return this.leftOut.has('insert') || this.leftOut.has('update') ? NOTHING : this.ordinary(change, facts);
    const isKeyed = this.targets.every(({ primaryKey }) => primaryKey.length > 0);
    const isExploded = this.rows?.isExploded === true;
    const isRewritten = this.script !== null || this.processors !== null;
    if (!isKeyed || isExploded || isRewritten || this.leftOut.has('delete')) return NOTHING;
    return [...this.targets.keys()].map((target) => this.difference.deleted({ target, image: change.before }, facts));
  }

  private ordinary(change: RowChange, facts: RowFacts): readonly MappedChange[] {
    const { rows } = this;
    if (rows !== null) return this.leftOut.has(change.kind) ? NOTHING : this.difference.of(change, rows, facts);
    return [this.isCopied ? { ...change, target: 0 } : this.asOne(change, 0, facts)];
  }

  /** The change as if each image stood for one row of the table. */
  private asOne(change: RowChange, target: number, facts: RowFacts): MappedChange {
    const { images } = this;
    switch (change.kind) {
      case 'insert':
        return { kind: 'insert', target, after: images.after(change.after, facts) };
      case 'update': {
        const before = images.before(change.before, facts);
        return { kind: 'update', target, before, after: images.after(change.after, facts) };
      }
      case 'delete':
        return { kind: 'delete', target, before: images.before(change.before, facts) };
    }
  }
}

/** Key positions in the new column order; empty when a part of the key is left out or computed, because the rest identifies nothing. */
function shapeOf(
  { primaryKey }: TableDefinition,
  columns: readonly CompiledValue[],
): Pick<TableDefinition, 'columns' | 'primaryKey'> {
  const moved = primaryKey.map((position) =>
    columns.findIndex(({ reads }) => reads.length === 1 && reads[0] === position),
  );
  return { columns: columns.map(({ column }) => column), primaryKey: moved.includes(-1) ? [] : moved };
}

/** The column without what tells of the change, which a before image never has. */
const ofRow = (value: CompiledValue): CompiledValue =>
  value.column.ofChange === true ? { column: value.column, reads: value.reads, valueOf: () => undefined } : value;
