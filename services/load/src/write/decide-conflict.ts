import { assertNever, columnIndex, REPAIRS } from '@lutra/model';
import type {
  ColumnValue,
  ConflictDecision,
  ConflictPolicy,
  ConflictType,
  PLAIN_CONFLICT_POLICIES,
  RowChange,
  RowImage,
} from '@lutra/model';
import { addDelta, compareValues, isComplete, isStoredValue } from '@lutra/sql';
import type { TableWriter, WrittenColumn } from '@lutra/sql';

/** Policies that look at the target's row before they write. */
export type ComparingPolicy =
  | { readonly kind: Exclude<(typeof PLAIN_CONFLICT_POLICIES)[number], 'overwrite'> }
  | Extract<ConflictPolicy, { readonly kind: 'latestWins' | 'merge' }>;

/** Null: nothing is compared. */
export const comparing = (policy: ConflictPolicy): ComparingPolicy | null =>
  policy.kind === 'overwrite' ? null : (policy as ComparingPolicy);

/** What becomes of a change, given the row that was found. */
export type Verdict =
  /** No conflict; `change` null = the target has it already. */
  | { readonly kind: 'agreed'; readonly change: RowChange | null }
  /** A conflict that the policy decides; `change` is what is written, null = nothing. */
  | {
      readonly kind: 'decided';
      readonly type: ConflictType;
      readonly decision: ConflictDecision;
      readonly change: RowChange | null;
    }
  /**
   * A conflict for a person. incomplete: the row is to be inserted, and its image does not hold every column. unknown: the
   * image does not hold what the policy decides by. partial: nor what would tell whether there is a conflict at all.
   */
  | {
      readonly kind: 'undecided';
      readonly type: ConflictType;
      readonly why: 'manual' | 'incomplete' | 'unknown' | 'partial';
    }
  /** Amounts were moved, and the image does not tell from where: only a person can say what they are to be. */
  | {
      readonly kind: 'undecided';
      readonly type: ConflictType;
      readonly why: 'amount';
      readonly columns: readonly string[];
    };

type Update = Extract<RowChange, { kind: 'update' }>;

/**
 * Compares the row found at the target (null = none) with what the source's before image says, and decides by the policy. A
 * row that is already as the source wants it is no conflict. What is to be written is told as a change of the row that was
 * found, so that the ordinary statements write it.
 *
 * Only a whole image agrees: where one leaves columns out (binlog_row_image MINIMAL or NOBLOB) and those that it carries do
 * not differ, nobody can tell whether the others do, and the row is undecided. latestWins needs its own column alone.
 */
export function decideConflict(
  { writer, change }: { readonly writer: TableWriter; readonly change: RowChange },
  found: RowImage | null,
  wantedPolicy: ComparingPolicy,
): Verdict {
  const policy = repairing(change, wantedPolicy);
  if (change.kind === 'insert')
    return found === null ? agreed(change) : decideInsert(writer, change, { found, policy });
  if (found === null) return decideMissing(writer, change, policy);
  // Its image holds the key alone, and is not to be compared.
  if (change.kind === 'delete' && isRepair(change)) return agreed(change);
  const isWhole = tellsAll(writer, change.before);
  const isAlike = holds(writer, change.before, found);
  if (isWhole && isAlike) return agreed(change);
  const wanted = change.kind === 'delete' ? null : change.after;
  if (wanted !== null && policy.kind !== 'merge' && holds(writer, wanted, found))
    return agreed(isStale(writer, wanted, found) ? onto(found, change) : null);
  const columns = hiddenAmounts(writer, change, policy);
  if (columns.length > 0) return { kind: 'undecided', type: 'row-differs', why: 'amount', columns };
  if (isAlike && policy.kind !== 'latestWins') return partial;
  return decideDifference(writer, change, { found, policy });
}

/** Nobody changed the row at the source: somebody wants the target's to be as it is. Amounts of `merge` stay the target's. */
const repairing = (change: RowChange, policy: ComparingPolicy): ComparingPolicy =>
  isRepair(change) && policy.kind !== 'merge' ? SOURCE_WINS : policy;

const SOURCE_WINS: ComparingPolicy = { kind: 'sourceWins' };
const isRepair = ({ flags }: RowChange): boolean => (flags & REPAIRS) !== 0;

/** The row as the update leaves it, put there whole. */
export function asInsert({ table, event, row, part, flags, after }: Update): RowChange {
  return { table, event, row, part, flags, kind: 'insert', after };
}

const agreed = (change: RowChange | null): Verdict => ({ kind: 'agreed', change });
const partial: Verdict = { kind: 'undecided', type: 'row-differs', why: 'partial' };

function decideInsert(
  writer: TableWriter,
  change: Extract<RowChange, { kind: 'insert' }>,
  { found, policy }: { readonly found: RowImage; readonly policy: ComparingPolicy },
): Verdict {
  // Nothing was there at the source: a delta begins at zero.
  const { table, event, row, part, flags, after } = change;
  const before = found.map(() => undefined);
  const asUpdate: Update = { table, event, row, part, flags, kind: 'update', before, after };
  if (holds(writer, after, found)) {
    const isTold = policy.kind !== 'merge' && isStale(writer, after, found);
    if (tellsAll(writer, after)) return agreed(isTold ? onto(found, asUpdate) : null);
    if (policy.kind !== 'latestWins') return partial;
  }
  return decideDifference(writer, asUpdate, { found, policy });
}

