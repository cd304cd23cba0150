import { SyncError } from '@lutra/model';
import type { ErrorCode } from '@lutra/model';

/** Where a step stands: what its errors name. */
export interface StepPlace {
  readonly mapping: string;
  /** At the target. */
  readonly column: string;
}

export type RowValueCode = Extract<ErrorCode, 'ROW_VALUE_LOST' | 'ROW_VALUE_UNKNOWN' | 'ROW_VALUE_INVALID'>;

/** MAPPING_STEP_INVALID; `why`: what is wrong, without the names. */
export function stepInvalid({ mapping, column }: StepPlace, why: string): SyncError {
  const problem = `Column ${column} of mapping ${mapping}: ${why}`;
  return new SyncError('MAPPING_STEP_INVALID', { problem, mapping, column });
}

/** A value of a row that the step cannot do its work on; `why` must not name the value. */
export function valueRefused(code: RowValueCode, { mapping, column }: StepPlace, why: string): SyncError {
  const problem = `Column ${column} of mapping ${mapping}: ${why}`;
  return new SyncError(code, { problem, mapping, column });
}
