import type { EntityManager } from 'typeorm';
import type { LoadedEvent } from '@lutra/model';
import { removeRows } from '../store/remove-rows.ts';
import type { Store } from '../store/store.ts';
import { readSystemParameters } from '../system-parameters/system-parameters.ts';
import type { PipelineBatch } from './rollup-fold.ts';

const HOUR_MS = 3_600_000;
/** So many loaded processes of each pipeline are remembered. */
export const HISTORY_PROCESSES_MAX = 10_000;

const STATEMENT_ROWS_MAX = 500;

/** A process as it is remembered: its event without the place, which may be long. */
export type LoadedProcess = Omit<LoadedEvent, 'end'>;

export interface HistoryFilter {
  readonly pipelineId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly order: 'newest' | 'slowest';
  readonly offset: number;
  readonly limit: number;
}

/** Stores the processes of batches. One that is there already stays as it is. */
export async function keepProcesses(manager: EntityManager, batches: readonly PipelineBatch[]): Promise<void> {
  const rows = batches.flatMap(({ pipelineId, loaded }) =>
    // Of more than are kept the newest are enough.
    loaded
      .slice(-HISTORY_PROCESSES_MAX)
      .map((event) => [
        ...[pipelineId, event.epoch, event.process, Date.parse(event.at), ageMsOf(event)],
        JSON.stringify({ ...event, end: undefined }),
      ]),
  );
  for (let from = 0; from < rows.length; from += STATEMENT_ROWS_MAX)
    await manager.query(
      'INSERT IGNORE INTO process_history (pipeline_id, epoch, process, loaded_ms, age_ms, body) VALUES ?',
      [rows.slice(from, from + STATEMENT_ROWS_MAX)],
    );
}

/** From the beginning of the first stage to the end of the last, ms. */
export function ageMsOf({ stages }: Pick<LoadedEvent, 'stages'>): number {
  if (stages.length === 0) return 0;
  const endMs = Math.max(...stages.map((stage) => stage.endMs));
  return Math.max(0, Math.round(endMs - Math.min(...stages.map((stage) => stage.startMs))));
}

/** Loaded processes in the store. */
export class ProcessHistory {
  constructor(private readonly store: Store) {}

  async list(filter: HistoryFilter): Promise<{ readonly items: readonly LoadedProcess[]; readonly total: number }> {
    const { pipelineId, fromMs, toMs, order, offset, limit } = filter;
    const where = 'pipeline_id = ? AND loaded_ms BETWEEN ? AND ?';
    const column = order === 'newest' ? 'loaded_ms' : 'age_ms';
    return this.store.run(async (manager) => {
      const rows: readonly { body: string }[] = await manager.query(
        `SELECT body FROM process_history WHERE ${where} ORDER BY ${column} DESC, epoch DESC, process DESC LIMIT ? OFFSET ?`,
        [...[pipelineId, fromMs, toMs], limit, offset],
      );
      const [counted]: readonly { total: string | number }[] = await manager.query(
        `SELECT COUNT(*) AS total FROM process_history WHERE ${where}`,
        [pipelineId, fromMs, toMs],
      );
      return { items: rows.map(({ body }) => JSON.parse(body) as LoadedProcess), total: Number(counted?.total ?? 0) };
    });
  }

  /** Removes what is too old, and of each of these pipelines what is too much; in small pieces. */
  async removeOld(nowMs: number, pipelineIds: Iterable<string>): Promise<void> {
    const { processHours } = await this.store.run(readSystemParameters);
    const oldestMs = nowMs - processHours * HOUR_MS;
    await removeRows(this.store, 'process_history', { condition: 'loaded_ms < ?', values: [oldestMs] });
    for (const id of pipelineIds) {
      const [oldest]: readonly { loaded_ms: string | number }[] = await this.store.run((manager) =>
        manager.query(
          `SELECT loaded_ms FROM process_history WHERE pipeline_id = ? ORDER BY loaded_ms DESC LIMIT 1 OFFSET ${String(HISTORY_PROCESSES_MAX)}`,
          [id],
        ),
      );
      if (oldest !== undefined) {
        const values = [id, oldest.loaded_ms];
        await removeRows(this.store, 'process_history', { condition: 'pipeline_id = ? AND loaded_ms <= ?', values });
      }
    }
  }
}
