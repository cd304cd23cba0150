import { SyncError } from '@lutra/model';

/** What is wrong with one field of a request; both for people. */
export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

/** REQUEST_INVALID for all of these fields at once. */
export const fieldsRefusal = (fields: readonly FieldProblem[]): SyncError =>
  new SyncError('REQUEST_INVALID', { problem: fields.map(({ problem }) => problem).join('; '), fields });

/** REQUEST_INVALID for one field, to be thrown; `problem` is a sentence that names it. */
export const fieldRefusal = (field: string, problem: string, options?: ErrorOptions): SyncError =>
  new SyncError('REQUEST_INVALID', { problem, fields: [{ field, problem }] }, options);

/** Throws {@link fieldRefusal}. */
export function refuseField(field: string, problem: string): never {
  throw fieldRefusal(field, problem);
}
