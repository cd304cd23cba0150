import { must, plainChange } from '@lutra/model';
import type { ConflictDecision, ConflictType, RowChange } from '@lutra/model';
import type { PlannedRow, RowOrigin, WritableRow } from '../plan/planned-statement.ts';
import type { Touched } from './touched-values.ts';

/** What became of rows that could not be written as they came: told by events once the unit is committed. */
export interface Conflict {
  readonly origin: RowOrigin;
  /** Schema and table at the target. */
  readonly table: string;
  readonly count: number;
  /** Null: no conflict; the row was refused, or follows a dead letter. */
  readonly type: ConflictType | null;
  readonly decision: ConflictDecision;
  /** The row became a dead letter: why, and what it holds back. */
  readonly letter?: HeldLetter;
}

/** What the quarantine has to know of a dead letter. */
export interface HeldLetter {
  readonly id: string;
  readonly code: string;
  /** Schema and table at the target. */
  readonly table: string;
  readonly touched: Touched;
}

export function conflictOf(row: PlannedRow, what: Pick<Conflict, 'type' | 'decision' | 'letter'>): Conflict {
  const { schema, table } = row.writer.definition;
  return { origin: sourceOf(row).origin, table: `${schema}.${table}`, count: 1, ...what };
}

/**
 * The row of the source by which a merged one is named. What is inserted has the name of its last source, since a delete of
 * the same key, which then stands before it, may have that of the first.
 */
export function sourceOf({ change, sources }: PlannedRow): WritableRow {
  const source = change.kind === 'insert' ? sources.at(-1) : sources[0];
  return must(source, 'a planned row has sources');
}

/** The change under the place of its source. */
export function namedChange(row: PlannedRow): RowChange {
  const { event, row: number, part } = sourceOf(row).change;
  return { ...plainChange(row.change), event, row: number, part };
}
