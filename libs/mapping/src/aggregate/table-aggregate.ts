import { must, rowRefusal, SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, RowChange, RowImage, TableDefinition } from '@lutra/model';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledValue, RowFacts } from '../compiled-value.ts';
import { decimalText } from '../convert/exact-number.ts';
import { compileExpressionValue } from '../expression/compile-expression.ts';
import { identityOf } from '../image-identity.ts';
import type { ImageRows } from '../image-rows.ts';
import { imagesOf } from '../mapped-change.ts';
import type { MappedChange } from '../mapped-change.ts';
import { aboutRow } from '../open-columns.ts';
import { requireCarried } from '../require-carried.ts';
import { aggregateProblem } from './aggregate-problem.ts';
import { aggregateInvalid, compileAmount, countColumn } from './compiled-amount.ts';
import type { CompiledAmount } from './compiled-amount.ts';
import { GroupExtremes, takeBeyond } from './group-extremes.ts';

/**
 * Many source rows → one row of the target: what a change adds to the groups that its images belong to. An image adds 1 and its
 * values to one group (or, exploded, to several), a before image takes them away again; what a change adds is the difference.
 *
 * Law: the sum of what all changes since an empty table add is what GROUP BY says of the source. So a target that applies each
 * change exactly once, in any order per group that its deltas allow, equals GROUP BY; docs/decisions/0047.
 */
