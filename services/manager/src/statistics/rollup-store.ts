import type { EntityManager } from 'typeorm';
import { addFigures, must, NO_FIGURES } from '@lutra/model';
import type { Figures, StatisticState } from '@lutra/model';
import type { LogPlace } from '@lutra/messaging';
import { removeRows } from '../store/remove-rows.ts';
import { resourceMissing } from '../store/require-stored.ts';
import type { Store } from '../store/store.ts';
import { DEFAULT_SYSTEM_PARAMETERS } from '../system-parameters/system-parameter-catalogue.ts';
import { SYSTEM_ID } from '../system-parameters/system-parameters.ts';
import { keepProcesses } from './process-history.ts';
import type { PipelineBatch } from './rollup-fold.ts';
import { keptSteps, readKeptSteps } from './read-kept-steps.ts';
import { figureRows, INSTALLATION, tableRows } from './rollup-rows.ts';
import type { RollupRow } from './rollup-rows.ts';
import { oldestKept, ROLLUP, STEPS } from './rollup-steps.ts';
import type { KeptSteps, Step } from './rollup-steps.ts';
import { addTableCounts } from './table-counts.ts';
import type { TableCounts } from './table-counts.ts';

/** Where the fold goes on: states as they were when everything up to `place` was saved. */
export interface RollupStart {
  /** Null before the first save. */
  readonly place: LogPlace | null;
  readonly states: ReadonlyMap<string, StatisticState>;
}

/** Rows in one statement: a packet stays far below the server's limit. */
const STATEMENT_ROWS_MAX = 500;

/**
 * Roll-ups in the store. The place up to which the log is folded stands beside them and moves in the same transaction, so
 * that each stored event counts exactly once, whoever saves, however often, and wherever it is killed.
 */
export class RollupStore {
  constructor(private readonly store: Store) {}

  /** Where to go on. */
  start(): Promise<RollupStart> {
    return this.store.run((manager) =>
      manager.transaction('REPEATABLE READ', async (inside) => {
        const place = await readPlace(inside, '');
        const rows: readonly { pipeline_id: string; state: string }[] = await inside.query(
          'SELECT pipeline_id, state FROM statistic_state',
        );
        return {
          place,
          states: new Map(rows.map(({ pipeline_id: id, state }) => [id, JSON.parse(state) as StatisticState])),
        };
      }),
    );
  }

  /**
   * Adds batches to the stored slots and moves the place from `after` to `place`. Resolves with the pipelines of the batches
   * that no longer exist (nothing of them is kept), or with null when the place is not `after` any more: another manager
   * has saved meanwhile, and nothing was written.
   */
  save(
    batches: readonly PipelineBatch[],
    at: { readonly after: LogPlace | null; readonly place: LogPlace; readonly nowMs: number },
  ): Promise<readonly string[] | null> {
    return this.store.run((manager) =>
      manager.transaction(async (inside) => {
        const stored = await readPlace(inside, 'FOR UPDATE');
        if (stored?.log !== at.after?.log || stored?.sequence !== at.after?.sequence) return null;
        const channelOf = await readChannels(inside);
        const kept = batches.filter(({ pipelineId }) => channelOf.has(pipelineId));
        const figures = figureRows(kept, { channelOf, nowMs: at.nowMs });
        const tables = tableRows(kept, at.nowMs);
        for (const step of STEPS) {
          await addRows(inside, ROLLUP[step].table, figures.get(step) ?? [], (known: Figures | null, added) =>
            addFigures(known ?? NO_FIGURES, added),
          );
          const { tableCounts } = ROLLUP[step];
          if (tableCounts !== null)
            await addRows(inside, tableCounts, tables.get(step) ?? [], (known: TableCounts | null, added) =>
              addTableCounts(known ?? [], added),
            );
        }
        await keepProcesses(inside, kept);
        await saveStates(inside, kept);
        await inside.query(
          'INSERT INTO statistic_place (id, log, sequence) VALUES (1, ?, ?) ON DUPLICATE KEY UPDATE log = VALUES(log), sequence = VALUES(sequence)',
          [at.place.log, at.place.sequence],
        );
        return batches.flatMap(({ pipelineId }) => (channelOf.has(pipelineId) ? [] : [pipelineId]));
      }),
    );
  }

  /** Removes what is older than its step is kept. */
  async removeOld(nowMs: number): Promise<void> {
    const kept = await this.store.run(readKeptSteps);
    for (const step of STEPS)
      for (const table of [ROLLUP[step].table, ROLLUP[step].tableCounts])
        if (table !== null)
          await removeRows(this.store, table, { condition: 'slot < ?', values: [oldestKept(nowMs, step, kept)] });
    const oldestMs = oldestKept(nowMs, '1d', kept) * ROLLUP['1d'].ms;
    await removeRows(this.store, 'statistic_hole', { condition: 'to_ms < ?', values: [oldestMs] });
  }

