/** target-row-missing: nothing found. row-differs: found with other values. unique-clash: another row has a unique value. */
export const CONFLICT_TYPES = ['target-row-missing', 'row-differs', 'unique-clash'] as const;
export type ConflictType = (typeof CONFLICT_TYPES)[number];

/** What was done about a conflict. ignored: the change was not written; kept: the target's row was to win. */
export const CONFLICT_DECISIONS = ['inserted', 'overwritten', 'ignored', 'kept', 'merged', 'deadLettered'] as const;
export type ConflictDecision = (typeof CONFLICT_DECISIONS)[number];
