import { changesColumn, WRITES_ALL } from '@lutra/model';
import type { ColumnValue, RowChange, RowImage } from '@lutra/model';
import type { RereadRule } from './reread-rule.ts';

/** Positions of the columns that are to be read again for a change; null = none. For a delete there never are. */
export function wantedColumns(rule: RereadRule, change: RowChange, key: readonly number[]): readonly number[] | null {
  if (change.kind === 'delete') return null;
  const isWhole = !change.after.includes(undefined);
  if (change.kind === 'update' && changesAny(change, key) && (rule.isMedia || !isWhole))
    return [...change.after.keys()];
  return rule.isMedia || (!isWhole && lacks(rule, change)) ? rule.columns : null;
}

function lacks(rule: RereadRule, change: Exclude<RowChange, { kind: 'delete' }>): boolean {
  const { after } = change;
  if (rule.needed.some((position) => after[position] === undefined)) return true;
  // Where changes are left out, a later one may have to put the row there whole.
  if (rule.skipNoRow) return true;
  if (change.kind === 'insert') return false;
  return rule.groups.some(
    (group) => group.some((position) => after[position] === undefined) && changesAny(change, group),
  );
}

/** The image that holds the key of the row after the change: a partial image names what has changed only. */
export function keyImage(change: RowChange): RowImage {
  if (change.kind === 'delete') return change.before;
  if (change.kind === 'insert') return change.after;
  return change.after.map((value, position) => (value === undefined ? change.before[position] : value));
}

/** What is known of a row's table at the source. */
export interface CurrentRow {
  /** null = there is no row of that key. */
  readonly image: RowImage | null;
  /** Positions of columns that other rows depend on: of unique indexes and foreign keys. */
  readonly tied: ReadonlySet<number>;
}

/**
 * The change with what its row holds now; null = it is left out.
 *
 * Law: once all changes of a history have been written, the target is as if none had been read again, whenever each was read
 * (behind its own commit) and however often some of them are replayed. For the values: a before image is never touched, so
 * that the last change of a column is still seen as one; its row is read when nothing changes that column any more, or later
 * changes follow. A row that is gone has been deleted, or has another key. What was read under its old key may then be another
 * row, or nothing: so the change that gives it another key writes all columns, and is not left out, since later changes look
 * for the row under its new key.
 * Tied columns stay as the log has them, absent ones too: a value that another row gives up in between would clash at the
 * target. They are filled in only where the change cannot do without.
 */
export function completed(
  rule: RereadRule,
  change: RowChange,
  { current, key }: { readonly current: CurrentRow; readonly key: readonly number[] },
): RowChange | null {
  if (change.kind === 'delete') return change;
  const { image, tied } = current;
  const isMoved = change.kind === 'update' && changesAny(change, key);
  if (image === null && rule.skipNoRow && !isMoved) return null;
  const flags = isMoved ? change.flags | WRITES_ALL : change.flags;
  // Nothing whole can be put under the new key: what follows puts it there, or takes it away.
  if (isMoved && image === null && rule.skipNoRow && change.after.includes(undefined)) return asDelete(change);
  const after = image === null ? change.after : completedImage(rule, change.after, { image, tied, isMoved });
  const { table, event, row, part } = change;
  if (change.kind === 'insert') return { kind: 'insert', table, event, row, part, flags, after };
  return { kind: 'update', table, event, row, part, flags, before: change.before, after };
}

function completedImage(
  rule: RereadRule,
  own: RowImage,
  { image, tied, isMoved }: { readonly image: RowImage; readonly tied: ReadonlySet<number>; readonly isMoved: boolean },
): RowImage {
  const after: (ColumnValue | undefined)[] = [...own];
  for (const position of isMoved ? own.keys() : rule.columns) {
    const now = image[position];
    if (now === undefined) continue;
    const isTied = tied.has(position);
    const isTaken = own[position] === undefined ? !isTied || isFilled(rule, position) : rule.isMedia && !isTied;
    if (isTaken) after[position] = now;
  }
  return after;
}

/** Whether images are completed by the column even where others depend on it. Its change of key has to write it then too. */
const isFilled = ({ skipNoRow, needed, groups }: RereadRule, position: number): boolean =>
  skipNoRow || needed.includes(position) || groups.some((group) => group.includes(position));

const asDelete = ({ table, event, row, part, flags, before }: Update): RowChange => ({
  ...{ kind: 'delete', table, event, row, part, flags, before },
});

type Update = Extract<RowChange, { kind: 'update' }>;

const changesAny = ({ before, after }: Update, positions: readonly number[]): boolean =>
  positions.some((position) => changesColumn(before, after, position));
