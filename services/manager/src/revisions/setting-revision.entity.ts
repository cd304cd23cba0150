import { Column, Entity, PrimaryColumn } from 'typeorm';
import { jsonColumn } from '../store/json-column.ts';

/** What has revisions and is no pipeline. */
export type RevisedResource = 'alarm-rule' | 'system-parameters';

/** What a resource's settings were at one of its versions, who made it, when and why. */
@Entity({ name: 'setting_revision' })
export class SettingRevisionEntity {
  @PrimaryColumn({ type: 'varchar', length: 32 })
  resource!: RevisedResource;

  @PrimaryColumn({ name: 'resource_id', type: 'varchar', length: 26 })
  resourceId!: string;

  /** The resource's version. */
  @PrimaryColumn({ type: 'int', unsigned: true })
  number!: number;

  @Column({ type: 'datetime', precision: 3 })
  at!: Date;

  /** '' = made before revisions were kept. */
  @Column({ type: 'varchar', length: 100 })
  author!: string;

  /** '' = none. */
  @Column({ type: 'varchar', length: 500 })
  comment!: string;

  /** What a rollback puts back. */
  @Column({ type: 'longtext', transformer: jsonColumn })
  settings!: Readonly<Record<string, unknown>>;
}