/** The source changed a row that is not there. A delete that finds nothing has nothing to do. */
function decideMissing(
  writer: TableWriter,
  change: Exclude<RowChange, { kind: 'insert' }>,
  policy: ComparingPolicy,
): Verdict {
  const type = 'target-row-missing';
  if (change.kind === 'delete') return { kind: 'decided', type, decision: 'ignored', change: null };
  switch (policy.kind) {
    case 'manual':
      return { kind: 'undecided', type, why: 'manual' };
    case 'ignore':
      return { kind: 'decided', type, decision: 'ignored', change: null };
    case 'targetWins':
      return { kind: 'decided', type, decision: 'kept', change: null };
    case 'sourceWins':
    case 'latestWins':
    case 'merge': {
      if (!isComplete(writer, change.after)) return { kind: 'undecided', type, why: 'incomplete' };
      return { kind: 'decided', type, decision: 'inserted', change: asInsert(change) };
    }
    default:
      return assertNever(policy);
  }
}

function decideDifference(
  writer: TableWriter,
  change: Exclude<RowChange, { kind: 'insert' }>,
  { found, policy }: { readonly found: RowImage; readonly policy: ComparingPolicy },
): Verdict {
  const type = 'row-differs';
  const kept: Verdict = { kind: 'decided', type, decision: 'kept', change: null };
  const overwritten: Verdict = { kind: 'decided', type, decision: 'overwritten', change: onto(found, change) };
  switch (policy.kind) {
    case 'manual':
      return { kind: 'undecided', type, why: 'manual' };
    case 'ignore':
      return { kind: 'decided', type, decision: 'ignored', change: null };
    case 'targetWins':
      return kept;
    case 'sourceWins':
      return overwritten;
    case 'latestWins': {
      const column = columnOf(writer, policy.column);
      const theirs = column === undefined ? undefined : found[column.position];
      const ours = column === undefined ? undefined : latestOf(change, column);
      if (column === undefined || theirs === undefined || ours === undefined)
        return { kind: 'undecided', type, why: 'unknown' };
      // Equal: the source's row is written. Sites with a rank of their own come with two-way synchronisation.
      return compareValues(column, ours, theirs) >= 0 ? overwritten : kept;
    }
    case 'merge':
      if (change.kind === 'delete') return overwritten;
      return { kind: 'decided', type, decision: 'merged', change: mergedOnto(writer, change, { found, policy }) };
    default:
      return assertNever(policy);
  }
}

/** Amounts that the update moves, where they are added up and its image does not say from where. */
function hiddenAmounts(
  writer: TableWriter,
  change: Exclude<RowChange, { kind: 'insert' }>,
  policy: ComparingPolicy,
): readonly string[] {
  if (change.kind === 'delete' || policy.kind !== 'merge') return [];
  return policy.deltaColumns.filter((name) => {
    const column = columnOf(writer, name);
    if (column === undefined) return false;
    return change.after[column.position] !== undefined && change.before[column.position] === undefined;
  });
}

/** The change as one of the row that was found. */
const onto = (found: RowImage, change: Exclude<RowChange, { kind: 'insert' }>): RowChange => ({
  ...change,
  before: found,
});

/** `columns` from the source, `deltaColumns` moved by as much as at the source; a key that the source changed is changed. */
function mergedOnto(
  writer: TableWriter,
  change: Update,
  { found, policy }: { readonly found: RowImage; readonly policy: Extract<ConflictPolicy, { kind: 'merge' }> },
): RowChange {
  const taken = namesOf([...policy.columns, ...writer.keyColumns]);
  const moved = namesOf(policy.deltaColumns);
  const after: (ColumnValue | undefined)[] = found.map(() => undefined);
  for (const column of writer.columns) {
    const { position } = column;
    const value = change.after[position];
    const name = column.name.toLowerCase();
    const standing = found[position] ?? null;
    if (value === undefined) after[position] = standing;
    else if (moved.has(name))
      after[position] = addDelta(column, standing, { before: change.before[position], after: value });
    else after[position] = taken.has(name) ? value : standing;
  }
  return { ...change, before: found, after };
}

/** Whether the image carries every column that can be compared; not what the source computes, nor what tells of a change. */
const tellsAll = ({ columns }: TableWriter, image: RowImage): boolean =>
  columns.every(
    ({ position, definition: { generated, ofChange } }) =>
      image[position] !== undefined || generated === true || ofChange === true,
  );

/** Whether the row is as the image says, in the columns that it carries. */
function holds(writer: TableWriter, image: RowImage, found: RowImage): boolean {
  return writer.columns.every((column) => {
    const value = image[column.position];
    const standing = found[column.position];
    if (value === undefined || standing === undefined || column.definition.ofChange === true) return true;
    return isStoredValue(column, value, standing);
  });
}

/** Whether the target lacks what the change tells of itself, or what was looked up for it: no conflict, and to be written. */
const isStale = (writer: TableWriter, image: RowImage, found: RowImage): boolean =>
  writer.columns.some((column) => {
    const value = image[column.position];
    if (value === undefined || column.definition.ofChange !== true) return false;
    return !isStoredValue(column, value, found[column.position] ?? null);
  });

/** The source's value of the deciding column: after the change, or as it stayed; a delete is as new as the row it removes. */
function latestOf(
  change: Exclude<RowChange, { kind: 'insert' }>,
  { position }: WrittenColumn,
): ColumnValue | undefined {
  const after = change.kind === 'delete' ? undefined : change.after[position];
  return after === undefined ? change.before[position] : after;
}

const columnOf = ({ columns }: TableWriter, name: string): WrittenColumn | undefined =>
  columns[columnIndex(columns, name)];

const namesOf = (names: readonly string[]): ReadonlySet<string> => new Set(names.map((name) => name.toLowerCase()));