  /** Removes what is left of pipelines that are gone, and returns them. Their part of the totals stays. */
  async removeForgotten(): Promise<readonly string[]> {
    const gone: readonly { pipeline_id: string }[] = await this.store.run((manager) =>
      manager.query(
        'SELECT s.pipeline_id FROM statistic_state s LEFT JOIN pipeline p ON p.id = s.pipeline_id WHERE p.id IS NULL',
      ),
    );
    const ids = gone.map(({ pipeline_id: id }) => id);
    for (const id of ids) {
      for (const step of STEPS)
        for (const table of [ROLLUP[step].table, ROLLUP[step].tableCounts])
          if (table !== null) await removeRows(this.store, table, { condition: 'scope = ?', values: [id] });
      // The state is the last to go: as long as it is there, the rest is looked for.
      for (const table of ['process_history', 'statistic_state'])
        await removeRows(this.store, table, { condition: 'pipeline_id = ?', values: [id] });
    }
    return ids;
  }

  /**
   * What figures are asked of (neither: the installation), how long they are kept, and the state of all slots: they are what they
   * were as long as it is the same. One look-up. Throws RESOURCE_NOT_FOUND.
   */
  async find({
    pipelineId,
    channelId,
  }: {
    readonly pipelineId?: string | undefined;
    readonly channelId?: string | undefined;
  }): Promise<{ readonly scope: string; readonly state: string; readonly kept: KeptSteps }> {
    const id = pipelineId ?? channelId;
    const resource = pipelineId === undefined ? 'channel' : 'pipeline';
    const isThere = id === undefined ? '1' : `EXISTS (SELECT 1 FROM ${resource} WHERE id = ?)`;
    const parameters = `(SELECT set_values FROM system_parameters WHERE id = '${SYSTEM_ID}')`;
    const [row]: readonly FoundRow[] = await this.store.run((manager) =>
      manager.query(
        `SELECT log, sequence, ${isThere} AS isThere, ${parameters} AS parameters FROM statistic_place WHERE id = 1`,
        id === undefined ? [] : [id],
      ),
    );
    const { log, sequence, isThere: found, parameters: set } = must(row, 'a migration puts the place there');
    if (Number(found) !== 1) throw resourceMissing(resource, id ?? '');
    const kept = keptSteps({ ...DEFAULT_SYSTEM_PARAMETERS, ...(JSON.parse(set) as object) });
    return { scope: id ?? INSTALLATION, state: `${log} ${String(sequence)}`, kept };
  }

  /** Notes that events of this time were never read. Again: it lasts at least so long. */
  async noteHole({ fromMs, toMs }: Hole): Promise<void> {
    await this.store.run((manager) =>
      manager.query(
        'INSERT INTO statistic_hole (from_ms, to_ms) VALUES (?, ?) ON DUPLICATE KEY UPDATE to_ms = GREATEST(to_ms, VALUES(to_ms))',
        [fromMs, toMs],
      ),
    );
  }

  /** Holes that reach into a time, oldest first. */
  async holes({ fromMs, toMs }: Hole): Promise<readonly Hole[]> {
    const rows: readonly { from_ms: string | number; to_ms: string | number }[] = await this.store.run((manager) =>
      manager.query('SELECT from_ms, to_ms FROM statistic_hole WHERE from_ms < ? AND to_ms >= ? ORDER BY from_ms', [
        ...[toMs, fromMs],
      ]),
    );
    return rows.map((row) => ({ fromMs: Number(row.from_ms), toMs: Number(row.to_ms) }));
  }

  /** Slots of a scope, oldest first, both ends included. */
  async figures(scope: string, step: Step, slots: SlotRange): Promise<readonly Slot<Figures>[]> {
    return this.readSlots<Figures>(ROLLUP[step].table, scope, slots);
  }

  async tables(pipelineId: string, step: Step, slots: SlotRange): Promise<readonly Slot<TableCounts>[]> {
    const { tableCounts } = ROLLUP[step];
    return tableCounts === null ? [] : this.readSlots<TableCounts>(tableCounts, pipelineId, slots);
  }

