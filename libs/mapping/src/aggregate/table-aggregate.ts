import { must, rowRefusal, SyncError } from '@lutra/model';
import type { ColumnValue, RowChange, RowImage, TableDefinition } from '@lutra/model';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledValue, RowFacts } from '../compiled-value.ts';
import { decimalText } from '../convert/exact-number.ts';
import { compileExpressionValue } from '../expression/compile-expression.ts';
import type { ImageRows } from '../image-rows.ts';
import { imagesOf } from '../mapped-change.ts';
import type { MappedChange } from '../mapped-change.ts';
import { aboutRow } from '../open-columns.ts';
import { requireCarried } from '../require-carried.ts';
import { aggregateProblem } from './aggregate-problem.ts';
import { aggregateInvalid, compileAmount, countColumn } from './compiled-amount.ts';
import type { CompiledAmount } from './compiled-amount.ts';

/**
 * Many source rows → one row of the target: what a change adds to the groups that its images belong to. An image adds 1 and its
 * values to one group (or, exploded, to several), a before image takes them away again; what a change adds is the difference.
 *
 * Law: the sum of what all changes since an empty table add is what GROUP BY says of the source. So a target that applies each
 * change exactly once, in any order per group that its deltas allow, equals GROUP BY; docs/decisions/0047.
 */
export class TableAggregate {
  readonly target: TableDefinition;
  /** Positions in the source's columns that are needed of every image. */
  readonly reads: readonly number[];
  private readonly groups: readonly CompiledValue[];
  private readonly amounts: readonly CompiledAmount[];
  /** Positions in {@link ImageRows.source}. */
  private readonly needed: readonly number[];

  private constructor(
    private readonly context: CompileContext,
    private readonly rows: ImageRows | null,
    names: { readonly schema: string; readonly table: string },
  ) {
    const { mapping } = context;
    const { aggregate } = mapping.rules ?? {};
    const rule = must(aggregate, 'the mapping has one');
    const source = rows?.source ?? context.source;
    this.groups = rule.groupBy.map(({ expression, target: name }) => {
      const value = compileExpressionValue(expression, { source, name, mapping: mapping.id });
      if (value.column.ofChange === true)
        throw aggregateInvalid(
          mapping.id,
          name,
          'asks for the change (kind, GTID or commit time), and a group is of rows',
        );
      return value;
    });
    this.amounts = rule.values.map((value) => compileAmount(value, { ...context, source }));
    const read = [...this.groups, ...this.amounts.map(({ value }) => value)].flatMap(({ reads }) => reads);
    this.needed = [...new Set(read)];
    this.reads = rows?.readsOf(this.needed) ?? this.needed;
    const keys = this.groups.map(({ column }) => ({ ...column, nullable: false }));
    this.target = {
      ...names,
      columns: [...keys, countColumn(rule.count), ...this.amounts.map(({ column }) => column)],
      primaryKey: keys.map((_key, position) => position),
    };
  }

  /** Null when the mapping has no aggregate. Throws MAPPING_AGGREGATE_INVALID and what expressions throw. */
  static of(
    context: CompileContext,
    rows: ImageRows | null,
    names: { readonly schema: string; readonly table: string },
  ): TableAggregate | null {
    const { id, rules = {}, columns, onConflict } = context.mapping;
    if (rules.aggregate === undefined) return null;
    const wrong = aggregateProblem({ rules, columns, onConflict });
    if (wrong !== null) {
      const problem = `${wrong.field} of mapping ${id} ${wrong.problem}`;
      throw new SyncError('MAPPING_AGGREGATE_INVALID', { problem, mapping: id, field: wrong.field });
    }
    if (rows?.asksForChange === true)
      throw aggregateInvalid(id, 'rows.filter', 'asks for the change, and a group is of rows');
    return new TableAggregate(context, rows, names);
  }

  /**
   * What the change adds to each group. A group to which rows come is inserted where it is not there; one that rows leave, or in
   * which values change, has to be there. Throws a SyncError of class poison.
   */
  changesOf(change: RowChange, facts: RowFacts): readonly MappedChange[] {
    const { before, after } = imagesOf(change);
    const added: Added[] = [];
    if (before !== null) this.add(added, before, { by: -1, facts });
    if (after !== null) this.add(added, before === null ? after : completed(after, before), { by: 1, facts });
    const changes: MappedChange[] = [];
    for (const each of added) {
      const made = this.changeOf(each);
      if (made !== null) changes.push(made);
    }
    return changes;
  }

