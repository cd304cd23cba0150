import { isSameValue, REPAIRS } from '@lutra/model';
import type { ColumnValue, RowChange, RowImage } from '@lutra/model';
import { changedColumns, isComplete } from '@lutra/sql';
import type { TableWriter, WrittenColumn } from '@lutra/sql';
import { changesKey, unionOf } from './plan-statements.ts';
import type { PlannedRow, WritableRow } from './planned-statement.ts';

type Update = Extract<RowChange, { kind: 'update' }>;

const NO_COLUMNS: readonly WrittenColumn[] = [];

/**
 * What one key has become inside a group, where rows are overwritten. Law: writing it equals writing its sources one after
 * the other, whatever of them the target has already.
 *
 * | so far | and then insert | update          | delete                             |
 * | ------ | --------------- | --------------- | ---------------------------------- |
 * | insert | refused         | insert          | delete that tolerates a missing row |
 * | update | refused         | update of the union, with the first before image | delete, with the first before image |
 * | delete | replace         | refused         | refused                            |
 * | replace | refused        | replace         | the delete that it began with      |
 *
 * What is refused is not what a source does to one row (two mappings into one table may): the caller keeps such rows apart.
 */
export class MergedRow {
  readonly writer: TableWriter;
  private readonly first: WritableRow;
  private readonly sources: WritableRow[];
  /** Carries the key, which stays the same to the last bit. */
  private readonly keyed: RowImage;
  /** A delete comes first: of a row that was there, or of one that a source inserted (and a replay may find). */
  private deletion: RowImage | null = null;
  private toleratesMissing = false;
  /** The row that is inserted or updated in the end; null = it is gone. */
  private after: RowImage | null = null;
  private isInsert = false;
  /** Of the first update; its values are what the target should have. */
  private before: RowImage = [];
  private columns: readonly WrittenColumn[] = NO_COLUMNS;
  /** `after` is a copy that may be written into. */
  private ownsAfter = false;

  constructor(row: WritableRow) {
    const { writer, change } = row;
    this.writer = writer;
    this.first = row;
    this.sources = [row];
    this.keyed = change.kind === 'insert' ? change.after : change.before;
    switch (change.kind) {
      case 'insert':
        this.isInsert = true;
        this.after = change.after;
        break;
      case 'update':
        this.before = change.before;
        this.after = change.after;
        this.columns = changedColumns(writer, change);
        break;
      case 'delete':
        this.deletion = change.before;
        this.toleratesMissing = (change.flags & REPAIRS) !== 0;
        break;
    }
  }

  /** Takes one more row of the same key; false when the two cannot be one. */
  merge(row: WritableRow): boolean {
    const { change } = row;
    if (row.writer !== this.writer || !this.isMergeable()) return false;
    const isTaken =
      change.kind === 'insert'
        ? this.takeInsert(change.after)
        : change.kind === 'update'
          ? this.takeUpdate(change)
          : this.takeDelete(change.before);
    if (isTaken) this.sources.push(row);
    return isTaken;
  }

  /** The delete that is written for it, before everything else of the group; null when there is none. */
  deletes(): PlannedRow | null {
    const { deletion, writer, sources, toleratesMissing } = this;
    if (deletion === null) return null;
    const change: RowChange = { ...this.place(), kind: 'delete', before: deletion };
    return { writer, change, columns: NO_COLUMNS, sources, toleratesMissing };
  }

  updates(): PlannedRow | null {
    const { after, before, columns, writer, sources } = this;
    if (after === null || this.isInsert) return null;
    const change: RowChange =
      sources.length === 1 ? this.first.change : { ...this.place(), kind: 'update', before, after };
    return { writer, change, columns, sources, toleratesMissing: false };
  }

  inserts(): PlannedRow | null {
    const { after, writer, sources } = this;
    if (after === null || !this.isInsert) return null;
    const change: RowChange = sources.length === 1 ? this.first.change : { ...this.place(), kind: 'insert', after };
    return { writer, change, columns: NO_COLUMNS, sources, toleratesMissing: false };
  }

  private place(): Omit<RowChange, 'kind' | 'before' | 'after'> {
    const { table, event, row, part, flags } = this.first.change;
    return { table, event, row, part, flags };
  }

  /** An insert that leaves columns to the target's defaults cannot be told whole. */
  private isMergeable(): boolean {
    return !this.isInsert || this.after === null || this.sources.length > 1 || isComplete(this.writer, this.after);
  }

  private takeInsert(after: RowImage): boolean {
    const { writer } = this;
    if (this.after !== null || !isComplete(writer, after) || changesKey(writer, this.keyed, after)) return false;
    this.after = after;
    this.isInsert = true;
    this.ownsAfter = false;
    return true;
  }

  private takeUpdate(update: Update): boolean {
    const { writer } = this;
    if (this.after === null || changesKey(writer, this.keyed, update.before)) return false;
    const changed = changedColumns(writer, update);
    if (!this.isInsert && this.bringsUniqueBack(changed, update.after)) return false;
    if (!this.ownsAfter) this.after = [...this.after];
    this.ownsAfter = true;
    const after = this.after as (ColumnValue | undefined)[];
    for (const [position, value] of update.after.entries())
      if (value !== undefined && after[position] === undefined) after[position] = value;
    for (const { position } of changed) after[position] = update.after[position];
    if (!this.isInsert) this.columns = unionOf(writer, this.columns, changed);
    return true;
  }

  /**
   * A unique value beside the key that has gone and comes again: images of both as one row would not tell that it was
   * written, and a dead letter has nothing but images.
   */
  private bringsUniqueBack(changed: readonly WrittenColumn[], after: RowImage): boolean {
    const { before, writer } = this;
    const indexes = writer.identities?.others ?? [];
    if (indexes.length === 0) return false;
    return changed.some(({ position }) => {
      const [old, value] = [before[position], after[position]];
      if (old === undefined || value === undefined || !isSameValue(old, value)) return false;
      return indexes.some(({ columns }) => columns.some((column) => column.position === position));
    });
  }

  private takeDelete(before: RowImage): boolean {
    const { writer, after } = this;
    if (after === null || changesKey(writer, this.keyed, before)) return false;
    if (this.isInsert && this.deletion === null) {
      this.deletion = before;
      this.toleratesMissing = true;
    } else if (!this.isInsert) this.deletion = this.before;
    this.after = null;
    this.isInsert = false;
    return true;
  }
}
