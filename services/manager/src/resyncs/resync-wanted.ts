/** Which rows of a table are sent once more. Values are texts, in the order of the primary key. */
export type ResyncWanted =
  | { readonly kind: 'keys'; readonly keys: readonly (readonly string[])[] }
  /** Both ends belong to it, in the order of the primary key. */
  | { readonly kind: 'range'; readonly from: readonly string[]; readonly to: readonly string[] }
  /** A condition of the source's SQL. */
  | { readonly kind: 'where'; readonly where: string };

/** A key that is not sent, and why. */
export interface ResyncRejected {
  readonly key: readonly string[];
  readonly reason: string;
}
