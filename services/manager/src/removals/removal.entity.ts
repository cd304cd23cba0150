import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { DataSourceDefinition } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';

/** A pipeline that was removed, until nothing of it is left anywhere; after that for a while, for people. */
@Entity({ name: 'removal' })
export class RemovalEntity {
  @PrimaryColumn({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @Column({ type: 'varchar', length: 100 })
  name!: string;

  /** Null = removed by a version that did not note it. */
  @Column({ name: 'channel_id', type: 'char', length: 26, nullable: true })
  channelId!: string | null;

  /** Where rows of it may be, as it was then; its password is sealed. Null = nothing is there (any more). */
  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  target!: DataSourceDefinition | null;

  @Column({ name: 'target_id', type: 'char', length: 26 })
  targetId!: string;

  @Column({ name: 'asked_at', type: 'datetime', precision: 3 })
  askedAt!: Date;

  @Column({ name: 'asked_by', type: 'varchar', length: 100 })
  askedBy!: string;

  /** In vain, at the target. */
  @Column({ type: 'int', unsigned: true })
  attempts!: number;

  @Column({ name: 'next_attempt_at', type: 'datetime', precision: 3 })
  nextAttemptAt!: Date;

  /** Why the last attempt was in vain. */
  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  problem!: { readonly code: string; readonly detail: string; readonly workaround: string } | null;

  @Column({ name: 'done_at', type: 'datetime', precision: 3, nullable: true })
  doneAt!: Date | null;
}
