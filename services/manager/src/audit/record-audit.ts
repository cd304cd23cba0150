import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { must } from '@lutra/model';
import type { Caller } from '../access/caller.ts';
import { hashOfEntry } from './audit-chain.ts';
import type { AuditAction } from './audit-entry.entity.ts';

export interface AuditedWrite {
  readonly action: AuditAction;
  readonly resource:
    | 'channel'
    | 'pipeline'
    | 'mapping'
    | 'position'
    | 'data-source'
    | 'api-key'
    | 'command'
    | 'instance'
    | 'dead-letter'
    | 'conflict'
    | 'system-parameters'
    | 'alarm'
    | 'alarm-rule'
    | 'receiver'
    | 'request'
    | 'resync'
    | 'session'
    | 'skip'
    | 'user';
  readonly resourceId: string;
  /** As the API shows it, thus without secrets; null = did not exist. */
  readonly before: unknown;
  readonly after: unknown;
}

interface Head {
  readonly number: string | number;
  readonly hash: string;
}

/**
 * Adds an entry in the same transaction as the write itself: no write without its entry, and none for a write that failed.
 * Where there is no transaction, the entry makes its own. The lock on the head of the chain lets one entry be added at a
 * time, until the transaction ends: call it last.
 */
export async function recordAudit(
  manager: EntityManager,
  write: AuditedWrite,
  by: { readonly caller: Pick<Caller, 'name'> & Partial<Pick<Caller, 'id'>>; readonly at: Date },
): Promise<void> {
  if (manager.queryRunner?.isTransactionActive !== true) {
    await manager.transaction((inside) => recordAudit(inside, write, by));
    return;
  }
  const heads = await manager.query<readonly Head[]>('SELECT number, hash FROM audit_head WHERE id = 1 FOR UPDATE');
  const head = must(heads[0], 'a migration puts the head there');
  const { action, resource, resourceId } = write;
  const entry = {
    number: Number(head.number) + 1,
    id: ulid(),
    at: by.at,
    whoId: by.caller.id ?? null,
    who: by.caller.name,
    ...{ action, resource, resourceId, before: textOf(write.before), after: textOf(write.after) },
  };
  const hash = hashOfEntry(head.hash, entry);
  const columns = 'number, id, at, who_id, who, action, resource, resource_id, `before`, `after`, hash';
  await manager.query(`INSERT INTO audit_entry (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, [
    ...[entry.number, entry.id, entry.at, entry.whoId, entry.who],
    ...[action, resource, resourceId, entry.before, entry.after, hash],
  ]);
  await manager.query('UPDATE audit_head SET number = ?, hash = ? WHERE id = 1', [entry.number, hash]);
}

const textOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value);