export class TableAggregate {
  /** What moves groups; then, where there are extremes, what sets them to what was read. */
  readonly targets: readonly TableDefinition[];
  /** Null: no extremes are kept. */
  readonly extremes: GroupExtremes | null;
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
    const target: TableDefinition = {
      ...names,
      columns: [...keys, countColumn(rule.count), ...this.amounts.map(({ column }) => column)],
      primaryKey: keys.map((_key, position) => position),
    };
    this.extremes = GroupExtremes.of({ ...context, groups: this.groups, amounts: this.amounts, rows });
    this.targets = this.extremes === null ? [target] : [target, { ...target, columns: target.columns.map(asSet) }];
  }

  /** Null when the mapping has no aggregate. Throws MAPPING_AGGREGATE_INVALID and what expressions throw. */
  static of(
    context: CompileContext,
    rows: ImageRows | null,
    names: { readonly schema: string; readonly table: string },
  ): TableAggregate | null {
    const { id, rules = {}, columns, onConflict, source } = context.mapping;
    if (rules.aggregate === undefined) return null;
    const wrong = aggregateProblem({ rules, columns, onConflict, source });
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
   * which values change, has to be there. An image that is refused counts for no row, before as well as after: what came is named
   * by a change with a refusal, and what goes had never come. Throws a SyncError of class poison where an image is not whole.
   */
  changesOf(change: RowChange, facts: RowFacts): readonly MappedChange[] {
    const { before, after } = imagesOf(change);
    const whole = after === null || before === null ? after : completed(after, before);
    try {
      return this.difference(before, whole, facts);
    } catch (error) {
      aboutRow(error);
    }
    const isOut = this.refusalOf(before, facts) !== null;
    const refusal = this.refusalOf(whole, facts);
    const changes = this.difference(isOut ? null : before, refusal === null ? whole : null, facts);
    return refusal === null ? changes : [...changes, this.refusedImage(whole, facts, refusal)];
  }

  private difference(before: RowImage | null, after: RowImage | null, facts: RowFacts): readonly MappedChange[] {
    const added: Added[] = [];
    if (before !== null) this.add(added, before, { by: -1, facts });
    if (after !== null) this.add(added, after, { by: 1, facts });
    const changes: MappedChange[] = [];
    for (const each of added) {
      const made = this.changeOf(each);
      if (made !== null) changes.push(made);
    }
    return changes;
  }

  /** Why the image counts for no row; null: it counts. Throws what says that it is not whole: another one may have counted. */
  private refusalOf(image: RowImage | null, facts: RowFacts): SyncError | null {
    if (image === null) return null;
    try {
      this.add([], image, { by: 1, facts });
      return null;
    } catch (error) {
      const cause = aboutRow(error);
      if (cause.code === 'ROW_IMAGE_PARTIAL') throw cause;
      return cause;
    }
  }

  /** A change that is refused because of `error`: the group, as far as it can be told, and nothing of what it adds. */
  refused(change: RowChange, facts: RowFacts, error: unknown): MappedChange {
    const { before, after } = imagesOf(change);
    return this.refusedImage(after ?? before, facts, aboutRow(error));
  }

  private refusedImage(of: RowImage | null, facts: RowFacts, cause: SyncError): MappedChange {
    const values = this.groupOf(of, facts) ?? [];
    const image = must(this.targets[0], 'there is one').columns.map((_column, position) => values[position]);
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
    for (const group of groups) values.push(this.groupValue(group, image, facts));
    const identity = identityOf(values);
    let each = added.find((one) => one.identity === identity);
    if (each === undefined) added.push((each = addedNothing(identity, values, amounts.length)));
    each.count += by;
    for (let at = 0; at < amounts.length; at++) {
      const amount = must(amounts[at], 'inside');
      const one = amount.value.valueOf(image, facts) ?? null;
      if (amount.unitsOf !== null) each.sums[at] = (each.sums[at] ?? 0n) + BigInt(by) * amount.unitsOf(one);
      else takeBeyond(by === 1 ? each.came : each.left, at, { one, amount });
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
  private changeOf(added: Added): MappedChange | null {
    const { values, count, sums } = added;
    const after: (ColumnValue | undefined)[] = [...values, BigInt(count)];
    let isMoved = count !== 0;
    let asks: readonly ColumnValue[] | undefined;
    for (let at = 0; at < this.amounts.length; at++) {
      const amount = must(this.amounts[at], 'inside');
      if (amount.unitsOf === null) {
        const extreme = extremeOf(added, at, amount);
        if (extreme === undefined) asks = values;
        else if (extreme !== null) isMoved = true;
        after.push(extreme ?? null);
        continue;
      }
      const sum = sums[at] ?? 0n;
      isMoved ||= sum !== 0n;
      after.push(decimalText(sum, amount.column.scale ?? 0));
    }
    if (!isMoved && asks === undefined) return null;
    const target = asks === undefined ? 0 : 1;
    if (count > 0) return { kind: 'insert', target, after, asks };
    const before: (ColumnValue | undefined)[] = after.map(() => undefined);
    for (const [at, value] of values.entries()) before[at] = value;
    return { kind: 'update', target, before, after, asks };
  }
}

/** What a change adds to one group. */
interface Added {
  readonly identity: string;
  readonly values: readonly ColumnValue[];
  count: number;
  /** By the number of the amount. Of extremes: of the values that left the group, and of those that came. */
  readonly sums: bigint[];
  readonly left: ColumnValue[];
  readonly came: ColumnValue[];
}

const addedNothing = (identity: string, values: readonly ColumnValue[], amounts: number): Added => ({
  ...{ identity, values, count: 0 },
  sums: new Array<bigint>(amounts).fill(0n),
  left: new Array<ColumnValue>(amounts).fill(null),
  came: new Array<ColumnValue>(amounts).fill(null),
});

/**
 * What an extreme grows to; null: it stays. What came covers what left where it is as far out: then whatever else the group holds
 * has the same extreme. undefined: only the group itself can tell.
 */
function extremeOf({ left, came }: Added, at: number, { isBeyond }: CompiledAmount): ColumnValue | undefined {
  const [was, is] = [left[at] ?? null, came[at] ?? null];
  if (was === null || isBeyond === null) return is;
  if (is === null || isBeyond(was, is)) return undefined;
  return isBeyond(is, was) ? is : null;
}

const asSet = (column: ColumnDefinition): ColumnDefinition =>
  column.amount === 'least' || column.amount === 'greatest' ? { ...column, amount: 'set' } : column;

/** What an update does not carry has stayed as it was. */
function completed(after: RowImage, before: RowImage): RowImage {
  for (let at = 0; at < after.length; at++)
    if (after[at] === undefined && before[at] !== undefined)
      return after.map((value, position) => (value === undefined ? before[position] : value));
  return after;
}