  /** A change that is refused because of `error`: the group, as far as it can be told, and nothing of what it adds. */
  refused(change: RowChange, facts: RowFacts, error: unknown): MappedChange {
    const cause = aboutRow(error);
    const { before, after } = imagesOf(change);
    const values = this.groupOf(after ?? before, facts) ?? [];
    const image = this.target.columns.map((_column, position) => values[position]);
    const columns = image.flatMap((value, position) => (value === undefined ? [position] : []));
    return { kind: 'insert', target: 0, after: image, refusal: rowRefusal(cause, { columns, isOnlyBefore: false }) };
  }

  private groupOf(image: RowImage | null, facts: RowFacts): readonly ColumnValue[] | null {
    // Of several elements nobody knows which is at fault.
    if (image === null || this.context.mapping.rules?.rows?.explode !== undefined) return null;
    try {
      return this.groups.map((group) => this.groupValue(group, image, facts));
    } catch (error) {
      aboutRow(error);
      return null;
    }
  }

  private add(added: Added[], image: RowImage, { by, facts }: { readonly by: 1 | -1; readonly facts: RowFacts }): void {
    if (this.rows === null) this.addRow(added, image, { by, facts });
    else for (const place of this.rows.placesOf(image, facts)) this.addRow(added, place.image, { by, facts });
  }

  private addRow(
    added: Added[],
    image: RowImage,
    { by, facts }: { readonly by: 1 | -1; readonly facts: RowFacts },
  ): void {
    const { amounts, context, groups, rows } = this;
    requireCarried(image, this.needed, { ...context, source: rows?.source ?? context.source });
    const values: ColumnValue[] = [];
    let identity = '';
    for (const group of groups) {
      const value = this.groupValue(group, image, facts);
      values.push(value);
      identity += identityOf(value);
    }
    let each = added.find((one) => one.identity === identity);
    if (each === undefined) added.push((each = { identity, values, count: 0, sums: amounts.map(() => 0n) }));
    each.count += by;
    for (let at = 0; at < amounts.length; at++) {
      const { value, unitsOf } = must(amounts[at], 'inside');
      const one = value.valueOf(image, facts) ?? null;
      if (unitsOf === null) continue;
      each.sums[at] = must(each.sums[at], 'one of each') + BigInt(by) * unitsOf(one);
    }
  }

  private groupValue(group: CompiledValue, image: RowImage, facts: RowFacts): ColumnValue {
    const value = group.valueOf(image, facts) ?? null;
    if (value !== null) return value;
    const { id: mapping } = this.context.mapping;
    const { name: column } = group.column;
    const problem = `Column ${column}, which mapping ${mapping} groups by, is NULL`;
    throw new SyncError('ROW_GROUP_NULL', { problem, mapping, column });
  }

  /** Null: nothing is added. */
  private changeOf({ values, count, sums }: Added): MappedChange | null {
    if (count === 0 && sums.every((sum) => sum === 0n)) return null;
    const after: (ColumnValue | undefined)[] = [...values, BigInt(count)];
    for (const [at, sum] of sums.entries()) {
      const { column } = must(this.amounts[at], 'one of each');
      after.push(decimalText(sum, column.scale ?? 0));
    }
    if (count > 0) return { kind: 'insert', target: 0, after };
    const before: (ColumnValue | undefined)[] = after.map(() => undefined);
    for (const [at, value] of values.entries()) before[at] = value;
    return { kind: 'update', target: 0, before, after };
  }
}

/** What a change adds to one group. */
interface Added {
  readonly identity: string;
  readonly values: readonly ColumnValue[];
  count: number;
  readonly sums: bigint[];
}

/** What an update does not carry has stayed as it was. */
function completed(after: RowImage, before: RowImage): RowImage {
  for (let at = 0; at < after.length; at++)
    if (after[at] === undefined && before[at] !== undefined)
      return after.map((value, position) => (value === undefined ? before[position] : value));
  return after;
}

/** Of two lists of values the joined texts are the same only where the values are. */
function identityOf(value: ColumnValue): string {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
  return `${String(text.length)}:${text}`;
}
