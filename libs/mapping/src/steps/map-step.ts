import type { ColumnDefinition, ColumnStep, ColumnValue, RuleValue } from '@lutra/model';
import { textColumn, typedConstant } from '../column-origins.ts';
import type { CompiledStep } from '../compiled-value.ts';
import { comparable, requiredRuleValue, ruleValueOf } from './rule-value.ts';
import { stepInvalid, valueRefused } from './step-place.ts';
import type { StepPlace } from './step-place.ts';

type MapStep = Extract<ColumnStep, { kind: 'map' }>;

/**
 * One value for another. Values are compared as values of the column's type: 1 is '1' for an integer, 1.5 is 1.50 for a decimal,
 * texts are compared exactly, whatever the collation. Null is a value among the others.
 */
export function compileMap(step: MapStep, from: ColumnDefinition, place: StepPlace): CompiledStep {
  const { entries, otherwise } = step;
  const column = resultOf(step, from, place);
  const results = new Map<string | null, ColumnValue>();
  for (const entry of entries) {
    const key = requiredRuleValue(entry.from, from, place);
    const comparableKey = key === null ? null : comparable(key, from);
    if (results.has(comparableKey)) throw stepInvalid(place, `a map has two entries for ${JSON.stringify(entry.from)}`);
    results.set(comparableKey, requiredRuleValue(entry.to, column, place));
  }
  const other = otherwise.kind === 'value' ? requiredRuleValue(otherwise.value, column, place) : null;
  return {
    column,
    apply: (value) => {
      if (value === undefined) return undefined;
      const result = results.get(value === null ? null : comparable(value, from));
      if (result !== undefined) return result;
      if (otherwise.kind === 'value') return other;
      if (otherwise.kind === 'keep') return value;
      throw valueRefused('ROW_VALUE_UNKNOWN', place, 'a value is not among the entries of its map');
    },
  };
}

/** The column's own type where it holds all results; else the narrowest that does, which no other value may be kept in. */
function resultOf({ entries, otherwise }: MapStep, from: ColumnDefinition, place: StepPlace): ColumnDefinition {
  const given = entries.map(({ to }) => to);
  if (otherwise.kind === 'value') given.push(otherwise.value);
  const isNullable = given.includes(null);
  const isFrom = given.every((value) => ruleValueOf(value, from, place) !== undefined);
  if (otherwise.kind === 'keep') {
    if (isFrom) return { ...from, nullable: from.nullable || isNullable };
    if (from.kind === 'text' || from.kind === 'enum' || from.kind === 'set')
      return textColumn(from.name, from.nullable || isNullable);
    throw stepInvalid(
      place,
      `a map keeps other values as they are, and not all of its results are values of ${from.declared}: convert the column first`,
    );
  }
  const present = given.filter((value): value is Exclude<RuleValue, null> => value !== null);
  const widest = present
    .map((value) => typedConstant(value, from.name).column)
    .reduce<ColumnDefinition | null>((known, column) => (known === null ? column : wider(known, column, place)), null);
  // A null that has no entry is one of the others.
  return { ...(widest ?? from), nullable: isNullable };
}

function wider(one: ColumnDefinition, other: ColumnDefinition, place: StepPlace): ColumnDefinition {
  if (one.kind === other.kind) return sizeOf(one) < sizeOf(other) ? other : one;
  const kinds = new Set([one.kind, other.kind]);
  if (kinds.has('integer') && kinds.has('double')) return one.kind === 'double' ? one : other;
  throw stepInvalid(
    place,
    'the results of a map are of different types: write all of them as text, and convert behind',
  );
}

const sizeOf = ({ bytes, length }: ColumnDefinition): number => bytes ?? length ?? Infinity;
