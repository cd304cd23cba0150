import type { ResyncWish } from '@lutra/model';

/** Which rows of a table are sent once more. Values are texts, in the order of the primary key. */
export type ResyncWanted =
  | { readonly kind: 'keys'; readonly keys: readonly (readonly string[])[] }
  /** Both ends belong to it, in the order of the primary key. */
  | { readonly kind: 'range'; readonly from: readonly string[]; readonly to: readonly string[] }
  /** A condition of the source's SQL. */
  | { readonly kind: 'where'; readonly where: string }
  /** What was written into retl_buffer: a portion of it, in the order of names; none in the job that they all belong to. */
  | { readonly kind: 'buffer'; readonly wishes: readonly ResyncWish[] };

/** A list of keys is done from its first to its last, the others are found at the source. */
export type KeysToFind = Extract<ResyncWanted, { readonly kind: 'range' | 'where' }>;

/** A key that is not sent, and why. */
export interface ResyncRejected {
  readonly key: readonly string[];
  readonly reason: string;
}
