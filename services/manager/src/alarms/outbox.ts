import type { SyncError } from '@lutra/model';
import type { Notification } from '../receivers/notification.ts';
import type { Store } from '../store/store.ts';
import type { AlarmCommand, AlarmNotice } from './alarm.entity.ts';

/** One receiver is told so many things between two looks: a full outbox of one costs the others nothing. */
const DUE_MAX = 50;
const RETRY_S_MIN = 2;
const RETRY_S_MAX = 300;
/** Longer than a try takes: nobody else takes the delivery up meanwhile, and somebody does when this manager dies. */
const CLAIM_S = 20;
/** What is a day old is no news: a receiver that was away or switched off for longer is told of it no more. */
const AGE_S_MAX = 86_400;
const FAILURE_CHARS_MAX = 1_000;
const DROPPED_PER_STATEMENT = 1_000;

export interface Delivery {
  readonly id: string;
  readonly alarmId: string;
  readonly attempts: number;
  readonly body: Notification | AlarmCommand | AlarmNotice;
}

interface DueRow {
  readonly id: string;
  readonly alarm_id: string;
  readonly attempts: number;
  readonly body: string;
}

const NOW = 'UTC_TIMESTAMP(3)';
const IS_DUE = `delivery.state = 'waiting' AND delivery.next_attempt_at <= ${NOW}
  AND delivery.created_at >= ${NOW} - INTERVAL ${String(AGE_S_MAX)} SECOND`;

/** What waits to be told, each receiver for itself. All times are the database's: the clocks of managers differ. */
export class Outbox {
  constructor(private readonly store: Store) {}

  /**
   * Who has something due ('' = the arbiter, 'event-log' = the event log). Left out: receivers that are switched off, and those that nobody answers at,
   * until their pause is over, which grows with each vain try to 300 s and ends when somebody changes the receiver.
   */
  async receivers(): Promise<readonly string[]> {
    const rows = await this.store.run((manager) =>
      manager.query<readonly { readonly id: string }[]>(
        `SELECT DISTINCT delivery.receiver_id AS id FROM alarm_delivery delivery
          LEFT JOIN receiver ON receiver.id = delivery.receiver_id
          LEFT JOIN receiver_state ON receiver_state.receiver_id = delivery.receiver_id
          WHERE ${IS_DUE} AND COALESCE(receiver.is_enabled, 1) = 1
          AND NOT COALESCE(receiver_state.failures_in_row > 0 AND receiver_state.failure_code = 'RECEIVER_UNREACHABLE'
            AND receiver_state.last_failed_at >= receiver.updated_at AND receiver_state.last_failed_at
              > ${NOW} - INTERVAL LEAST(${String(RETRY_S_MAX)}, POW(2, LEAST(receiver_state.failures_in_row, 20))) SECOND, FALSE)`,
      ),
    );
    return rows.map(({ id }) => id);
  }

  /** What is due for one receiver, the first of each alarm only: the others wait for it. A row that cannot be read is dropped. */
  async due(receiverId: string): Promise<readonly Delivery[]> {
    const rows = await this.store.run((manager) =>
      manager.query<readonly DueRow[]>(
        `SELECT delivery.id, delivery.alarm_id, delivery.attempts, delivery.body FROM alarm_delivery delivery
          WHERE ${IS_DUE} AND delivery.receiver_id = ?
          AND NOT EXISTS (SELECT 1 FROM alarm_delivery earlier WHERE earlier.state = 'waiting'
            AND earlier.alarm_id = delivery.alarm_id AND earlier.receiver_id = delivery.receiver_id
            AND earlier.sequence < delivery.sequence)
          ORDER BY delivery.next_attempt_at, delivery.id LIMIT ${String(DUE_MAX)}`,
        [receiverId],
      ),
    );
    const deliveries: Delivery[] = [];
    for (const { id, alarm_id: alarmId, attempts, body } of rows)
      try {
        deliveries.push({ id, alarmId, attempts, body: JSON.parse(body) as Delivery['body'] });
      } catch (error) {
        await this.drop(id, `The row cannot be read: ${String(error)}`);
      }
    return deliveries;
  }

  /** Takes a delivery for the time of one try; false when another manager has it. */
  async claim({ id, attempts }: Delivery): Promise<boolean> {
    const answer = await this.store.run((manager) =>
      manager.query<{ readonly affectedRows: number }>(
        `UPDATE alarm_delivery SET attempts = attempts + 1, next_attempt_at = ${NOW} + INTERVAL ${String(CLAIM_S)} SECOND
          WHERE id = ? AND attempts = ? AND state = 'waiting'`,
        [id, attempts],
      ),
    );
    return answer.affectedRows === 1;
  }

  /** Notes how a try went: told, in vain for ever, or due again after a pause of 2 s that doubles up to 300 s. */
  async settle({ id, attempts }: Delivery, failure: SyncError | null): Promise<void> {
    if (failure === null) {
      await this.run(`UPDATE alarm_delivery SET state = 'sent', sent_at = ${NOW}, failure = '' WHERE id = ?`, [id]);
      return;
    }
    if (failure.code === 'RESOURCE_NOT_FOUND' || failure.code === 'RESOURCE_CONFLICT') {
      await this.drop(id, failure.message);
      return;
    }
    const pauseS = Math.min(RETRY_S_MIN * 2 ** attempts, RETRY_S_MAX);
    const sql = `UPDATE alarm_delivery SET next_attempt_at = ${NOW} + INTERVAL ? SECOND, failure = ? WHERE id = ?`;
    await this.run(sql, [pauseS, cut(failure.message), id]);
  }

  /** Gives up what has waited for a day, also for receivers that are switched off: they are not flooded later. */
  async dropOld(): Promise<void> {
    const reason = 'It waited for longer than a day';
    await this.run(
      `UPDATE alarm_delivery SET state = 'dropped', failure = IF(failure = '', ?, failure)
        WHERE state = 'waiting' AND created_at < ${NOW} - INTERVAL ${String(AGE_S_MAX)} SECOND
        LIMIT ${String(DROPPED_PER_STATEMENT)}`,
      [reason],
    );
  }

  private drop(id: string, reason: string): Promise<void> {
    return this.run(`UPDATE alarm_delivery SET state = 'dropped', failure = ? WHERE id = ?`, [cut(reason), id]);
  }

  private async run(sql: string, values: unknown[]): Promise<void> {
    await this.store.run((manager) => manager.query(sql, values));
  }
}

const cut = (text: string): string => text.slice(0, FAILURE_CHARS_MAX);
