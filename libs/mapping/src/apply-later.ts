import { must, REPAIRS } from '@lutra/model';
import type { SyncError } from '@lutra/model';
import type { RowFacts } from './compiled-value.ts';
import type { MappedChange } from './mapped-change.ts';
import type { MappedRow, SourceRow } from './table-mapping.ts';

/** What the rules before make of one source row. */
export interface UnruledRow {
  readonly changes: readonly MappedChange[];
  readonly facts: RowFacts;
  /** The source row is sent once more as it stands. */
  readonly isRepair: boolean;
}

/** What a rule makes of it; `lines`: where it has a console. */
export interface RuledRow {
  /** Nothing when the row is refused. */
  readonly changes: readonly MappedChange[];
  readonly refusal: SyncError | null;
  readonly lines?: readonly string[];
}

export interface LaterRule {
  /** One answer per row, in their order. */
  readonly rule: (rows: readonly UnruledRow[]) => Promise<readonly RuledRow[]>;
  readonly refuse: (row: SourceRow, error: SyncError) => MappedChange;
}

const NOTHING: readonly MappedChange[] = [];

/** Applies a rule that sees many rows at once to those that are not refused yet: what it would make of half a row is not known. */
export async function applyLater(
  rows: readonly SourceRow[],
  mapped: readonly MappedRow[],
  { rule, refuse }: LaterRule,
): Promise<MappedRow[]> {
  const ruled = await rule(
    mapped.map(({ changes, refusal }, index) => {
      const { facts, change } = must(rows[index], 'one of each');
      return { changes: refusal === null ? changes : NOTHING, facts, isRepair: (change.flags & REPAIRS) !== 0 };
    }),
  );
  return rows.map((source, index) => {
    const [before, row] = [must(mapped[index], 'one of each'), must(ruled[index], 'one of each')];
    const lines = row.lines ?? before.lines;
    const refusal = before.refusal ?? row.refusal;
    if (refusal === null) return { changes: row.changes, lines, refusal };
    return { changes: [refuse(source, refusal)], lines, refusal };
  });
}
