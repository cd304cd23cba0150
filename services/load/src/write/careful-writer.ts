import { refusalError, REPAIRS } from '@lutra/model';
import type { ConflictType, RowImage, SyncError } from '@lutra/model';
import {
  errorValueStatement,
  isComplete,
  keyRefusal,
  lockExisting,
  lockRows,
  plainInsertStatement,
  readHolder,
} from '@lutra/sql';
import type { TableWriter, TargetSession } from '@lutra/sql';
import { plannedAlone, planStatements, restate } from '../plan/plan-statements.ts';
import type { PlannedRow, PlannedStatement } from '../plan/planned-statement.ts';
import { bisect } from './bisect.ts';
import { sourceOf } from './conflict.ts';
import type { Conflict } from './conflict.ts';
import { ConflictNotes } from './conflict-notes.ts';
import { DeadLetterBox } from './dead-letter-box.ts';
import { asInsert, comparing, decideConflict } from './decide-conflict.ts';
import type { ComparingPolicy } from './decide-conflict.ts';
import { withoutErrorValues } from './without-error-values.ts';
import { isRefusal, isUniqueClash } from './is-refusal.ts';
import { groupMissing, namingSource, policyNeedsKey, rowMissing, undecided } from './refusal-errors.ts';
import { runsOfUniqueKeys } from './runs-of-unique-keys.ts';
import type { WriteHow } from './write-how.ts';

/**
 * Two rows wanted one unique value, and they were merged or moved. Where the target has some of the rows already (a place was
 * set back) such a clash may be none in the source's own order.
 */
export class OrderMatters extends Error {}

const ALL = { rowsMax: Number.MAX_SAFE_INTEGER, charactersMax: Number.MAX_SAFE_INTEGER };
/** Between the tries of a refused row; a unit waits no longer than a second, whatever the number of its rows. */
const WAIT_MS_MIN = 20;
const WAIT_MS_MAX = 1_000;

/** What was found where a row was to be written: null = there was none, or it was not looked at. */
interface Finding {
  readonly type: ConflictType;
  readonly found: RowImage | null;
}

/**
 * Writes the statements of a unit one by one, so that every row that is refused or missing is known by name: a refused
 * statement by halves, down to the row; rows of tables whose policy compares by what is read of them, locked. What becomes
 * of such rows is for the policies to say; all of it is recorded in the same transaction.
 */
export class CarefulWriter {
  private readonly box: DeadLetterBox;
  private readonly notes: ConflictNotes;
  /** What stands for a row of the unit after its comparison. */
  private readonly originals = new WeakMap<PlannedRow, PlannedRow>();
  /** Rows whose key was looked for and not found: inserted and nothing else. */
  private readonly absent = new WeakSet<PlannedRow>();
  private waitedMs = 0;

  /** `isInSourceOrder`: no other order of the rows is left to try. */
  constructor(
    private readonly session: TargetSession,
    private readonly how: WriteHow,
    private readonly isInSourceOrder: boolean,
  ) {
    this.box = new DeadLetterBox(session, how);
    this.notes = new ConflictNotes(session, how);
  }

  /**
   * Throws what cannot be settled by policy, or {@link OrderMatters} at the first unique clash of rows that are not in source
   * order; everything then has to be taken back.
   */
  async write(planned: readonly PlannedStatement[]): Promise<readonly Conflict[]> {
    for (const statement of planned) {
      const free: PlannedRow[] = [];
      for (const row of statement.rows) {
        if (this.box.takeIfHeld(row)) continue;
        const { refusal: ofMapping } = row.change;
        const refusal = ofMapping === undefined ? keyRefusal(row.writer, keyImage(row)) : refusalError(ofMapping);
        if (refusal === null) free.push(row);
        else await this.refuse(row, refusal);
      }
      await this.box.flush();
      const policy = comparing(this.how.policyOf(statement.writer));
      if (policy !== null && statement.writer.key.length === 0) throw policyNeedsKey(statement.writer, policy.kind);
      if (policy !== null) await this.compare(free, policy);
      else await this.overwrite(statement, free);
    }
    await this.notes.record();
    return [...this.notes.conflicts, ...this.box.conflicts];
  }

  private async overwrite(statement: PlannedStatement, rows: readonly PlannedRow[]): Promise<void> {
    const { writer, kind, toleratesMissing } = statement;
    if (kind === 'delete' && !toleratesMissing && writer.key.length > 0) {
      // Asked before they are gone.
      const there = await lockExisting(this.session, writer, rows.map(keyImage));
      for (const [index, row] of rows.entries()) if (there[index] !== true) this.noteMissingDelete(row);
    }
    // Of several groups nobody would know which was found.
    if (writer.counted !== null && kind === 'update')
      for (const row of rows) await this.writeRows(restate(statement, [row]), [row]);
    else await this.writeRows(statement, rows);
  }

  private noteMissingDelete(row: PlannedRow): void {
    this.notes.add({ row, type: 'target-row-missing', decision: 'ignored', found: null });
  }

