import { CONVERSION_FUNCTIONS } from './conversion-functions.ts';
import type { CompileCall } from './function-call.ts';
import { NUMBER_FUNCTIONS } from './number-functions.ts';
import { TEMPORAL_FUNCTIONS } from './temporal-functions.ts';
import { TEXT_FUNCTIONS } from './text-functions.ts';

/** All that an expression can call: docs/expressions.md. Nothing in it depends on the moment, the place or other rows. */
export const FUNCTIONS: ReadonlyMap<string, CompileCall> = new Map([
  ...TEXT_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...CONVERSION_FUNCTIONS,
  ...TEMPORAL_FUNCTIONS,
]);
