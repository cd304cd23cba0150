import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { DonePlace } from '@lutra/model';
import { countColumn, jsonColumn } from '../store/json-column.ts';
import type { ResyncRejected, ResyncWanted } from './resync-wanted.ts';

/**
 * running: keys are found and their rows copied. applying: all are copied, and load has not passed the last of them. The others
 * are ends.
 */
export const RESYNC_STATES = ['running', 'applying', 'done', 'stopped', 'failed'] as const;
export type ResyncState = (typeof RESYNC_STATES)[number];

/** queued: a portion of what was written into retl_buffer, which waits for the job of its pipeline. */
export type StoredState = ResyncState | 'queued';

/** Rows of a table that are sent once more. Everything that is needed to go on stands here: a manager may be killed at any time. */
@Entity({ name: 'resync' })
export class ResyncEntity {
  @PrimaryColumn({ type: 'char', length: 26 })
  id!: string;

  @Column({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @Column({ type: 'varchar', length: 16 })
  state!: StoredState;

  @Column({ name: 'schema_name', type: 'varchar', length: 64 })
  schema!: string;

  @Column({ name: 'table_name', type: 'varchar', length: 64 })
  table!: string;

  @Column({ type: 'longtext', transformer: jsonColumn })
  wanted!: ResyncWanted;

  @Column({ name: 'rows_per_second', type: 'int', unsigned: true })
  rowsPerSecond!: number;

  /** Of a key list: how many of it are done. */
  @Column({ name: 'keys_done', type: 'int', unsigned: true })
  keysDone!: number;

  /** Of a range or condition: the key that was found last; null = none yet. */
  @Column({ name: 'last_key', type: 'longtext', nullable: true, transformer: jsonColumn })
  lastKey!: readonly string[] | null;

  @Column({ name: 'rows_sent', type: 'bigint', unsigned: true, transformer: countColumn })
  sent!: number;

  @Column({ name: 'rows_gone', type: 'bigint', unsigned: true, transformer: countColumn })
  gone!: number;

  @Column({ type: 'longtext', transformer: jsonColumn })
  rejected!: readonly ResyncRejected[];

  /** Where the source's log ended behind the images that were written last; null = none yet. */
  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  place!: DonePlace | null;

  /** What it waits for, or why it has failed; '' = nothing. */
  @Column({ type: 'varchar', length: 2000 })
  cause!: string;

  @Column({ type: 'varchar', length: 100 })
  author!: string;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'datetime', precision: 3 })
  updatedAt!: Date;
}
