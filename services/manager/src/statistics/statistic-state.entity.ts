import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { StatisticState } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';

/** The fold of one pipeline's events as it stood when it was saved: a restart goes on from here. */
@Entity({ name: 'statistic_state' })
export class StatisticStateEntity {
  @PrimaryColumn({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @Column({ type: 'longtext', transformer: jsonColumn })
  state!: StatisticState;
}
