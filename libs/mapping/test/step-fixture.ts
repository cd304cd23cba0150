import type { ColumnDefinition, ColumnStep, ColumnValue, MappingDefinition } from '@lutra/model';
import { SyncError } from '@lutra/model';
import type { CompiledStep } from '../src/compiled-value.ts';
import { compileStep } from '../src/steps/compile-step.ts';

export const KEY = 'a key of more than fourteen characters';

const mapping: MappingDefinition = {
  id: 'orders',
  source: { schema: 'shop', table: { exact: 't' } },
  target: { schema: 'shop' },
  columns: { mode: 'all' },
};

/** A step over values of a column called `c`. */
export const stepOver = (
  step: ColumnStep,
  from: Partial<ColumnDefinition> & Pick<ColumnDefinition, 'kind'>,
  openKey = () => KEY,
): CompiledStep =>
  compileStep(step, columnOf(from), {
    mapping,
    source: { schema: 'shop', table: 't', columns: [], primaryKey: [] },
    openKey,
  });

export const columnOf = (given: Partial<ColumnDefinition> & Pick<ColumnDefinition, 'kind'>): ColumnDefinition => ({
  name: 'c',
  declared: given.kind,
  nullable: true,
  ...given,
});

/** The value, or the code of the error that it is refused with. */
export function outcome(step: CompiledStep, value: ColumnValue | undefined): ColumnValue | undefined {
  try {
    return step.apply(value);
  } catch (error) {
    if (SyncError.is(error)) return error.code;
    throw error;
  }
}

/** The problem of the error that the step is refused with; 'none' when it is not. */
export function problemOf(step: () => CompiledStep): string {
  try {
    step();
    return 'none';
  } catch (error) {
    if (SyncError.is(error) && error.code === 'MAPPING_STEP_INVALID') return String(error.details['problem']);
    throw error;
  }
}
