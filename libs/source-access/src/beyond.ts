import { must } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, TableDefinition } from '@lutra/model';
import { keyLiteralWriter, quoteName } from '@lutra/sql';
import type { RowKey } from './copy/copied-rows.ts';

/** One column of an order: the expression that is compared, and the value as SQL has it. */
export interface Bound {
  readonly compared: string;
  readonly literal: string;
}

/**
 * What stands behind (or, with '<=', up to) the bounds in the order of their columns. Comparisons of columns, since servers look up a
 * row comparison in no index.
 */
export function beyond(bounds: readonly Bound[], operator: '>' | '>=' | '<='): string {
  const strict = operator === '<=' ? '<' : '>';
  const cases = bounds.map(({ compared, literal }, index) => {
    const equal = bounds.slice(0, index).map((bound) => `${bound.compared}=${bound.literal}`);
    const isLast = index === bounds.length - 1;
    return [...equal, `${compared}${isLast ? operator : strict}${literal}`].join(' AND ');
  });
  return `(${cases.map((each) => `(${each})`).join(' OR ')})`;
}

/** As {@link beyond}, of the table's primary key, in the order in which servers sort by it. */
export const beyondKey = (table: TableDefinition, key: RowKey, operator: '>' | '>=' | '<='): string =>
  beyond(
    table.primaryKey.map((position, index) =>
      boundOf(
        must(table.columns[position], 'a position is inside the table'),
        must(key[index], 'a key has a value for each of its columns'),
      ),
    ),
    operator,
  );

/** Labels are sorted by their numbers, but compared with a text by their letters. */
function boundOf({ kind, name, labels = [] }: ColumnDefinition, value: ColumnValue): Bound {
  const compared = quoteName(name);
  if (kind !== 'enum' && kind !== 'set') return { compared, literal: keyLiteralWriter(kind)(value) };
  const text = String(value);
  // The error value of an enum is number 0, and so is the empty set.
  const number = kind === 'enum' ? BigInt(labels.indexOf(text) + 1) : bitsOf(labels, text);
  return { compared: `CAST(${compared} AS UNSIGNED)`, literal: String(number) };
}

function bitsOf(labels: readonly string[], text: string): bigint {
  const wanted = new Set(text.split(','));
  return labels.reduce((bits, label, at) => (wanted.has(label) ? bits | (1n << BigInt(at)) : bits), 0n);
}
