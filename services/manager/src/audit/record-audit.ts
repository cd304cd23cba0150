import { ulid } from 'ulid';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../http/token.guard.ts';
import { AuditEntryEntity } from './audit-entry.entity.ts';
import type { AuditAction } from './audit-entry.entity.ts';

export interface AuditedWrite {
  readonly action: AuditAction;
  readonly resource:
    | 'channel'
    | 'pipeline'
    | 'mapping'
    | 'data-source'
    | 'token'
    | 'command'
    | 'instance'
    | 'dead-letter'
    | 'conflict'
    | 'system-parameters'
    | 'alarm'
    | 'alarm-rule'
    | 'receiver';
  readonly resourceId: string;
  /** As the API shows it, thus without secrets; null = did not exist. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Adds an entry in the same transaction as the write itself: no write without its entry, and none for a write that failed. */
export async function recordAudit(
  manager: EntityManager,
  write: AuditedWrite,
  by: { readonly caller: Caller; readonly at: Date },
): Promise<void> {
  const entry = Object.assign(new AuditEntryEntity(), { id: ulid(), at: by.at, who: by.caller.name, ...write });
  await manager.save(entry, { reload: false });
}
