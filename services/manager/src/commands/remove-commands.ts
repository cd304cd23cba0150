import type { Store } from '../store/store.ts';

/** So long `GET commands` shows a command; the audit log has it for ever. */
export const KEEP_COMMANDS_DAYS = 400;
const DAY_MS = 24 * 3_600_000;
/** Short statements: nobody waits for a lock because old rows go. */
const ROWS_MAX = 1_000;

/**
 * Removes old commands but for what says whether a pipeline shall run: the newest of each pipeline that halts it, or that starts
 * it and had an effect, and what came after ({@link PermitRestorer} looks for it). The newest START stays too: a pipeline that was
 * ever started may have rows at its target.
 */
export async function removeOldCommands(store: Store, now: Date): Promise<void> {
  const before = new Date(now.getTime() - KEEP_COMMANDS_DAYS * DAY_MS);
  for (;;) {
    const rows: readonly { readonly id: string }[] = await store.run((manager) =>
      manager.query(
        `SELECT c.id FROM command c WHERE c.issued_at < ? AND (
           NOT EXISTS (SELECT 1 FROM pipeline p WHERE p.id = c.pipeline_id)
           OR EXISTS (SELECT 1 FROM command n WHERE n.pipeline_id = c.pipeline_id AND n.issued_at > c.issued_at
             AND (n.kind IN ('ROLLBACK', 'PAUSE', 'STOP') OR (n.kind IN ('START', 'RESTART') AND n.is_sent = 1
               AND n.outcome IN ('applied', 'repeated') AND n.body LIKE '%"aboutEpoch":null%')))
             AND (c.kind NOT IN ('START', 'RESTART') OR EXISTS (SELECT 1 FROM command s WHERE s.pipeline_id = c.pipeline_id
               AND s.kind IN ('START', 'RESTART') AND s.is_sent = 1 AND s.issued_at > c.issued_at)))
         LIMIT ${String(ROWS_MAX)}`,
        [before],
      ),
    );
    if (rows.length > 0)
      await store.run((manager) => manager.query('DELETE FROM command WHERE id IN (?)', [rows.map(({ id }) => id)]));
    if (rows.length < ROWS_MAX) return;
  }
}
