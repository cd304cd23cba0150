import type { ColumnDefinition, ColumnStep } from '@lutra/model';
import { textColumn } from '../column-origins.ts';
import type { CompiledStep } from '../compiled-value.ts';
import { textOf } from '../text-of.ts';
import { stepInvalid } from './step-place.ts';
import type { StepPlace } from './step-place.ts';

/** One part of a text, found without making the others. */
export function compileSplit(
  { separator, index }: Extract<ColumnStep, { kind: 'split' }>,
  from: ColumnDefinition,
  place: StepPlace,
): CompiledStep {
  if (from.kind === 'binary' || from.kind === 'geometry')
    throw stepInvalid(place, `a split step parts texts, and ${from.declared} holds bytes: convert it first`);
  if (separator === '') throw stepInvalid(place, 'the separator of a split step is empty');
  if (!Number.isSafeInteger(index)) throw stepInvalid(place, 'the index of a split step is no whole number');
  return {
    column: textColumn(from.name, true),
    apply: (value) => {
      if (value === undefined || value === null) return value;
      const text = textOf(value, from);
      return partOf(text, { separator, index });
    },
  };
}

/** Part `index` of a text, counted from the end when negative; null when it has fewer. Without a separator it is one part. */
export function partOf(
  text: string,
  { separator, index }: { readonly separator: string; readonly index: number },
): string | null {
  if (separator === '') return index === 0 || index === -1 ? text : null;
  return index < 0 ? partFromEnd(text, separator, -index) : partFromStart(text, separator, index);
}

function partFromStart(text: string, separator: string, index: number): string | null {
  let start = 0;
  for (let skipped = 0; skipped < index; skipped += 1) {
    const at = text.indexOf(separator, start);
    if (at < 0) return null;
    start = at + separator.length;
  }
  const end = text.indexOf(separator, start);
  return text.slice(start, end < 0 ? undefined : end);
}

/**
 * Parts are counted as they are cut from the start, so that the parts are the same ones from both sides: ':::' at '::' is ''
 * and ':'.
 */
function partFromEnd(text: string, separator: string, index: number): string | null {
  let count = 1;
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + separator.length)) count += 1;
  return index > count ? null : partFromStart(text, separator, count - index);
}
