import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { SyncError } from '@lutra/model';
import { fieldRefusal } from '../http/refuse-field.ts';
import type { Caller } from '../http/token.guard.ts';
import { CommandEntity } from './command.entity.ts';

/** Who asks, and the header Idempotency-Key when it was sent. */
export interface Asked {
  readonly caller: Caller;
  readonly key: string | undefined;
}

/** What a request is about and what it asks for. */
export interface Named {
  readonly scope: string;
  readonly content: unknown;
}

/** A request under a name that its client gave it. */
export interface NamedRequest {
  readonly key: string;
  readonly hash: string;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * The request's name, which is its caller's own: another caller's equal key is another request. Null without a key. `scope`
 * says what the request is about. Throws REQUEST_INVALID for a key that is none.
 */
export function requestOf({
  by: { caller, key },
  scope,
  content,
}: { readonly by: Asked } & Named): NamedRequest | null {
  if (key === undefined) return null;
  if (!KEY.test(key)) {
    throw fieldRefusal('Idempotency-Key', 'Idempotency-Key must be 1 to 255 visible ASCII characters');
  }
  return { key: hashOf([caller.id, key]), hash: hashOf([scope, content]) };
}

/** What was recorded for this request before; empty when it is new. Throws RESOURCE_CONFLICT when the name stands for something else. */
export async function findRepeated(manager: EntityManager, request: NamedRequest | null): Promise<CommandEntity[]> {
  if (request === null) return [];
  const found = await manager.find(CommandEntity, { where: { requestKey: request.key }, order: { pipelineId: 'ASC' } });
  if (found.every(({ requestHash }) => requestHash === request.hash)) return found;
  const problem = 'This Idempotency-Key was used for another request: give each request a key of its own';
  throw new SyncError('RESOURCE_CONFLICT', { problem });
}

const hashOf = (content: unknown): string => createHash('sha256').update(JSON.stringify(content)).digest('hex');
