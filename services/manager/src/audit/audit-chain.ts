import { createHash } from 'node:crypto';

/** What an entry's hash stands for. Texts as the store keeps them, so that a check needs no knowledge of what they mean. */
export interface ChainedEntry {
  /** From 1, without gaps. */
  readonly number: number;
  readonly id: string;
  readonly at: Date;
  readonly whoId: string | null;
  readonly who: string;
  readonly action: string;
  readonly resource: string;
  readonly resourceId: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** The hash before the first entry. */
export const CHAIN_START = '0'.repeat(64);

/** SHA-256 in hexadecimal over the entry before and this one; JSON of a list, so that no two entries have one text. */
export function hashOfEntry(previous: string, entry: ChainedEntry): string {
  const { number, id, at, whoId, who, action, resource, resourceId, before, after } = entry;
  const text = JSON.stringify([
    ...['audit/1', previous, number, id, at.toISOString(), whoId, who],
    ...[action, resource, resourceId, before, after],
  ]);
  return createHash('sha256').update(text).digest('hex');
}
