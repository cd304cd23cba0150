import { must } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, TableDefinition } from '@lutra/model';
import { decimalText } from '../convert/exact-number.ts';
import { fixedOf } from '../expression/fixed-number.ts';
import { identityOf } from '../image-identity.ts';
import type { MappedChange } from '../mapped-change.ts';
import { orderOf } from './extreme-order.ts';

export interface TalliedGroup {
  readonly key: readonly ColumnValue[];
  /** Count and values, in the order of the target's columns. */
  readonly amounts: readonly ColumnValue[];
}

/**
 * What a mapping that counts says of rows that it is given as inserts, added up as load does at the target. Law: of the rows that
 * the source holds after a history it is what the changes of the history add up to.
 */
export class GroupTally {
  private readonly groups = new Map<string, TalliedGroup & { readonly amounts: ColumnValue[] }>();
  private readonly adders: readonly ((standing: ColumnValue, one: ColumnValue) => ColumnValue)[];
  private readonly keyLength: number;

  /** `table`: the first one of the mapping's targets. */
  constructor(table: TableDefinition) {
    this.keyLength = table.primaryKey.length;
    this.adders = table.columns.slice(this.keyLength).map(adderOf);
  }

  /** A change that is refused counts for nothing. */
  addChange(change: MappedChange): void {
    if (change.refusal !== undefined || change.kind !== 'insert') return;
    const values = change.after.map((value) => value ?? null);
    const key = values.slice(0, this.keyLength);
    this.add(identityOf(key), { key, amounts: values.slice(this.keyLength) });
  }

  /** Groups of the same identity become one, with the key of the first. */
  add(identity: string, { key, amounts }: TalliedGroup): void {
    const standing = this.groups.get(identity);
    if (standing === undefined) {
      this.groups.set(identity, { key, amounts: [...amounts] });
      return;
    }
    for (const [at, adder] of this.adders.entries())
      standing.amounts[at] = adder(standing.amounts[at] ?? null, amounts[at] ?? null);
  }

  get size(): number {
    return this.groups.size;
  }

  all(): IterableIterator<[identity: string, group: TalliedGroup]> {
    return this.groups.entries();
  }
}

function adderOf(column: ColumnDefinition): (standing: ColumnValue, one: ColumnValue) => ColumnValue {
  const { amount, scale = 0 } = column;
  if (amount === 'count') return (standing, one) => (standing as bigint) + (one as bigint);
  if (amount === 'sum')
    return (standing, one) => decimalText(fixedOf(String(standing), scale) + fixedOf(String(one), scale), scale);
  const order = must(orderOf(column), 'an extreme has one');
  const sign = amount === 'least' ? -1 : 1;
  return (standing, one) => {
    if (one === null || standing === null) return one ?? standing;
    return order(one, standing) * sign > 0 ? one : standing;
  };
}
