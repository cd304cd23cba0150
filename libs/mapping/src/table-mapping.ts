import { must, refusalError, REPAIRS, SyncError } from '@lutra/model';
import type { ColumnValue, MappingMatcher, RowChange, RowImage, TableDefinition } from '@lutra/model';
import type { GroupReader } from './aggregate/group-reader.ts';
import { TableAggregate } from './aggregate/table-aggregate.ts';
import { compileColumns } from './compile-columns.ts';
import { withGroups } from './column-groups.ts';
import type { CompileContext } from './compile-context.ts';
import type { CompiledValue, RowFacts } from './compiled-value.ts';
import type { LookedUpRow, LookupReader, LookupUse } from './lookup/table-lookups.ts';
import { TableLookups } from './lookup/table-lookups.ts';
import { ImageRows, NO_PLACES } from './image-rows.ts';
import type { RowPlace } from './image-rows.ts';
import { imagesOf } from './mapped-change.ts';
import type { MappedChange } from './mapped-change.ts';
import { aboutRow, OpenColumns } from './open-columns.ts';
import { applyLater } from './apply-later.ts';
import { processChanges } from './processor/process-changes.ts';
import type { ProcessorChain } from './processor/processor-chain.ts';
import { transformChain } from './processor/transform-chain.ts';
import { leavesTexts, readingTexts } from './read-texts.ts';
import { TableScript } from './script/table-script.ts';
import { placedFlag } from './soft-delete.ts';
import type { PlacedFlag } from './soft-delete.ts';

