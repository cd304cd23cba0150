import { isOfMapping, SyncError } from '@lutra/model';
import type { TargetStatement } from '@lutra/sql';

/**
 * Makes a statement. One that holds a value which the target must not be given, or a row that a mapping has refused, is refused
 * when its text is asked for: there somebody waits for refusals and looks for the row, which nobody does while rows are planned.
 */
export function madeOrRefused(make: () => TargetStatement): TargetStatement {
  try {
    return make();
  } catch (error) {
    if (!SyncError.is(error) || (error.code !== 'TARGET_VALUE_REFUSED' && !isOfMapping(error.code))) throw error;
    return new RefusedStatement(error);
  }
}

class RefusedStatement implements TargetStatement {
  constructor(private readonly error: SyncError) {}

  get sql(): string {
    throw this.error;
  }

  get parameters(): readonly (string | Buffer)[] | undefined {
    throw this.error;
  }
}