  private async compare(rows: readonly PlannedRow[], policy: ComparingPolicy): Promise<void> {
    for (const run of runsOfUniqueKeys(rows)) {
      const [first] = run;
      if (first === undefined) continue;
      const found = await lockRows(this.session, first.writer, run.map(keyImage));
      const wanted: PlannedRow[] = [];
      for (const [index, row] of run.entries()) {
        const judged = await this.judge(row, found[index] ?? null, policy);
        if (judged !== null) wanted.push(judged);
      }
      for (const statement of planStatements(wanted, ALL)) await this.writeRows(statement, statement.rows);
    }
  }

  /** What is to be written for the row; null = nothing. */
  private async judge(row: PlannedRow, found: RowImage | null, policy: ComparingPolicy): Promise<PlannedRow | null> {
    const verdict = decideConflict(row, found, policy);
    if (verdict.kind === 'undecided') {
      const { type, why } = verdict;
      // Of an insert there is nothing left to write: the target has all that its image tells.
      if (why === 'partial' && this.how.isOrdered === true) return row.change.kind === 'insert' ? null : row;
      if (why === 'incomplete' && isRepeat(row)) {
        this.notes.add({ row, type, decision: 'ignored', found });
        return null;
      }
      const error = why === 'incomplete' ? rowMissing(row) : undecided(row, verdict);
      await this.giveUp(row, error, { type, found });
      return null;
    }
    if (verdict.kind === 'decided') this.notes.add({ row, type: verdict.type, decision: verdict.decision, found });
    const { change } = verdict;
    if (change === null) return null;
    if (change === row.change && change.kind !== 'insert') return row;
    const { writer } = row;
    const judged = plannedAlone({ writer, change, origin: sourceOf(row).origin });
    this.originals.set(judged, row);
    if (change.kind === 'insert') this.absent.add(judged);
    return judged;
  }

  /** In order; what is refused is found by halves. */
  private async writeRows(statement: PlannedStatement, rows: readonly PlannedRow[]): Promise<void> {
    await bisect(rows, {
      write: async (part) =>
        (await this.tryTogether(part.length === statement.rows.length ? statement : restate(statement, part))) === null,
      settle: (row) => this.settle(restate(statement, [row]), row),
    });
  }

  /** Null when written; otherwise the refusal, and the statement, not the transaction, is undone. */
  private async tryTogether({
    kind,
    writer,
    rows,
    statement,
    closing,
    toleratesMissing,
  }: PlannedStatement): Promise<SyncError | null> {
    const isPlain = rows.every((row) => this.absent.has(row));
    const images = rows.flatMap(({ change }) => (change.kind === 'insert' ? [change.after] : []));
    let found: number;
    try {
      const sent = isPlain ? plainInsertStatement(writer, images) : statement;
      [found = 0] = await this.session.execute([sent], aboutOf(writer));
    } catch (error) {
      if (isRefusal(error)) return error;
      throw error;
    }
    if (kind === 'update' && found < rows.length) {
      if (writer.counted !== null) return groupMissing(writer);
      await this.insertMissing(writer, rows);
    }
    if (closing !== null) await this.session.execute([closing], aboutOf(writer));
    // Rows without a key stand alone, and only their deletion tells whether they were there.
    if (kind === 'delete' && writer.key.length === 0 && found === 0 && !toleratesMissing)
      for (const row of rows) this.noteMissingDelete(row);
    return null;
  }

  /** A row that was refused: once more a few times, then by policy. */
  private async settle(alone: PlannedStatement, row: PlannedRow): Promise<void> {
    let refusal = await this.tryTogether(alone);
    if (refusal !== null) refusal = await this.tryErrorValues(row, refusal);
    const isFinal = this.isInSourceOrder || refusal === null || !isUniqueClash(refusal);
    for (let tries = 1; isFinal && refusal?.class === 'poison' && tries < this.how.poisonTries; tries += 1) {
      await this.wait(WAIT_MS_MIN * 2 ** (tries - 1));
      refusal = await this.tryTogether(alone);
    }
    if (refusal === null) return;
    const original = this.originals.get(row) ?? row;
    const policy = comparing(this.how.policyOf(row.writer));
    if (policy !== null && this.absent.has(row) && isUniqueClash(refusal) && (await this.isThere(row))) {
      // Somebody else has inserted the key since it was looked for; now it is locked.
      this.notes.withdraw(original);
      return this.compare([original], policy);
    }
    await this.refuse(original, await this.named(row, refusal));
  }

  /** A row with an ENUM's error value is written with a label in its place, which then gives way. Gives what still refuses the row. */
  private async tryErrorValues(row: PlannedRow, refusal: SyncError): Promise<SyncError | null> {
    const split = withoutErrorValues(row);
    if (refusal.code !== 'TARGET_VALUE_REFUSED' || split === null) return refusal;
    this.originals.set(split.row, this.originals.get(row) ?? row);
    if (this.absent.has(row)) this.absent.add(split.row);
    for (const statement of planStatements([split.row], ALL)) {
      const other = await this.tryTogether(statement);
      if (other !== null) return other;
    }
    const { writer } = row;
    const { columns, image } = split;
    const { kind } = this.session.info;
    await this.session.execute([errorValueStatement(writer, { image, columns, kind })], aboutOf(writer));
    return null;
  }

