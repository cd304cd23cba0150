import type { RowChange, RowImage } from '@lutra/model';
import {
  changedColumns,
  deleteStatement,
  imageCharacters,
  insertStatement,
  isComplete,
  isSameValue,
  keyValue,
  literalCharacters,
  updateJoinStatement,
  updateStatement,
} from '@lutra/sql';
import type { TableWriter, WrittenColumn } from '@lutra/sql';
import type { PlannedStatement, WritableRow } from './planned-statement.ts';

export interface PlanLimits {
  readonly rowsMax: number;
  /** Characters of one statement, as estimated from its values. */
  readonly charactersMax: number;
}

// From this size on a value is a parameter, and its row stands alone.
const LARGE_VALUE_CHARACTERS = 65_536;
// An unchanged value is written along with the changed ones of its neighbours only while it is small.
const CARRIED_CHARACTERS_MAX = 1_024;

/**
 * Makes statements of the rows, in source order: neighbours of one table, kind and column shape share a statement as long
 * as it stays within the limits. A run of updates holds each key once, since the rows of one statement have no order
 * among themselves; a row whose key changes, or whose key cannot be told apart outside the server, stands alone.
 */
export function planStatements(rows: Iterable<WritableRow>, limits: PlanLimits): readonly PlannedStatement[] {
  const planned: PlannedStatement[] = [];
  let run: Run | undefined;
  for (const row of rows) {
    if (run?.take(row) === true) continue;
    if (run !== undefined) planned.push(run.finish());
    run = startRun(row, limits);
  }
  if (run !== undefined) planned.push(run.finish());
  return planned;
}

/** Rows that will become one statement. */
interface Run {
  /** False when the row does not fit: it then begins the next run. */
  take(row: WritableRow): boolean;
  finish(): PlannedStatement;
}

function startRun(row: WritableRow, limits: PlanLimits): Run {
  const { writer, change } = row;
  switch (change.kind) {
    case 'insert':
      return new InsertRun(writer, row, limits, change.after);
    case 'update':
      return new UpdateRun(writer, row, limits, change);
    case 'delete':
      return new DeleteRun(writer, row, limits);
  }
}

abstract class SizedRun {
  protected readonly rows: WritableRow[];
  protected characters = 0;

  constructor(
    protected readonly writer: TableWriter,
    first: WritableRow,
    protected readonly limits: PlanLimits,
  ) {
    this.rows = [first];
  }

  protected hasRoomFor(characters: number): boolean {
    return this.rows.length < this.limits.rowsMax && this.characters + characters <= this.limits.charactersMax;
  }

  protected add(row: WritableRow, characters: number): void {
    this.rows.push(row);
    this.characters += characters;
  }
}

/** Upserts keep their order inside a statement, so keys may repeat. */
class InsertRun extends SizedRun implements Run {
  private readonly isWhole: boolean;

  constructor(writer: TableWriter, first: WritableRow, limits: PlanLimits, after: RowImage) {
    super(writer, first, limits);
    this.characters = imageCharacters(after);
    this.isWhole = isComplete(writer, after) && !hasLargeValue(after);
  }

  take(row: WritableRow): boolean {
    const { change } = row;
    if (change.kind !== 'insert' || row.writer !== this.writer || !this.isWhole) return false;
    const characters = imageCharacters(change.after);
    if (!this.hasRoomFor(characters) || hasLargeValue(change.after) || !isComplete(this.writer, change.after))
      return false;
    this.add(row, characters);
    return true;
  }

  finish(): PlannedStatement {
    const images = this.rows.map(({ change }) => (change.kind === 'insert' ? change.after : []));
    return { kind: 'insert', writer: this.writer, statement: insertStatement(this.writer, images), rows: this.rows };
  }
}

/** Deletes of one key twice are harmless: there can only be one row. */
class DeleteRun extends SizedRun implements Run {
  constructor(writer: TableWriter, first: WritableRow, limits: PlanLimits) {
    super(writer, first, limits);
    if (first.change.kind === 'delete') this.characters = keyCharacters(writer, first.change.before);
  }

  take(row: WritableRow): boolean {
    const { change } = row;
    if (change.kind !== 'delete' || row.writer !== this.writer) return false;
    const characters = keyCharacters(this.writer, change.before);
    if (!this.hasRoomFor(characters)) return false;
    this.add(row, characters);
    return true;
  }

  finish(): PlannedStatement {
    const deletes = this.rows.flatMap(({ change }) => (change.kind === 'delete' ? [change] : []));
    return { kind: 'delete', writer: this.writer, statement: deleteStatement(this.writer, deletes), rows: this.rows };
  }
}

