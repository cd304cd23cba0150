import { changesColumn, must, refusalError } from '@lutra/model';
import type { RowImage } from '@lutra/model';
import {
  checkingForeignKeys,
  deleteStatement,
  emptyGroupsStatement,
  imageCharacters,
  insertRowsStatement,
  isCompleteInsert,
  literalCharacters,
  updateJoinStatement,
  updateStatement,
} from '@lutra/sql';
import type { Identity, RowInsert, TableWriter, TargetStatement, WrittenColumn } from '@lutra/sql';
import { madeOrRefused } from './made-or-refused.ts';
import { takesRows } from './merged-group.ts';
import type { PlannedRow, PlannedStatement, WritableRow } from './planned-statement.ts';
import { SourceRow } from './source-row.ts';

export interface PlanLimits {
  readonly rowsMax: number;
  /** Characters of one statement, as estimated from its values. */
  readonly charactersMax: number;
}

// From this size on a value is a parameter, and its row stands alone.
const LARGE_VALUE_CHARACTERS = 65_536;
// What a number may take more as text than in its message, or a text in its quotes.
const NUMBER_CHARACTERS = 16;
// An unchanged value is written along with the changed ones of its neighbours only while it is small.
const CARRIED_CHARACTERS_MAX = 1_024;
/** The source session had its foreign keys unchecked. */
const UNCHECKED_FLAG = 1;
/** What foreign keys changed at the source comes as changes of its own. */
const CHANGES_LOGGED_FLAG = 4;

/**
 * Makes statements of the rows, in their order: neighbours of one table, kind and column shape share a statement as long
 * as it stays within the limits. A run of updates holds each key once, since the rows of one statement have no order
 * among themselves; a row whose key changes, or whose key cannot be told apart outside the server, stands alone.
 */
