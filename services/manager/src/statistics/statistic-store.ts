import { In, LessThan } from 'typeorm';
import { delayPercentile } from '@lutra/model';
import type { StatisticState } from '@lutra/model';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Store } from '../store/store.ts';
import { StatisticMinuteEntity } from './statistic-minute.entity.ts';
import { StatisticStateEntity } from './statistic-state.entity.ts';

/** Statistics in the store: the state to go on from, and one row per pipeline and minute for people. */
export class StatisticStore {
  constructor(private readonly store: Store) {}

  async states(): Promise<ReadonlyMap<string, StatisticState>> {
    const rows = await this.store.read(StatisticStateEntity, (states) => states.find());
    return new Map(rows.map(({ pipelineId, state }) => [pipelineId, state]));
  }

  async existing(pipelineIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (pipelineIds.length === 0) return new Set();
    const rows = await this.store.read(PipelineEntity, (pipelines) =>
      pipelines.find({ where: { id: In([...pipelineIds]) }, select: { id: true } }),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Saves state and minutes in one transaction, as whole values: saving twice, or by two managers, changes nothing. */
  async save(pipelineId: string, state: StatisticState): Promise<void> {
    await this.store.run((manager) =>
      manager.transaction(async (inside) => {
        await inside.upsert(StatisticStateEntity, { pipelineId, state }, ['pipelineId']);
        const minutes = state.minutes.map(({ slot, counts, delays }) => ({
          pipelineId,
          minute: slot,
          ...counts,
          delayMsP50: delayPercentile(delays, 0.5),
          delayMsP99: delayPercentile(delays, 0.99),
        }));
        if (minutes.length > 0) await inside.upsert(StatisticMinuteEntity, minutes, ['pipelineId', 'minute']);
      }),
    );
  }

  async removeBefore(minute: number): Promise<void> {
    await this.store.read(StatisticMinuteEntity, (rows) => rows.delete({ minute: LessThan(minute) }));
  }

  async forget(pipelineId: string): Promise<void> {
    await this.store.read(StatisticStateEntity, (rows) => rows.delete({ pipelineId }));
    await this.store.read(StatisticMinuteEntity, (rows) => rows.delete({ pipelineId }));
  }
}
