import { must, REPAIRS } from '@lutra/model';
import type { SyncError } from '@lutra/model';
import type { RowFacts } from './compiled-value.ts';
import type { MappedChange } from './mapped-change.ts';
import type { MappedRow, SourceRow } from './table-mapping.ts';

const NOTHING: readonly MappedChange[] = [];

/** What the rules before make of one source row. */
export interface UnruledRow {
  readonly changes: readonly MappedChange[];
  readonly facts: RowFacts;
  /** The source row is sent once more as it stands. */
  readonly isRepair: boolean;
}

/** What a rule makes of it. */
export interface RuledRow {
  /** Nothing when the row is refused. */
  readonly changes: readonly MappedChange[];
  readonly refusal: SyncError | null;
  /** Where the rule has a console. */
  readonly lines?: readonly string[] | undefined;
}

/** Gathers what a rule makes of one source row. */
export class RuledChanges {
  private readonly changes: MappedChange[] = [];
  private refusal: SyncError | null = null;

  add(change: MappedChange): void {
    this.changes.push(change);
  }

  /** The row is refused; the first reason is told. */
  refuse(error: SyncError): void {
    this.refusal ??= error;
  }

  row(lines?: readonly string[]): RuledRow {
    const { changes, refusal } = this;
    if (refusal !== null) return { changes: NOTHING, refusal, lines };
    // What goes away goes first: another row may take its key or its unique values.
    if (changes.length > 1) changes.sort((one, other) => RANKS[one.kind] - RANKS[other.kind]);
    return { changes, refusal, lines };
  }
}

const RANKS = { delete: 0, update: 1, insert: 2 } as const;

export interface LaterRule {
  /** One answer per row, in their order. */
  readonly rule: (rows: readonly UnruledRow[]) => Promise<readonly RuledRow[]>;
  readonly refuse: (row: SourceRow, error: SyncError) => MappedChange;
}

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
