import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One source transaction, or one row of it, that a pipeline leaves out for ever: a person has seen what it is. */
@Entity({ name: 'skip' })
export class SkipEntity {
  @PrimaryColumn({ type: 'char', length: 26 })
  id!: string;

  @Column({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @Column({ type: 'varchar', length: 128 })
  gtid!: string;

  /** Both null = the whole transaction. */
  @Column({ type: 'int', unsigned: true, nullable: true })
  event!: number | null;

  @Column({ name: 'row_in_event', type: 'int', unsigned: true, nullable: true })
  row!: number | null;

  /** Of the content that was shown. */
  @Column({ type: 'char', length: 64 })
  hash!: string;

  @Column({ type: 'varchar', length: 500 })
  reason!: string;

  @Column({ type: 'varchar', length: 100 })
  author!: string;

  @Column({ type: 'datetime', precision: 3 })
  at!: Date;
}
