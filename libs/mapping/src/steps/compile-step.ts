import { assertNever } from '@lutra/model';
import type { ColumnDefinition, ColumnStep } from '@lutra/model';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledStep } from '../compiled-value.ts';
import { compileConvert } from './convert-step.ts';
import { compileDefault } from './default-step.ts';
import { compileHash } from './hash-step.ts';
import { compileJson } from './json-step.ts';
import { compileMap } from './map-step.ts';
import { compilePartial } from './partial-step.ts';
import { compileSplit } from './split-step.ts';
import { compileToken } from './token-step.ts';

/**
 * A step over values of the column `given`, which keeps its name. A value that is null goes through every step but default and
 * map as null, one that the image does not carry through every step but default. Throws MAPPING_STEP_INVALID for what can work
 * with no value, and what opening a key throws.
 */
export function compileStep(step: ColumnStep, given: ColumnDefinition, context: CompileContext): CompiledStep {
  const place = { mapping: context.mapping.id, column: given.name };
  const from = written(given);
  switch (step.kind) {
    case 'default':
      return compileDefault(step, from, place);
    case 'map':
      return compileMap(step, from, place);
    case 'convert':
      return compileConvert(step, from, place);
    case 'token':
      return compileToken(step, from, { place, openKey: context.openKey });
    case 'hash':
      return compileHash(step, from, { place, openKey: context.openKey });
    case 'partial':
      return compilePartial(step, from, place);
    case 'json':
      return compileJson(step, from, place);
    case 'split':
      return compileSplit(step, from, place);
    default:
      return assertNever(step);
  }
}

/** What a step gives is no longer what the database computes: load has to write it. */
function written(column: ColumnDefinition): ColumnDefinition {
  return column.generated === true ? { ...column, generated: false } : column;
}
