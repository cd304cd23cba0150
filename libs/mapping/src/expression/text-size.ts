import type { Refuse } from './expression-scope.ts';

/** What a text or bytes may have that an expression makes, in between and at its end. */
export const TEXT_BYTES_MAX = 64 * 1024 * 1024;

/** Throws ROW_VALUE_TOO_LARGE. `length`: units of a text or bytes. */
export function requireSize(length: number, refuse: Refuse): void {
  if (length > TEXT_BYTES_MAX) throw refuse('ROW_VALUE_TOO_LARGE', 'the text is larger than 64 MiB');
}

/** Two texts one after the other. */
export function joined(refuse: Refuse): (left: string, right: string) => string {
  return (left, right) => {
    requireSize(left.length + right.length, refuse);
    return left + right;
  };
}
