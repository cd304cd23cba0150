import type { ColumnDefinition, ColumnStep } from '@lutra/model';
import type { CompiledStep } from '../compiled-value.ts';
import { requiredRuleValue } from './rule-value.ts';
import type { StepPlace } from './step-place.ts';

/** A value of the column's type instead of null, of an absent value, or of both. */
export function compileDefault(
  { value: given, when }: Extract<ColumnStep, { kind: 'default' }>,
  from: ColumnDefinition,
  place: StepPlace,
): CompiledStep {
  const value = requiredRuleValue(given, from, place);
  const ofNull = when !== 'missing';
  const ofMissing = when !== 'null';
  return {
    column: { ...from, nullable: value === null || (from.nullable && !ofNull) },
    apply: (present) => {
      if (present === null) return ofNull ? value : null;
      if (present === undefined) return ofMissing ? value : undefined;
      return present;
    },
  };
}
