import type { ColumnDefinition, ColumnStep } from '@lutra/model';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledStep } from '../compiled-value.ts';

/** Throws MAPPING_STEP_INVALID. */
export function compileStep(_step: ColumnStep, _from: ColumnDefinition, _context: CompileContext): CompiledStep {
  throw new Error('steps come with their own commit');
}
