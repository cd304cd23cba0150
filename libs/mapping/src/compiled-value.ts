import type { ColumnDefinition, ColumnValue, RowImage } from '@lutra/model';

/** What is known of a row beside its columns. One object for many rows: whoever keeps it copies it. */
export interface RowFacts {
  readonly pipelineId: string;
  readonly gtid: string;
  /** Commit time at the source, ms since 1970 with the µs as fraction. */
  readonly commitMs: number;
  readonly event: number;
  readonly row: number;
  readonly kind: 'insert' | 'update' | 'delete';
}

/** Where the value of one target column comes from, and the type that it then has. */
export interface CompiledValue {
  /** Under its name at the target. With `ofChange` it is never asked for a before image. */
  readonly column: ColumnDefinition;
  /** A column of the source as it is: where the image lacks it, it may be absent at the target too. */
  readonly isTaken?: boolean;
  /** Positions in the source's columns that it needs. */
  readonly reads: readonly number[];
  /**
   * undefined = the image does not carry what is needed. Depends on nothing but its arguments. Throws a SyncError of class
   * poison: the row is refused.
   */
  valueOf(image: RowImage, facts: RowFacts): ColumnValue | undefined;
}

/** Does something with a value; the type is known beforehand. */
export interface CompiledStep {
  /** What comes out, under the same name. */
  readonly column: ColumnDefinition;
  /** As {@link CompiledValue.valueOf}. */
  apply(value: ColumnValue | undefined): ColumnValue | undefined;
}

/** The value behind the steps. What tells of the change does so in any form. */
export function withSteps(value: CompiledValue, steps: readonly CompiledStep[]): CompiledValue {
  if (steps.length === 0) return value;
  const last = steps.at(-1) ?? value;
  return {
    column: value.column.ofChange === true ? { ...last.column, ofChange: true } : last.column,
    reads: value.reads,
    valueOf: (image, facts) => {
      let present = value.valueOf(image, facts);
      for (const step of steps) present = step.apply(present);
      return present;
    },
  };
}
