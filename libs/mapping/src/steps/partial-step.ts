import type { ColumnDefinition, ColumnStep } from '@lutra/model';
import { textColumn } from '../column-origins.ts';
import type { CompiledStep } from '../compiled-value.ts';
import { textOf } from '../text-of.ts';
import { stepInvalid } from './step-place.ts';
import type { StepPlace } from './step-place.ts';

/** What stands for one hidden character: more would multiply a long text. */
const WITH_MAX = 8;

/**
 * Hides all characters (code points) but the first and last ones. A text that has no more of them than are to be shown is
 * hidden whole: a short name would otherwise be told by the rule that should hide it.
 */
export function compilePartial(
  { keepStart, keepEnd, with: mask }: Extract<ColumnStep, { kind: 'partial' }>,
  from: ColumnDefinition,
  place: StepPlace,
): CompiledStep {
  if (from.kind === 'binary' || from.kind === 'geometry')
    throw stepInvalid(place, `a partial step hides characters, and ${from.declared} holds bytes: convert it first`);
  if (![keepStart, keepEnd].every((count) => Number.isSafeInteger(count) && count >= 0))
    throw stepInvalid(place, 'keepStart and keepEnd of a partial step are whole numbers from 0 on');
  if (mask.length > WITH_MAX || !mask.isWellFormed())
    throw stepInvalid(place, `with of a partial step has more than ${String(WITH_MAX)} characters`);
  // Of ASCII, which every charset has; no other mask is known to fit, and no uuid or inet6 is a hidden one.
  const fits = from.kind === 'text' && /^[ -~]?$/.test(mask) && !/^(?:uuid|inet\d)$/.test(from.declared);
  return {
    column: fits ? from : textColumn(from.name, from.nullable),
    apply: (value) =>
      value === undefined || value === null ? value : hidden(textOf(value, from), { keepStart, keepEnd, mask }),
  };
}

function hidden(
  text: string,
  { keepStart, keepEnd, mask }: { readonly keepStart: number; readonly keepEnd: number; readonly mask: string },
): string {
  const length = charactersOf(text);
  if (length <= keepStart + keepEnd) return mask.repeat(length);
  const start = offsetOf(text, keepStart);
  const end = offsetOf(text, length - keepEnd);
  return text.slice(0, start) + mask.repeat(length - keepStart - keepEnd) + text.slice(end);
}

/** Code points of a text. */
export function charactersOf(text: string): number {
  let pairs = 0;
  for (let at = 0; at < text.length; at += 1) if (isPair(text, at)) pairs += 1;
  return text.length - pairs;
}

/** Where the character with this number begins. */
export function offsetOf(text: string, character: number): number {
  let at = 0;
  for (let passed = 0; passed < character && at < text.length; passed += 1) at += isPair(text, at) ? 2 : 1;
  return at;
}

/** Whether two units from here on are one character. */
const isPair = (text: string, at: number): boolean =>
  (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