export function planStatements(rows: Iterable<PlannedRow>, limits: PlanLimits): readonly PlannedStatement[] {
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

/** A row of the source as it is, unmerged. */
export function plannedAlone(row: WritableRow): PlannedRow {
  return row instanceof SourceRow ? row : new SourceRow(row.writer, row.change, row.origin);
}

/** A part of the statement's rows as a statement of its own; the rows of a statement of inserts keep their order. */
export function restate(planned: PlannedStatement, rows: readonly PlannedRow[]): PlannedStatement {
  return finishRows(planned.kind, rows);
}

const NO_COLUMNS: readonly WrittenColumn[] = [];

/** Rows that will become one statement. */
interface Run {
  /** False when the row does not fit: it then begins the next run. */
  take(row: PlannedRow): boolean;
  finish(): PlannedStatement;
}

function startRun(row: PlannedRow, limits: PlanLimits): Run {
  if (row.change.refusal !== undefined) return new RefusedRun(row);
  switch (row.change.kind) {
    case 'insert':
      return new InsertRun(row, limits, row.change);
    case 'update':
      return new UpdateRun(row, limits, row.change);
    case 'delete':
      return new DeleteRun(row, limits, row.change.before);
  }
}

/** A row that a mapping has refused: nothing shares its fate. */
class RefusedRun implements Run {
  constructor(private readonly row: PlannedRow) {}

  take(): boolean {
    return false;
  }

  finish(): PlannedStatement {
    return finishRows(this.row.change.kind, [this.row]);
  }
}

abstract class SizedRun {
  protected readonly rows: PlannedRow[];
  protected readonly writer: TableWriter;
  protected characters = 0;
  private readonly isChecked: boolean;

  constructor(
    private readonly first: PlannedRow,
    protected readonly limits: PlanLimits,
  ) {
    this.rows = [first];
    this.writer = first.writer;
    this.isChecked = isChecked(first);
  }

  /** Of the same table, kind and shape, and written under the same checks. */
  protected isAlike(row: PlannedRow): boolean {
    const { writer, change, toleratesMissing } = row;
    const { first } = this;
    if (writer !== this.writer || change.kind !== first.change.kind) return false;
    if (toleratesMissing !== first.toleratesMissing || change.refusal !== undefined) return false;
    return isChecked(row) === this.isChecked;
  }

  protected hasRoomFor(characters: number): boolean {
    return this.rows.length < this.limits.rowsMax && this.characters + characters <= this.limits.charactersMax;
  }

  protected add(row: PlannedRow, characters: number): void {
    this.rows.push(row);
    this.characters += characters;
  }

  finish(): PlannedStatement {
    return finishRows(this.first.change.kind, this.rows);
  }
}

/** Upserts keep their order inside a statement, so keys may repeat. */
class InsertRun extends SizedRun implements Run {
  private readonly isWhole: boolean;
  private readonly perByte: number;

  constructor(first: PlannedRow, limits: PlanLimits, insert: RowInsert) {
    super(first, limits);
    this.perByte = charactersPerByte(this.writer);
    this.characters = insertCharacters(insert, this.perByte);
    this.isWhole = isCompleteInsert(this.writer, insert) && !hasLargeInsert(insert);
  }

  take(row: PlannedRow): boolean {
    const { change } = row;
    if (change.kind !== 'insert' || !this.isWhole || !this.isAlike(row)) return false;
    const characters = insertCharacters(change, this.perByte);
    if (!this.hasRoomFor(characters) || hasLargeInsert(change) || !isCompleteInsert(this.writer, change)) return false;
    this.add(row, characters);
    return true;
  }
}

/** Deletes of one key twice are harmless: there can only be one row. Without a key, or where a delete takes others along, not. */
class DeleteRun extends SizedRun implements Run {
  private readonly standsAlone: boolean;

  constructor(first: PlannedRow, limits: PlanLimits, before: RowImage) {
    super(first, limits);
    this.characters = keyCharacters(this.writer, before);
    this.standsAlone = standsAlone(this.writer);
  }

  take(row: PlannedRow): boolean {
    const { change } = row;
    if (change.kind !== 'delete' || this.standsAlone || !this.isAlike(row)) return false;
    const characters = keyCharacters(this.writer, change.before);
    if (!this.hasRoomFor(characters)) return false;
    this.add(row, characters);
    return true;
  }
}

type Update = Extract<PlannedRow['change'], { kind: 'update' }>;

class UpdateRun extends SizedRun implements Run {
  private readonly keys = new Set<Identity>();
  private columns: readonly WrittenColumn[];
  private readonly standsAlone: boolean;

  constructor(first: PlannedRow, limits: PlanLimits, update: Update) {
    super(first, limits);
    this.columns = first.columns;
    this.characters = updateCharacters(this.writer, this.columns, update);
    const key = joinableKey(this.writer, update);
    this.standsAlone = key === null || hasLargeColumn(this.columns, update);
    if (key !== null) this.keys.add(key);
  }

  take(row: PlannedRow): boolean {
    const { change, columns: changed } = row;
    if (change.kind !== 'update' || this.standsAlone || !this.isAlike(row)) return false;
    const key = joinableKey(this.writer, change);
    if (key === null || this.keys.has(key)) return false;
    const columns = unionOf(this.writer, this.columns, changed);
    const carried = this.carriedCharacters(columns, changed, change);
    if (carried === null || hasLargeColumn(changed, change)) return false;
    const characters = updateCharacters(this.writer, changed, change) + carried;
    if (!this.hasRoomFor(characters)) return false;
    this.columns = columns;
    this.keys.add(key);
    this.add(row, characters);
    return true;
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
        for (const { change } of this.rows) if (change.kind === 'update' && !carry(change.after, column)) return null;
      }
    return characters;
  }
}

function finishRows(kind: PlannedStatement['kind'], rows: readonly PlannedRow[]): PlannedStatement {
  const [first] = rows;
  if (first === undefined) throw new Error('A statement writes a row at least');
  const { writer, toleratesMissing } = first;
  const { refusal } = first.change;
  const statement = madeOrRefused(() => {
    if (refusal !== undefined) throw refusalError(refusal);
    const plain = statementOf(writer, rows);
    return isChecked(first) ? checkingForeignKeys(plain) : plain;
  });
  return { kind, writer, statement, closing: closingOf(rows), rows, toleratesMissing };
}

function closingOf(rows: readonly PlannedRow[]): TargetStatement | null {
  const { writer } = must(rows[0], 'a statement writes a row at least');
  const { counted } = writer;
  if (counted === null) return null;
  const left = rows.flatMap(({ change }) =>
    change.kind === 'update' && change.refusal === undefined && takesRows(writer, change) ? [change.before] : [],
  );
  return left.length === 0 ? null : emptyGroupsStatement(writer, counted, left);
}

