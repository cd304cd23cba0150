import { Column, Entity, PrimaryColumn } from 'typeorm';
import { jsonColumn } from '../store/json-column.ts';
import type { GroupDifference } from './compare-groups.ts';

/** compared: figures are of all groups. notCompared: `reason` says why. */
export type GroupCheckOutcome = 'compared' | 'notCompared';

/** What the last comparison of a mapping's groups with its source has found. */
@Entity({ name: 'group_check' })
export class GroupCheckEntity {
  @PrimaryColumn({ name: 'mapping_id', type: 'char', length: 26 })
  mappingId!: string;

  @Column({ name: 'checked_at', type: 'datetime', precision: 3 })
  checkedAt!: Date;

  @Column({ type: 'varchar', length: 16 })
  outcome!: GroupCheckOutcome;

  @Column({ type: 'varchar', length: 500 })
  reason!: string;

  /** `groups` is a word of the language. */
  @Column({ name: 'group_count', type: 'int' })
  groups!: number;

  @Column({ type: 'int' })
  differing!: number;

  @Column({ type: 'int' })
  unsettled!: number;

  @Column({ type: 'longtext', transformer: jsonColumn })
  examples!: readonly GroupDifference[];
}
