import { must } from '@lutra/model';
import type { ColumnValue, GroupQuestion, RowImage } from '@lutra/model';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledValue, RowFacts } from '../compiled-value.ts';
import { identityOf } from '../image-identity.ts';
import type { ImageRows } from '../image-rows.ts';
import type { MappedChange } from '../mapped-change.ts';
import { aboutRow } from '../open-columns.ts';
import { aggregateInvalid } from './compiled-amount.ts';
import type { CompiledAmount } from './compiled-amount.ts';
import type { GroupReader } from './group-reader.ts';

/** A change of one transaction, with the facts of the row that it came of. */
export interface AskingChange {
  readonly change: MappedChange;
  readonly facts: RowFacts;
}

interface Parts extends CompileContext {
  readonly groups: readonly CompiledValue[];
  readonly amounts: readonly CompiledAmount[];
  readonly rows: ImageRows | null;
}

/**
 * The least and the greatest of groups that something has left: read at the source, at a moment behind the change.
 *
 * Law: once all changes of a history are written, each extreme is that of the source. After the last change that set it only
 * values came to the group. That change was read behind itself: it holds all that was there then, of which nothing left again,
 * and perhaps some of what came later. What came is taken in by the changes that follow. Whatever was read earlier is forgotten with it.
 */
export class GroupExtremes {
  private constructor(
    private readonly parts: Parts,
    private readonly question: Omit<GroupQuestion, 'groups'>,
  ) {}

  /** Null: there are none. Throws MAPPING_AGGREGATE_INVALID where the rows of a group cannot be asked for. */
  static of(parts: Parts): GroupExtremes | null {
    const { amounts, groups, mapping, rows, source } = parts;
    const extremes = amounts.filter(({ isBeyond }) => isBeyond !== null);
    const [first] = extremes;
    if (first === undefined) return null;
    const columns = groups.map(({ column, isTaken, reads }) => {
      const [position] = reads;
      if (isTaken === true && position !== undefined && rows?.adds(position) !== true) return position;
      const why = `is computed: rows are grouped by columns of the source alone where there is a min or max (${first.column.name}), so that a group can be read again`;
      throw aggregateInvalid(mapping.id, column.name, why);
    });
    if (source.primaryKey.length === 0)
      throw aggregateInvalid(
        mapping.id,
        first.column.name,
        'is read again at the source, and the table has no primary key',
      );
    const read = extremes.flatMap(({ value }) => value.reads);
    const isPlain = rows === null && extremes.every(({ value }) => value.isTaken === true);
    const question = {
      ...{ table: source, columns, reads: [...new Set(rows?.readsOf(read) ?? read)] },
      extremes: isPlain
        ? extremes.map(({ column, value }) => ({
            position: must(value.reads[0], 'a column alone'),
            function: column.amount === 'least' ? ('min' as const) : ('max' as const),
          }))
        : null,
    };
    return new GroupExtremes(parts, question);
  }

  /** The changes, in their order, with the extremes of those that ask. Throws what the reader throws. */
  async filled(changes: readonly AskingChange[], reader: GroupReader): Promise<readonly MappedChange[]> {
    const groups = new Map<string, readonly ColumnValue[]>();
    const transactions = new Set<string>();
    for (const { change, facts } of changes) {
      if (change.asks === undefined) continue;
      groups.set(identityOf(change.asks), change.asks);
      transactions.add(facts.gtid);
    }
    if (groups.size === 0) return changes.map(({ change }) => change);
    const facts = must(changes[0], 'some ask').facts;
    const numbers = new Map([...groups.keys()].map((identity, number) => [identity, number]));
    let found: ColumnValue[][] = [];
    await reader.read({ ...this.question, groups: [...groups.values()] }, [...transactions], () => {
      const { length } = this.parts.amounts;
      found = Array.from(groups, () => new Array<ColumnValue>(length).fill(null));
      return (group, image) => {
        this.take(must(found[group], 'it was asked for'), image, facts);
      };
    });
    return changes.map(({ change }) => {
      if (change.asks === undefined) return change;
      const number = must(numbers.get(identityOf(change.asks)), 'each was asked for');
      return this.withExtremes(change, must(found[number], 'one of each'));
    });
  }

  private take(found: ColumnValue[], image: RowImage, facts: RowFacts): void {
    const { rows } = this.parts;
    try {
      if (rows === null) this.takeRow(found, image, facts);
      else for (const place of rows.placesOf(image, facts)) this.takeRow(found, place.image, facts);
    } catch (error) {
      // The row was refused when it came: its group does not count it.
      aboutRow(error);
    }
  }

  private takeRow(found: ColumnValue[], image: RowImage, facts: RowFacts): void {
    for (const [at, amount] of this.parts.amounts.entries())
      if (amount.isBeyond !== null) takeBeyond(found, at, { one: amount.value.valueOf(image, facts) ?? null, amount });
  }

  private withExtremes(change: MappedChange, found: readonly ColumnValue[]): MappedChange {
    if (change.kind === 'delete') return change;
    const offset = change.after.length - this.parts.amounts.length;
    const after = change.after.map((value, position) => {
      const amount = this.parts.amounts[position - offset];
      return amount === undefined || amount.isBeyond === null ? value : (found[position - offset] ?? null);
    });
    return { ...change, after, asks: undefined };
  }
}

/** Keeps what is farther out. */
export function takeBeyond(
  values: ColumnValue[],
  at: number,
  { one, amount: { isBeyond } }: { readonly one: ColumnValue; readonly amount: CompiledAmount },
): void {
  const standing = values[at] ?? null;
  if (one !== null && isBeyond !== null && (standing === null || isBeyond(one, standing))) values[at] = one;
}
