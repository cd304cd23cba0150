import { Column, Entity, PrimaryColumn } from 'typeorm';
import { jsonColumn } from '../store/json-column.ts';
import type { Judgement } from './judge-facts.ts';

/** What the last look at a pipeline's servers and tables has found. It goes with the pipeline. */
@Entity({ name: 'pre_check' })
export class PreCheckEntity {
  @PrimaryColumn({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @Column({ name: 'checked_at', type: 'datetime', precision: 3 })
  checkedAt!: Date;

  /** The pipeline's, at that time. */
  @Column({ type: 'int', unsigned: true })
  revision!: number;

  @Column({ type: 'longtext', transformer: jsonColumn })
  judgement!: Judgement;
}
