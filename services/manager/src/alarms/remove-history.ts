import type { Store } from '../store/store.ts';
import { readSystemParameters } from '../system-parameters/system-parameters.ts';

const DAY_MS = 86_400_000;
/** However often alarms come and go: the newest ones stay. */
const ALARMS_MAX = 100_000;
const ROWS_PER_STATEMENT = 1_000;
const STATEMENTS_MAX = 100;
/** Of one alarm that is repeated for months: who was told first, and the newest, say enough. */
const TELLINGS_PER_ALARM_MAX = 200;

/** Removes alarms that ended longer ago than they are kept (`alarmDays`) or are more than the history holds, and deliveries without an alarm. */
export async function removeHistory(store: Store, now: Date): Promise<void> {
  const { alarmDays } = await store.run(readSystemParameters);
  const before = new Date(now.getTime() - alarmDays * DAY_MS);
  await inPortions(store, `DELETE FROM alarm WHERE resolved_at < ? LIMIT ${String(ROWS_PER_STATEMENT)}`, [before]);
  const oldest = await store.run((manager) =>
    manager.query<{ id: string }[]>(
      `SELECT id FROM alarm WHERE open_key IS NULL ORDER BY id DESC LIMIT 1 OFFSET ${String(ALARMS_MAX)}`,
    ),
  );
  const [first] = oldest;
  if (first !== undefined)
    await inPortions(
      store,
      `DELETE FROM alarm WHERE open_key IS NULL AND id <= ? LIMIT ${String(ROWS_PER_STATEMENT)}`,
      [first.id],
    );
  // What still waits is told although its alarm is history; what was told goes with it.
  await inPortions(
    store,
    `DELETE FROM alarm_delivery WHERE state <> 'waiting' AND NOT EXISTS (SELECT 1 FROM alarm WHERE alarm.id = alarm_id)
      LIMIT ${String(ROWS_PER_STATEMENT)}`,
    [],
  );
  await inPortions(
    store,
    `DELETE FROM alarm_place WHERE NOT EXISTS (SELECT 1 FROM pipeline WHERE pipeline.id = pipeline_id)
      LIMIT ${String(ROWS_PER_STATEMENT)}`,
    [],
  );
  await inPortions(
    store,
    `DELETE FROM alarm_delivery WHERE state <> 'waiting' AND sequence > 1
      AND sequence + ${String(TELLINGS_PER_ALARM_MAX)} < (SELECT tellings FROM alarm WHERE alarm.id = alarm_id)
      LIMIT ${String(ROWS_PER_STATEMENT)}`,
    [],
  );
}

/** Short statements: nobody waits for a lock because old rows go. */
async function inPortions(store: Store, statement: string, values: readonly unknown[]): Promise<void> {
  for (let count = 0; count < STATEMENTS_MAX; count += 1) {
    const answer: unknown = await store.run((manager) => manager.query(statement, [...values]));
    if (affectedRowsOf(answer) < ROWS_PER_STATEMENT) return;
  }
}

const affectedRowsOf = (answer: unknown): number =>
  typeof answer === 'object' && answer !== null && 'affectedRows' in answer ? Number(answer.affectedRows) : 0;