  /** What all pipelines did since a second. */
  async secondsSince(second: number): Promise<readonly (Slot<Figures> & { readonly scope: string })[]> {
    const rows: readonly { scope: string; slot: number; body: string }[] = await this.store.run((manager) =>
      manager.query(`SELECT scope, slot, body FROM ${ROLLUP['1s'].table} WHERE slot >= ? ORDER BY slot`, [second]),
    );
    return rows.map(({ scope, slot, body }) => ({ scope, slot, figures: JSON.parse(body) as Figures }));
  }

  private async readSlots<T>(table: string, scope: string, { first, last }: SlotRange): Promise<readonly Slot<T>[]> {
    const rows: readonly { slot: number; body: string }[] = await this.store.run((manager) =>
      manager.query(`SELECT slot, body FROM ${table} WHERE scope = ? AND slot BETWEEN ? AND ? ORDER BY slot`, [
        ...[scope, first, last],
      ]),
    );
    return rows.map(({ slot, body }) => ({ slot, figures: JSON.parse(body) as T }));
  }
}

interface FoundRow {
  readonly log: string;
  readonly sequence: string | number;
  readonly isThere: string | number;
  /** JSON. */
  readonly parameters: string;
}

/** A time, both in ms since 1970. */
export interface Hole {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

export interface Slot<T> {
  readonly slot: number;
  readonly figures: T;
}

async function readPlace(manager: EntityManager, lock: '' | 'FOR UPDATE'): Promise<LogPlace | null> {
  const rows: readonly { log: string; sequence: string | number }[] = await manager.query(
    `SELECT log, sequence FROM statistic_place WHERE id = 1 ${lock}`,
  );
  const [row] = rows;
  // The row is there from the beginning, so that there is something to lock.
  return row === undefined || row.log === '' ? null : { log: row.log, sequence: Number(row.sequence) };
}

async function readChannels(manager: EntityManager): Promise<ReadonlyMap<string, string>> {
  const rows: readonly { id: string; channel_id: string }[] = await manager.query(
    'SELECT id, channel_id FROM pipeline',
  );
  return new Map(rows.map(({ id, channel_id: channel }) => [id, channel]));
}

/** Writes whole slots: what stands there, with what is added. The lock on the place keeps others away. */
async function addRows<T>(
  manager: EntityManager,
  table: string,
  rows: readonly RollupRow<T>[],
  join: (known: T | null, added: T) => T,
): Promise<void> {
  const known = await readKnown(manager, table, rows);
  for (const part of chunks(rows)) {
    const values = part.map(({ scope, slot, added }) => {
      const body = known.get(`${scope} ${String(slot)}`);
      return [scope, slot, JSON.stringify(join(body === undefined ? null : (JSON.parse(body) as T), added))];
    });
    await manager.query(
      `INSERT INTO ${table} (scope, slot, body) VALUES ? ON DUPLICATE KEY UPDATE body = VALUES(body)`,
      [values],
    );
  }
}

/** Bodies of slots that stand already, one look-up of the key for each; by whichever of scope and slot there are fewer. */
async function readKnown(
  manager: EntityManager,
  table: string,
  rows: readonly RollupRow<unknown>[],
): Promise<ReadonlyMap<string, string>> {
  const byScope = groupBy(rows, ({ scope }) => scope);
  const bySlot = groupBy(rows, ({ slot }) => slot);
  const isByScope = byScope.size < bySlot.size;
  const [one, many] = isByScope ? (['scope', 'slot'] as const) : (['slot', 'scope'] as const);
  const found = new Map<string, string>();
  for (const [value, group] of isByScope ? byScope : bySlot)
    for (const part of chunks(group)) {
      const others = part.map(({ scope, slot }) => (isByScope ? slot : scope));
      const stored: readonly { scope: string; slot: number; body: string }[] = await manager.query(
        `SELECT scope, slot, body FROM ${table} WHERE ${one} = ? AND ${many} IN (?)`,
        [value, others],
      );
      for (const { scope, slot, body } of stored) found.set(`${scope} ${String(slot)}`, body);
    }
  return found;
}

function groupBy<T, K>(rows: readonly T[], keyOf: (row: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

async function saveStates(manager: EntityManager, batches: readonly PipelineBatch[]): Promise<void> {
  for (const part of chunks(batches))
    await manager.query(
      'INSERT INTO statistic_state (pipeline_id, state) VALUES ? ON DUPLICATE KEY UPDATE state = VALUES(state)',
      // The seconds stand in their own table.
      [part.map(({ pipelineId, state }) => [pipelineId, JSON.stringify({ ...state, seconds: [] })])],
    );
}

function* chunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += STATEMENT_ROWS_MAX) yield rows.slice(from, from + STATEMENT_ROWS_MAX);
}
