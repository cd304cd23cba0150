import type { ColumnValue, RowImage } from '@lutra/model';
import type { RowInsert } from './row-statement.ts';
import { isTellable, keyIdentity } from './key-identity.ts';
import type { Identity, KeyIdentity } from './key-identity.ts';
import type { WrittenColumn } from './table-writer.ts';
import type { TargetTable, UniqueKey } from './target-table.ts';

/** What a row occupies in one unique index. */
export interface IndexIdentity {
  readonly columns: readonly WrittenColumn[];
  /**
   * Of the image; what it does not carry is taken from `before`. undefined: a NULL, which clashes with nothing. null: cannot
   * be said, because of a value whose collation is not known here or which no image carries.
   */
  of(image: RowImage, before?: RowImage): Identity | null | undefined;
  /** Of a row that is inserted, without asking for its whole image where that can be. */
  ofInsert(insert: RowInsert): Identity | null | undefined;
}

/** What tells the rows of a table apart, in every unique index that it has at the target. */
export interface RowIdentities {
  readonly key: IndexIdentity;
  readonly others: readonly IndexIdentity[];
}

/**
 * Null when some unique index has values that the images cannot tell: it holds a prefix, an expression, or a column that is
 * computed or not carried, or whose values compare in a way that is not known here. The table then keeps its order.
 */
export function rowIdentities(
  { uniqueKeys }: TargetTable,
  written: readonly WrittenColumn[],
  key: readonly WrittenColumn[],
): RowIdentities | null {
  if (key.length === 0) return null;
  const names = key.map(({ name }) => name.toLowerCase()).join('\0');
  const others: IndexIdentity[] = [];
  for (const unique of uniqueKeys) {
    const columns = columnsOf(unique, written);
    const identity = columns === null ? null : indexIdentity(columns);
    if (identity === null) return null;
    if (unique.columns.join('\0') !== names) others.push(identity);
  }
  const own = indexIdentity(key);
  return own === null ? null : { key: own, others };
}

function columnsOf(
  { columns, isExact }: UniqueKey,
  written: readonly WrittenColumn[],
): readonly WrittenColumn[] | null {
  if (!isExact) return null;
  const found = columns.flatMap((name) => written.find((column) => column.name.toLowerCase() === name) ?? []);
  return found.length === columns.length ? found : null;
}

/** Null when the values of some column can never be told here. */
export function indexIdentity(columns: readonly WrittenColumn[]): IndexIdentity | null {
  const parts = columns.map(({ position, definition, target }) => ({
    position,
    identity: keyIdentity(definition.kind, target),
  }));
  if (!parts.every(({ identity }) => isTellable(identity))) return null;
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) {
    const { position, identity } = only;
    const ofValue = (value: ColumnValue | undefined): Identity | null | undefined => {
      if (value === undefined) return null;
      return value === null ? undefined : identity(value);
    };
    return {
      columns,
      of: (image, before) => {
        const own = image[position];
        return ofValue(own === undefined ? before?.[position] : own);
      },
      ofInsert: (insert) =>
        ofValue(insert.encoded === undefined ? insert.after[position] : insert.encoded.valueAt(position)),
    };
  }
  return {
    columns,
    of: (image, before) =>
      ofColumns(parts, (position) => {
        const own = image[position];
        return own === undefined ? before?.[position] : own;
      }),
    ofInsert: (insert) => {
      const { encoded } = insert;
      return encoded === undefined
        ? ofColumns(parts, (position) => insert.after[position])
        : ofColumns(parts, (position) => encoded.valueAt(position));
    },
  };
}

interface IdentityPart {
  readonly position: number;
  readonly identity: KeyIdentity;
}

/** Of several columns. */
function ofColumns(
  parts: readonly IdentityPart[],
  valueAt: (position: number) => ColumnValue | undefined,
): Identity | null | undefined {
  let text = '';
  let isUnknown = false;
  for (const { position, identity } of parts) {
    const value = valueAt(position);
    // One NULL is enough to clash with nothing, whatever the others are.
    if (value === null) return undefined;
    const part = value === undefined ? null : identity(value);
    if (part === null) isUnknown = true;
    // The length keeps ('a','bc') and ('ab','c') apart.
    else if (typeof part === 'number') text += `${String(part)};`;
    else text += `${String(part.length)}:${part}`;
  }
  return isUnknown ? null : text;
}