/** What the rows that one row becomes may hold together: as much as the two images of the largest row that there is. */
const BYTES_MAX = 134_217_728;
/** What a number or a date takes, about. */
const SMALL_BYTES = 8;
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
  /** Of an after image, and of a before image: the same but for those that tell of the change. */
  private readonly columns: readonly CompiledValue[];
  private readonly columnsBefore: readonly CompiledValue[];
  private readonly rows: ImageRows | null;
  private readonly aggregate: TableAggregate | null;
  private readonly lookups: TableLookups | null;
  private readonly script: TableScript | null;
  private readonly processors: ProcessorChain | null;
  private readonly leftOut: ReadonlySet<RowChange['kind']>;
  private readonly flag: PlacedFlag | null;
  /** Positions of the key in the source's columns. */
  private readonly key: readonly number[];
  /** While a row is mapped of which some columns cannot be made. */
  private open: OpenColumns | null = null;
  private readonly name: { readonly mapping: string; readonly table: string };

  private constructor(given: CompileContext, names: { readonly schema: string; readonly table: string }) {
    const { mapping } = given;
    const lookups = TableLookups.of(given);
    const context = lookups === null ? given : { ...given, source: lookups.source, lookups };
    this.lookups = lookups;
    this.name = { mapping: mapping.id, table: `${context.source.schema}.${context.source.table}` };
    this.key = context.source.primaryKey;
    this.isCopied = mapping.columns.mode === 'all' && mapping.rules === undefined;
    this.rows = ImageRows.of(context);
    this.aggregate = TableAggregate.of(context, this.rows, names);
    const source = this.rows?.source ?? context.source;
    const columns =
      this.isCopied || this.aggregate !== null
        ? []
        : withGroups(compileColumns({ ...context, source }), { ...context, source }).map(readingTexts);
    const columnsBefore = columns.map((column) => (column.column.ofChange === true ? absent(column) : column));
    this.columns = lookups === null ? columns : columns.map((column) => lookups.guarded(column));
    this.columnsBefore = lookups === null ? columnsBefore : columnsBefore.map((column) => lookups.guarded(column));
    const target =
      this.aggregate?.targets[0] ?? (this.isCopied ? { ...source, ...names } : { ...names, ...this.shapeOf(source) });
    this.script = TableScript.of(context, target);
    const scripted = this.script === null ? target : { ...target, columns: this.script.columns };
    this.processors = transformChain(context, scripted);
    const written = this.processors === null ? scripted : { ...scripted, columns: this.processors.table.columns };
    this.targets = this.aggregate?.targets ?? this.rows?.tables?.map((table) => ({ ...written, table })) ?? [written];
    const read = this.columns.flatMap((column) => column.reads);
    const reads = this.aggregate?.reads ?? this.rows?.readsOf(read) ?? read;
    const all = this.isCopied ? [...source.columns.keys()] : (lookups?.readsOf(reads) ?? reads);
    this.reads = [...new Set(all)].toSorted((a, b) => a - b);
    this.lookedUp = lookups?.use(this.columns, this.rows?.readsOf([]) ?? []) ?? null;
    this.leavesTexts = leavesTexts(mapping.rules);
    const { softDelete, leaveOut } = mapping.rules?.rows ?? {};
    this.leftOut = new Set(leaveOut);
    this.flag = softDelete === undefined ? null : placedFlag(softDelete, mapping.id, target);
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
    return this.leniently((open) => this.changesOf(change, facts).map((mapped) => open.judged(mapped)));
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
    const ofElement = this.columns.flatMap(({ reads }, at) =>
      reads.some((read) => openBefore.has(read) || this.rows?.adds(read) === true) ? [at] : [],
    );
    const more = [...ofElement, ...(this.script?.own ?? []), ...(this.processors?.own ?? [])];
    return this.leniently((open) => open.refused(this.asOne(change, target, facts), cause, more));
  }

  private leniently<T>(work: (open: OpenColumns) => T): T {
    this.open = new OpenColumns();
    try {
      return work(this.open);
    } finally {
      this.open = null;
    }
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
    const isRepair = (change.flags & REPAIRS) !== 0;
    // Nothing has come to a group, and nothing has left it.
    if (this.aggregate !== null) return isRepair ? NOTHING : this.aggregate.changesOf(change, facts);
    if (isRepair && !this.isCopied) return this.repaired(change, facts);
    return this.ordinary(change, facts);
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
    return [...this.targets.keys()].map((target) =>
      this.deleted({ identity: '', target, image: change.before }, facts),
    );
  }

  private ordinary(change: RowChange, facts: RowFacts): readonly MappedChange[] {
    if (this.rows !== null) return this.leftOut.has(change.kind) ? NOTHING : this.difference(change, this.rows, facts);
    return [this.isCopied ? { ...change, target: 0 } : this.asOne(change, 0, facts)];
  }

  /** The change as if each image stood for one row of the table. */
  private asOne(change: RowChange, target: number, facts: RowFacts): MappedChange {
    switch (change.kind) {
      case 'insert':
        return { kind: 'insert', target, after: this.imageAfter(change.after, facts) };
      case 'update': {
        const before = this.imageBefore(change.before, facts);
        return { kind: 'update', target, before, after: this.imageAfter(change.after, facts) };
      }
      case 'delete':
        return { kind: 'delete', target, before: this.imageBefore(change.before, facts) };
    }
  }

  /** What the set of rows before and that after differ in. */
  private difference(change: RowChange, rows: ImageRows, facts: RowFacts): readonly MappedChange[] {
    const { before, after } = imagesOf(change);
    const was = before === null ? NO_PLACES : rows.placesOf(before, facts, change);
    const is = after === null ? NO_PLACES : rows.placesOf(after, facts, change);
    const changes: MappedChange[] = [];
    const remaining = new Map<string, RowPlace>();
    for (const place of is) remaining.set(place.identity, place);
    const isMoved = this.flag !== null && this.changesKey(change);
    // What goes away goes first: another row may take its key or its unique values.
    for (const place of was) if (isMoved || !remaining.has(place.identity)) changes.push(this.deleted(place, facts));
    if (!isMoved)
      for (const place of was) {
        const now = remaining.get(place.identity);
        if (now === undefined) continue;
        remaining.delete(place.identity);
        changes.push(this.updated(place, now, facts));
      }
    for (const { target, image } of remaining.values())
      changes.push({ kind: 'insert', target, after: this.imageAfter(image, facts) });
    // Without explode there are two at most.
    if (changes.length > 2) this.refuseLarge(changes);
    return changes;
  }

  /** Flagged where that is the rule: the row stays as it was, and tells of the change that deleted it. */
  private deleted({ target, image }: RowPlace, facts: RowFacts): MappedChange {
    const before = this.imageBefore(image, facts);
    if (this.flag === null) return { kind: 'delete', target, before };
    const after = this.imageAfter(image, facts);
    after[this.flag.position] = this.flag.deleted;
    return { kind: 'update', target, before, after };
  }

  private updated({ target, image }: RowPlace, now: RowPlace, facts: RowFacts): MappedChange {
    const before = this.imageBefore(image, facts);
    return { kind: 'update', target, before, after: this.imageAfter(now.image, facts) };
  }

  /** A flagged row may stand under the key that the row now has; and that under its old key is to stay, flagged. */
  private changesKey(change: RowChange): boolean {
    if (change.kind !== 'update') return false;
    const { before, after } = change;
    return this.key.some((position) => {
      const [was, is] = [before[position], after[position]];
      return is !== undefined && !isSame(was, is);
    });
  }

  private imageAfter(image: RowImage, facts: RowFacts): MappedImage {
    return this.open?.imageOf(this.columns, image, facts) ?? imageOf(this.columns, image, facts);
  }

  private imageBefore(image: RowImage, facts: RowFacts): MappedImage {
    return this.open?.imageOf(this.columnsBefore, image, facts) ?? imageOf(this.columnsBefore, image, facts);
  }

  /** Throws ROW_TOO_LARGE: values that are few in one row may be very many in all that it becomes. */
  private refuseLarge(changes: readonly MappedChange[]): void {
    let bytes = 0;
    for (const change of changes) {
      if (change.kind !== 'insert') bytes += bytesOf(change.before);
      if (change.kind !== 'delete') bytes += bytesOf(change.after);
    }
    if (bytes <= BYTES_MAX) return;
    const { mapping, table } = this.name;
    const problem = `A row of ${table} becomes ${String(changes.length)} rows under mapping ${mapping}, which together are larger than a row may be`;
    throw new SyncError('ROW_TOO_LARGE', { problem, mapping, table });
  }

  /** Key positions in the new column order; empty when a part of the key is left out or computed, because the rest identifies nothing. */
  private shapeOf(source: TableDefinition): Pick<TableDefinition, 'columns' | 'primaryKey'> {
    const { columns } = this;
    const moved = source.primaryKey.map((position) =>
      columns.findIndex((column) => column.reads.length === 1 && column.reads[0] === position),
    );
    return { columns: columns.map(({ column }) => column), primaryKey: moved.includes(-1) ? [] : moved };
  }
}

type MappedImage = (ColumnValue | undefined)[];

function imageOf(columns: readonly CompiledValue[], image: RowImage, facts: RowFacts): MappedImage {
  const values = new Array<ColumnValue | undefined>(columns.length);
  for (let i = 0; i < columns.length; i++) values[i] = must(columns[i], 'inside').valueOf(image, facts);
  return values;
}

const isSame = (one: ColumnValue | undefined, other: ColumnValue): boolean =>
  one instanceof Uint8Array && other instanceof Uint8Array ? Buffer.compare(one, other) === 0 : one === other;

/** An estimate: what is small counts as a few bytes. */
function bytesOf(image: RowImage): number {
  let bytes = 0;
  for (const value of image)
    bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length + SMALL_BYTES : SMALL_BYTES;
  return bytes;
}

const absent = ({ column, reads }: CompiledValue): CompiledValue => ({ column, reads, valueOf: () => undefined });
