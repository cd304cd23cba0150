import { ApiHeader } from '@nestjs/swagger';
import { fieldRefusal } from './refuse-field.ts';

export const COMMENT_HEADER = 'x-comment';
const COMMENT_CHARS_MAX = 500;

/** The route makes a revision, which keeps why. */
export const TakesComment = (): MethodDecorator =>
  ApiHeader({
    name: 'X-Comment',
    required: false,
    description: `Why, for the list of revisions: UTF-8 text of at most ${String(COMMENT_CHARS_MAX)} characters`,
    schema: { type: 'string', maxLength: COMMENT_CHARS_MAX },
  });

/** The comment of a request; undefined when it has none. `header` as Node reads it, one character per byte. Throws REQUEST_INVALID. */
export function commentOf(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined || header === '') return undefined;
  const text = decode(Buffer.from(typeof header === 'string' ? header : header.join(', '), 'latin1'));
  if (text.length <= COMMENT_CHARS_MAX) return text;
  return refuse(`must not be longer than ${String(COMMENT_CHARS_MAX)} characters`);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse('must be UTF-8');
  }
}

function refuse(rest: string): never {
  const field = 'X-Comment';
  throw fieldRefusal(field, `${field} ${rest}`);
}
