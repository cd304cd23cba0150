import { Column, Entity, PrimaryColumn } from 'typeorm';
import { jsonColumn } from '../store/json-column.ts';

export type AuditAction = 'create' | 'update' | 'delete' | 'command';

/** One write through the API: who, when, what, before, after. Never holds secrets. Rows are only added. */
@Entity({ name: 'audit_entry' })
export class AuditEntryEntity {
  @PrimaryColumn({ type: 'char', length: 26 })
  id!: string;

  @Column({ type: 'datetime', precision: 3 })
  at!: Date;

  /** Name of the token. */
  @Column({ type: 'varchar', length: 100 })
  who!: string;

  @Column({ type: 'varchar', length: 16 })
  action!: AuditAction;

  @Column({ type: 'varchar', length: 32 })
  resource!: string;

  @Column({ name: 'resource_id', type: 'varchar', length: 128 })
  resourceId!: string;

  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  before!: unknown;

  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  after!: unknown;
}
