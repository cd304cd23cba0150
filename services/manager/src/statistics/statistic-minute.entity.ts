import { Column, Entity, PrimaryColumn } from 'typeorm';
import { countColumn } from '../store/json-column.ts';

const COUNT = { type: 'bigint', unsigned: true, transformer: countColumn } as const;

/** What one pipeline did in one minute. Written as whole values, never added to: writing it twice changes nothing. */
@Entity({ name: 'statistic_minute' })
export class StatisticMinuteEntity {
  @PrimaryColumn({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  /** Minutes since 1970. */
  @PrimaryColumn({ type: 'int', unsigned: true })
  minute!: number;

  @Column(COUNT)
  inserted!: number;

  @Column(COUNT)
  updated!: number;

  @Column(COUNT)
  deleted!: number;

  @Column(COUNT)
  skipped!: number;

  @Column(COUNT)
  conflicts!: number;

  @Column(COUNT)
  transactions!: number;

  @Column(COUNT)
  processes!: number;

  @Column({ name: 'source_bytes', ...COUNT })
  sourceBytes!: number;

  @Column(COUNT)
  failures!: number;

  @Column(COUNT)
  warnings!: number;

  @Column({ name: 'dead_letters', ...COUNT })
  deadLetters!: number;

  @Column({ name: 'dead_letters_retried', ...COUNT })
  deadLettersRetried!: number;

  @Column({ name: 'dead_letters_discarded', ...COUNT })
  deadLettersDiscarded!: number;

  @Column({ name: 'dead_letter_retries_failed', ...COUNT })
  deadLetterRetriesFailed!: number;

  @Column({ name: 'dry_run_rows', ...COUNT })
  dryRunRows!: number;

  @Column({ name: 'values_left_out', ...COUNT })
  valuesLeftOut!: number;

  @Column({ name: 'statements_skipped', ...COUNT })
  statementsSkipped!: number;

  @Column({ name: 'delay_ms_p50', type: 'double', nullable: true })
  delayMsP50!: number | null;

  @Column({ name: 'delay_ms_p99', type: 'double', nullable: true })
  delayMsP99!: number | null;
}
