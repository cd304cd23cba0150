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

/** Who wrote, and when. */
interface AuditedBy {
  readonly caller: Pick<Caller, 'name'> & Partial<Pick<Caller, 'id'>>;
  readonly at: Date;
}

/** {@link recordAudits} of one write. */
export const recordAudit = (manager: EntityManager, write: AuditedWrite, by: AuditedBy): Promise<void> =>
  recordAudits(manager, [write], by);

// One statement for many rows: a document may write thousands, and each round trip takes its time.
const ROWS_MAX = 100;

const COLUMNS = 'number, id, at, who_id, who, action, resource, resource_id, `before`, `after`, hash';
const ROW = '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

/**
 * Adds entries in the same transaction as the writes themselves, in their order: no write without its entry, and none for a
 * write that failed. Where there is no transaction, the entries make their own. The lock on the head of the chain lets one
 * transaction add at a time, until it ends: call it last.
 */
export async function recordAudits(
  manager: EntityManager,
  writes: readonly AuditedWrite[],
  by: AuditedBy,
): Promise<void> {
  if (writes.length === 0) return;
  if (manager.queryRunner?.isTransactionActive !== true) {
    await manager.transaction((inside) => recordAudits(inside, writes, by));
    return;
  }
  const heads = await manager.query<readonly Head[]>('SELECT number, hash FROM audit_head WHERE id = 1 FOR UPDATE');
  const head = must(heads[0], 'a migration puts the head there');
  let [number, hash] = [Number(head.number), head.hash];
  const rows: unknown[][] = [];
  for (const { action, resource, resourceId, before, after } of writes) {
    number += 1;
    const entry = {
      ...{ number, id: ulid(), at: by.at, whoId: by.caller.id ?? null, who: by.caller.name },
      ...{ action, resource, resourceId, before: textOf(before), after: textOf(after) },
    };
    hash = hashOfEntry(hash, entry);
    rows.push([
      ...[entry.number, entry.id, entry.at, entry.whoId, entry.who],
      ...[action, resource, resourceId, entry.before, entry.after, hash],
    ]);
  }
  for (let next = 0; next < rows.length; next += ROWS_MAX) {
    const some = rows.slice(next, next + ROWS_MAX);
    const values = some.map(() => ROW).join(', ');
    await manager.query(`INSERT INTO audit_entry (${COLUMNS}) VALUES ${values}`, some.flat());
  }
  await manager.query('UPDATE audit_head SET number = ?, hash = ? WHERE id = 1', [number, hash]);
}

const textOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value);
