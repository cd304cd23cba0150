import type { TargetSession } from '@lutra/sql';
import type { PlannedStatement } from '../plan/planned-statement.ts';
import type { UnitStart } from '../unit-start.ts';
import { CarefulWriter, OrderMatters } from './careful-writer.ts';
import type { Conflict } from './conflict.ts';
import { DeadLetterBox } from './dead-letter-box.ts';
import { holdBack } from './hold-back.ts';
import { inSourceOrder } from './in-source-order.ts';
import { isRefusal } from './is-refusal.ts';
import type { WriteHow } from './write-how.ts';

/**
 * Writes one unit, or one slice of it, behind its start, and leaves the COMMIT to the caller. The fast way sends everything
 * in few packets. When the target refuses a row, when a row is not there that should be, or when a table's policy asks to
 * compare, all is taken back to the start and written again statement by statement ({@link CarefulWriter}); when two rows
 * then want one unique value although rows were merged or moved, once more, every row of the source by itself and in order.
 *
 * Rows that touch what an unsettled dead letter touches are not written but follow it. Every row is written, or becomes a
 * dead letter, or is told of as a conflict with its decision; otherwise this throws: what the start throws (TARGET_FENCED
 * when the checkpoint belongs to another loader), or the refusal of a row where the policy is to pause. Any throw leaves it
 * to the caller to take back what was written. What is returned is true once the transaction is committed, and the
 * quarantine hears of it only then.
 */
export async function writeUnit(
  session: TargetSession,
  start: UnitStart,
  planned: readonly PlannedStatement[],
  how: WriteHow,
): Promise<readonly Conflict[]> {
  if (planned.every(({ writer }) => how.policyOf(writer).kind === 'overwrite')) {
    try {
      const conflicts = await writeFast(session, start, { planned, how });
      if (conflicts !== null) return conflicts;
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    await start.undo();
  }
  const ordered = inSourceOrder(planned);
  try {
    return await writeCarefully(session, start, new CarefulWriter(session, how, ordered === null), planned);
  } catch (error) {
    if (!(error instanceof OrderMatters) || ordered === null) throw error;
  }
  await start.undo();
  return writeCarefully(session, start, new CarefulWriter(session, how, true), ordered);
}

async function writeCarefully(
  session: TargetSession,
  start: UnitStart,
  ...[writer, planned]: readonly [CarefulWriter, readonly PlannedStatement[]]
): Promise<readonly Conflict[]> {
  const [begun] = await session.execute([start.statement]);
  await start.check(begun ?? 0);
  return writer.write(planned);
}

/** Null when rows were missing, or one refused by its mapping stops the pipeline: they have to be known one by one. */
async function writeFast(
  session: TargetSession,
  start: UnitStart,
  { planned, how }: { readonly planned: readonly PlannedStatement[]; readonly how: WriteHow },
): Promise<readonly Conflict[] | null> {
  const box = new DeadLetterBox(session, how);
  const isRefused = planned.some(({ rows }) => rows[0]?.change.refusal !== undefined);
  if (isRefused && how.onPoison !== 'deadLetter') return null;
  const free = how.quarantine.isEmpty && !isRefused ? planned : holdBack(planned, box);
  // What has been written is then confirmed: it costs no round trip of its own.
  const tables = [...new Set(planned.map(({ writer }) => writer.target))];
  const statements = [start.statement];
  for (const { statement, closing } of free) {
    statements.push(statement);
    if (closing !== null) statements.push(closing);
  }
  const [begun, ...all] = await session.execute(statements, undefined, tables);
  await start.check(begun ?? 0);
  let at = 0;
  for (const statement of free) {
    if (missingRows(statement, all[at] ?? 0) > 0) return null;
    at += statement.closing === null ? 1 : 2;
  }
  await box.flush();
  return box.conflicts;
}

/** An upsert counts 1 or 2 per row and always finds what it looks for. */
function missingRows({ kind, rows, toleratesMissing }: PlannedStatement, found: number): number {
  return kind === 'insert' || toleratesMissing ? 0 : Math.max(0, rows.length - found);
}