function statementOf(writer: TableWriter, rows: readonly PlannedRow[]): TargetStatement {
  const [first] = rows;
  switch (first?.change.kind) {
    case 'insert':
      return insertRowsStatement(writer, insertsOf(rows));
    case 'delete':
      return deleteStatement(
        writer,
        rows.flatMap(({ change }) => (change.kind === 'delete' ? [change] : [])),
      );
    default: {
      const updates = rows.flatMap(({ change }) => (change.kind === 'update' ? [change] : []));
      const columns = rows.reduce((all, row) => unionOf(writer, all, row.columns), NO_COLUMNS);
      const [only] = updates;
      return updates.length === 1 && only !== undefined
        ? updateStatement(writer, columns, only)
        : updateJoinStatement(writer, columns, updates);
    }
  }
}

/** A loop: there are as many as rows of a table that is filled. */
function insertsOf(rows: readonly PlannedRow[]): readonly RowInsert[] {
  const inserts: RowInsert[] = [];
  for (const { change } of rows) if (change.kind === 'insert') inserts.push(change);
  return inserts;
}

/**
 * Whether the target checks the row's foreign keys. Not where it would change rows that the log changes itself: a REPLACE of a
 * parent is logged as delete and insert and leaves the source's children alone, while a cascade would take the target's; and
 * the log has children before the parent that they are moved to.
 */
function isChecked({ writer: { foreignKeys }, change: { flags } }: PlannedRow): boolean {
  if (foreignKeys?.isChecked !== true || (flags & UNCHECKED_FLAG) !== 0) return false;
  return (flags & CHANGES_LOGGED_FLAG) === 0 || !foreignKeys.changesRows;
}

/** Rows of the table are written one by one: each is found by all its columns, or may take others along. */
const standsAlone = ({ key, foreignKeys }: TableWriter): boolean =>
  key.length === 0 || foreignKeys?.isSelfReferencing === true;

/** What tells the row's key from others, or null when the row must not share a statement. */
function joinableKey(writer: TableWriter, { before, after }: Update): Identity | null {
  if (!writer.joinsExactly || standsAlone(writer) || changesKey(writer, before, after)) return null;
  return writer.keyIdentity?.of(before) ?? null;
}

/** Whether the image afterwards has another value, to the last bit, in some column of the key. */
export function changesKey({ key }: TableWriter, before: RowImage, after: RowImage): boolean {
  for (const { position } of key) if (changesColumn(before, after, position)) return true;
  return false;
}

/** In the table's order. */
export function unionOf(
  writer: TableWriter,
  one: readonly WrittenColumn[],
  other: readonly WrittenColumn[],
): readonly WrittenColumn[] {
  if (one === other || other.length === 0 || other.every((column) => one.includes(column))) return one;
  if (one.length === 0 || one.every((column) => other.includes(column))) return other;
  return writer.columns.filter((column) => one.includes(column) || other.includes(column));
}

function updateCharacters(writer: TableWriter, columns: readonly WrittenColumn[], { before, after }: Update): number {
  return columns.reduce((sum, { position }) => sum + literalCharacters(after[position]), keyCharacters(writer, before));
}

const keyCharacters = (writer: TableWriter, before: RowImage): number =>
  writer.key.reduce((sum, { position, quoted }) => sum + literalCharacters(before[position]) + quoted.length + 6, 4);

const hasLargeColumn = (columns: readonly WrittenColumn[], { after }: Update): boolean =>
  columns.some(({ position }) => literalCharacters(after[position]) >= LARGE_VALUE_CHARACTERS);

/** An estimate from above, as {@link imageCharacters}. */
function insertCharacters(insert: RowInsert, perByte: number): number {
  const { encoded } = insert;
  if (encoded === undefined) return imageCharacters(insert.after);
  return 4 + encoded.byteLength * perByte + encoded.columnCount * NUMBER_CHARACTERS;
}

/** Characters that a byte of a message may take as text, but for {@link NUMBER_CHARACTERS}. */
const charactersPerByte = ({ columns }: TableWriter): number =>
  columns.some(({ definition: { kind } }) => kind === 'binary' || kind === 'geometry') ? 2 : 1;

function hasLargeInsert(insert: RowInsert): boolean {
  const { encoded } = insert;
  return (encoded === undefined || encoded.byteLength >= LARGE_VALUE_CHARACTERS / 2) && hasLargeValue(insert.after);
}

const hasLargeValue = (image: RowImage): boolean =>
  image.some((value) => literalCharacters(value) >= LARGE_VALUE_CHARACTERS);
