import { SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, RuleValue } from '@lutra/model';
import { typedConstant } from '../column-origins.ts';
import { parseNumber } from '../convert/exact-number.ts';
import { textOf } from '../text-of.ts';
import { conversionTo } from './convert-step.ts';
import { stepInvalid } from './step-place.ts';
import type { StepPlace } from './step-place.ts';

/** A value of configuration as one of the column; `undefined` when the column cannot hold it as it is. */
export function ruleValueOf(given: RuleValue, column: ColumnDefinition, place: StepPlace): ColumnValue | undefined {
  if (given === null) return null;
  const constant = typedConstant(given, column.name);
  try {
    const options = { type: column.declared, onLoss: 'fail' } as const;
    const convert = conversionTo(column, options, { from: constant.column, place });
    return constant.value === null ? null : convert(constant.value);
  } catch (error) {
    if (SyncError.is(error) && (error.class === 'poison' || error.code === 'MAPPING_STEP_INVALID')) return undefined;
    throw error;
  }
}

/** Throws MAPPING_STEP_INVALID: a sentence that names the value, which is configuration. */
export function requiredRuleValue(given: RuleValue, column: ColumnDefinition, place: StepPlace): ColumnValue {
  const value = ruleValueOf(given, column, place);
  if (value !== undefined) return value;
  throw stepInvalid(place, `${JSON.stringify(given)} is no value of ${column.declared}`);
}

/** Equal for equal values of a column's type, and different for others: 1.50 is 1.5, but 'A' is not 'a'. */
export function comparable(value: Exclude<ColumnValue, null>, column: ColumnDefinition): string {
  if (column.kind !== 'decimal') return value === 0 ? '0' : textOf(value, column);
  const number = parseNumber(String(value));
  if (number === null) return String(value);
  let { unscaled, scale } = number;
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale -= 1;
  }
  return `${unscaled.toString()}e-${String(scale)}`;
}
