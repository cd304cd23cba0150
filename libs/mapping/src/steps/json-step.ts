import type { ColumnDefinition, ColumnStep } from '@lutra/model';
import { textColumn } from '../column-origins.ts';
import type { CompiledStep } from '../compiled-value.ts';
import { findJson, parseJsonPath } from '../json/find-json.ts';
import { stepInvalid, valueRefused } from './step-place.ts';
import type { StepPlace } from './step-place.ts';

/**
 * A value out of a JSON document, as text: {@link findJson}. The whole document is checked, so that what comes out never
 * depends on where it is broken.
 */
export function compileJson(
  step: Extract<ColumnStep, { kind: 'json' }>,
  from: ColumnDefinition,
  place: StepPlace,
): CompiledStep {
  if (from.kind !== 'json' && from.kind !== 'text')
    throw stepInvalid(place, `a json step reads a document, and ${from.declared} holds none`);
  const path = parseJsonPath(step.path);
  if (path === null)
    throw stepInvalid(
      place,
      'the path of a json step has the form $.name."other name"[0][last]: it leads to one place, without wildcards',
    );
  return {
    column: textColumn(from.name, true),
    apply: (value) => {
      if (value === undefined || value === null) return value;
      const found = findJson(String(value), path);
      if (found === undefined) throw valueRefused('ROW_VALUE_INVALID', place, 'the value is no JSON');
      return found;
    },
  };
}
