import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Place } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';

export const SAVED_KINDS = ['saved', 'rewind'] as const;
/** saved: where the pipeline stood then. rewind: where it stood when a person put it elsewhere. */
export type SavedKind = (typeof SAVED_KINDS)[number];

/** A place that a pipeline had: the cursor's bucket remembers a minute, this a week. */
@Entity({ name: 'saved_position' })
export class SavedPositionEntity {
  @PrimaryColumn({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @PrimaryColumn({ type: 'datetime', precision: 3 })
  at!: Date;

  @Column({ type: 'varchar', length: 16 })
  kind!: SavedKind;

  @Column({ type: 'bigint', unsigned: true, transformer: { to: (value: number) => value, from: Number } })
  epoch!: number;

  @Column({ type: 'longtext', transformer: jsonColumn })
  place!: Place;

  /** Who put it elsewhere, and why; '' for what is saved by itself. */
  @Column({ type: 'varchar', length: 100 })
  author!: string;

  @Column({ type: 'varchar', length: 500 })
  reason!: string;
}