  private async isThere(row: PlannedRow): Promise<boolean> {
    const [isThere] = await lockExisting(this.session, row.writer, [keyImage(row)]);
    return isThere === true;
  }

  /** The policy is to overwrite: a row that should have been there is put there, if the source told all of it. */
  private async insertMissing(writer: TableWriter, rows: readonly PlannedRow[]): Promise<void> {
    const there = writer.key.length === 0 ? [] : await lockExisting(this.session, writer, rows.map(keyImage));
    for (const [index, row] of rows.entries()) {
      const { change } = row;
      if (there[index] === true || change.kind !== 'update') continue;
      const finding: Finding = { type: 'target-row-missing', found: null };
      const original = this.originals.get(row) ?? row;
      if (!isComplete(writer, change.after)) {
        if (isRepeat(original)) this.notes.add({ row: original, ...finding, decision: 'ignored' });
        else await this.giveUp(original, rowMissing(row), finding);
        continue;
      }
      this.notes.add({ row: original, ...finding, decision: 'inserted' });
      const insert = plannedAlone({ writer, change: asInsert(change), origin: sourceOf(row).origin });
      this.originals.set(insert, original);
      for (const statement of planStatements([insert], ALL)) await this.settle(statement, insert);
    }
  }

  /** The target refuses the row, tried often enough. */
  private async refuse(row: PlannedRow, error: SyncError): Promise<void> {
    this.notes.withdraw(row);
    if (!isUniqueClash(error)) {
      await this.setAside(row, error);
      return;
    }
    if (!this.isInSourceOrder) throw new OrderMatters();
    const finding: Finding = { type: 'unique-clash', found: await this.holderOf(row, error) };
    const { kind } = this.how.policyOf(row.writer);
    if (kind === 'ignore') this.notes.add({ row, ...finding, decision: 'ignored' });
    else if (kind === 'targetWins') this.notes.add({ row, ...finding, decision: 'kept' });
    else await this.giveUp(row, error, finding);
  }

  /** The row that has the unique value, by the index that the refusal names. The refused statement has waited for whoever was writing it. */
  private async holderOf({ writer, change }: PlannedRow, { details }: SyncError): Promise<RowImage | null> {
    const { index } = details;
    if (typeof index !== 'string' || change.kind === 'delete') return null;
    const { after } = change;
    // What an update does not tell has stayed as it was.
    const image =
      change.kind === 'insert'
        ? after
        : after.map((value, column) => (value === undefined ? change.before[column] : value));
    return readHolder(this.session, writer, { index, image });
  }

  /** A conflict that no policy decides. */
  private async giveUp(row: PlannedRow, error: SyncError, finding: Finding): Promise<void> {
    await this.setAside(row, error);
    this.notes.add({ row, ...finding, decision: 'deadLettered' });
  }

  /** The row becomes a dead letter where that is the policy; otherwise its error is thrown. */
  private async setAside(row: PlannedRow, error: SyncError): Promise<void> {
    const { onPoison, policyOf, isRetry } = this.how;
    const isForPerson = onPoison === 'deadLetter' || (policyOf(row.writer).kind === 'manual' && isConflict(error));
    if (error.class !== 'poison' || isRetry === true) throw error;
    if (!isForPerson) throw namingSource(error, row);
    await this.box.add(row, error);
  }

  /** The guard of an upsert does not say which index clashed; a plain insert, which cannot succeed either, does. */
  private async named({ writer, change }: PlannedRow, error: SyncError): Promise<SyncError> {
    const isNameless = error.code === 'TARGET_ROW_REFUSED' && [1048, 1242].includes(Number(error.details['errno']));
    if (!isNameless || change.kind === 'delete' || !isComplete(writer, change.after)) return error;
    try {
      await this.session.execute([plainInsertStatement(writer, [change.after])], aboutOf(writer));
      return error;
    } catch (other) {
      if (!isRefusal(other)) throw other;
      return other.code === 'TARGET_ROW_REFUSED' ? other : error;
    }
  }

  private async wait(ms: number): Promise<void> {
    const waitMs = Math.min(ms, WAIT_MS_MAX - this.waitedMs);
    if (waitMs <= 0) return;
    this.waitedMs += waitMs;
    await this.how.clock.sleep(waitMs);
  }
}

/**
 * A row that a change behind it has deleted, in a lane that was further on, is no loss: its delete comes again as well. Nor is
 * one that is to be marked as deleted and is not there.
 */
const isRepeat = ({ sources }: PlannedRow): boolean =>
  sources.every(({ origin, change }) => origin.isRepeat === true || (change.flags & REPAIRS) !== 0);

/** The image that holds the key under which the row stands at the target before the change. */
const keyImage = ({ change }: PlannedRow): RowImage => (change.kind === 'insert' ? change.after : change.before);
const aboutOf = ({ definition, keyColumns }: TableWriter) => ({ table: definition, keyColumns });

const isConflict = (error: SyncError): boolean =>
  error.code === 'TARGET_CONFLICT_UNDECIDED' || error.code === 'TARGET_ROW_MISSING' || isUniqueClash(error);
