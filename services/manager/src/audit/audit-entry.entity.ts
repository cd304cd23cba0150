import { Column, Entity, PrimaryColumn } from 'typeorm';
import { countColumn, jsonColumn } from '../store/json-column.ts';

export const AUDIT_ACTIONS = ['create', 'update', 'delete', 'command', 'login', 'login-failed', 'refused'] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** One write through the API: who, when, what, before, after. Never holds secrets. Rows are only added. */
@Entity({ name: 'audit_entry' })
export class AuditEntryEntity {
  @PrimaryColumn({ type: 'char', length: 26 })
  id!: string;

  /** Place in the chain, from 1 without gaps. */
  @Column({ type: 'bigint', unsigned: true, transformer: countColumn })
  number!: number;

  @Column({ type: 'datetime', precision: 3 })
  at!: Date;

  /** Id of the API key or user, which is never given twice; null = of an earlier version, or nobody. */
  @Column({ name: 'who_id', type: 'char', length: 26, nullable: true })
  whoId!: string | null;

  /** Name of the API key or user. */
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

  /** {@link hashOfEntry} of this entry and the one before. */
  @Column({ type: 'char', length: 64 })
  hash!: string;
}
