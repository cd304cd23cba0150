/** A row of retl.retl_buffer: rows that somebody wants to be sent once more. */
export interface ResyncWish {
  /** Of the row, for the answer. */
  readonly id: string;
  /** A table, or a pattern of tables: 'shop.item', 'shop.item[0001-0128]', 'shop.(item|order)'. */
  readonly fullName: string;
  /** I and U: as it stands; D: as one that is gone. */
  readonly type: string;
  readonly key: readonly string[];
  /** Why it cannot be fulfilled as it is written; absent = nothing is known yet. */
  readonly problem?: string;
}

/** What people read of a wish that is not fulfilled, among the events of a pipeline. */
export const rejectedWishText = ({ id, fullName, type, key }: ResyncWish, reason: string): string =>
  `Row ${id} of retl.retl_buffer is not sent: ${reason}. It says ${JSON.stringify({ table: fullName, type, key })}`;