type Update = Extract<RowChange, { kind: 'update' }>;

class UpdateRun extends SizedRun implements Run {
  private readonly updates: Update[];
  private readonly keys = new Set<string>();
  private columns: readonly WrittenColumn[];
  private readonly standsAlone: boolean;

  constructor(writer: TableWriter, first: WritableRow, limits: PlanLimits, update: Update) {
    super(writer, first, limits);
    this.updates = [update];
    this.columns = changedColumns(writer, update);
    this.characters = updateCharacters(writer, this.columns, update);
    const key = joinableKey(writer, update);
    this.standsAlone = key === null || hasLargeColumn(this.columns, update);
    if (key !== null) this.keys.add(key);
  }

  take(row: WritableRow): boolean {
    const { change } = row;
    if (change.kind !== 'update' || row.writer !== this.writer || this.standsAlone) return false;
    const key = joinableKey(this.writer, change);
    if (key === null || this.keys.has(key)) return false;
    const changed = changedColumns(this.writer, change);
    const columns = union(this.writer, this.columns, changed);
    const carried = this.carriedCharacters(columns, changed, change);
    if (carried === null || hasLargeColumn(changed, change)) return false;
    const characters = updateCharacters(this.writer, changed, change) + carried;
    if (!this.hasRoomFor(characters)) return false;
    this.columns = columns;
    this.keys.add(key);
    this.updates.push(change);
    this.add(row, characters);
    return true;
  }

  finish(): PlannedStatement {
    const [first] = this.updates;
    const isSingle = this.updates.length === 1 && first !== undefined;
    const statement = isSingle
      ? updateStatement(this.writer, this.columns, first)
      : updateJoinStatement(this.writer, this.columns, this.updates);
    return { kind: 'update', writer: this.writer, statement, rows: this.rows };
  }

  /**
   * What it costs to write `columns` for all rows, when the new row changes only `changed` and the others only the columns
   * so far: characters of the unchanged values, or null when one is absent from an image or not small.
   */
  private carriedCharacters(
    columns: readonly WrittenColumn[],
    changed: readonly WrittenColumn[],
    update: Update,
  ): number | null {
    let characters = 0;
    const carry = (image: RowImage, column: WrittenColumn): boolean => {
      const value = image[column.position];
      const size = literalCharacters(value);
      characters += size;
      return value !== undefined && size <= CARRIED_CHARACTERS_MAX;
    };
    if (columns.length > changed.length)
      for (const column of columns) if (!changed.includes(column) && !carry(update.after, column)) return null;
    if (columns.length > this.columns.length)
      for (const column of columns) {
        if (this.columns.includes(column)) continue;
        for (const { after } of this.updates) if (!carry(after, column)) return null;
      }
    return characters;
  }
}

/** Text that tells the row's key from others, or null when the row must not share a statement. */
function joinableKey(writer: TableWriter, { before, after }: Update): string | null {
  if (!writer.joinsExactly) return null;
  let key = '';
  for (const column of writer.key) {
    const value = keyValue(writer, column, before);
    const next = after[column.position];
    if (next !== undefined && !isSameValue(value, next)) return null;
    const identity = column.identity(value);
    if (identity === null) return null;
    // The length keeps ('a','bc') and ('ab','c') apart.
    key += `${String(identity.length)}:${identity}`;
  }
  return key;
}

function union(
  writer: TableWriter,
  one: readonly WrittenColumn[],
  other: readonly WrittenColumn[],
): readonly WrittenColumn[] {
  if (other.every((column) => one.includes(column))) return one;
  return writer.columns.filter((column) => one.includes(column) || other.includes(column));
}

function updateCharacters(writer: TableWriter, columns: readonly WrittenColumn[], { before, after }: Update): number {
  return columns.reduce((sum, { position }) => sum + literalCharacters(after[position]), keyCharacters(writer, before));
}

const keyCharacters = (writer: TableWriter, before: RowImage): number =>
  writer.key.reduce((sum, { position, quoted }) => sum + literalCharacters(before[position]) + quoted.length + 6, 4);

const hasLargeColumn = (columns: readonly WrittenColumn[], { after }: Update): boolean =>
  columns.some(({ position }) => literalCharacters(after[position]) >= LARGE_VALUE_CHARACTERS);

const hasLargeValue = (image: RowImage): boolean =>
  image.some((value) => literalCharacters(value) >= LARGE_VALUE_CHARACTERS);
