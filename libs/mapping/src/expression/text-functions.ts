import { createHash } from 'node:crypto';
import { findJson, parseJsonPath } from '../json/find-json.ts';
import { charactersOf, offsetOf } from '../steps/partial-step.ts';
import { partOf } from '../steps/split-step.ts';
import { ExpressionProblem } from './expression-problem.ts';
import type { Refuse } from './expression-scope.ts';
import { literalText, misfit, signature, strictFunction } from './function-call.ts';
import type { CompileCall, FunctionCall } from './function-call.ts';
import { patternOf, PATTERN_TEXT_MAX } from './pattern.ts';
import { neverAsked } from './numbers.ts';
import { strictAll, strictOne } from './term.ts';
import type { Term } from './term.ts';
import { joined, requireSize } from './text-size.ts';

/** Positions are characters (code points), from 0; what lies outside of a text is not there, and is no error. */
export const TEXT_FUNCTIONS: readonly (readonly [string, CompileCall])[] = [
  [
    'upper',
    strictFunction(
      signature(
        ['string'],
        'string',
        sized((text) => text.toUpperCase()),
      ),
    ),
  ],
  [
    'lower',
    strictFunction(
      signature(
        ['string'],
        'string',
        sized((text) => text.toLowerCase()),
      ),
    ),
  ],
  ['trim', strictFunction(signature(['string'], 'string', () => (text) => text.trim()))],
  [
    'size',
    strictFunction(
      signature(['string'], 'int', () => (text) => BigInt(charactersOf(text))),
      signature(['bytes'], 'int', () => (bytes) => BigInt(bytes.length)),
    ),
  ],
  [
    'substring',
    strictFunction(
      signature(['string', 'int'], 'string', () => (text, start) => substring(text, start, null)),
      signature(['string', 'int', 'int'], 'string', () => substring),
    ),
  ],
  ['indexOf', strictFunction(signature(['string', 'string'], 'int', () => indexOf))],
  ['contains', strictFunction(signature(['string', 'string'], 'bool', () => (text, part) => text.includes(part)))],
  ['startsWith', strictFunction(signature(['string', 'string'], 'bool', () => (text, part) => text.startsWith(part)))],
  ['endsWith', strictFunction(signature(['string', 'string'], 'bool', () => (text, part) => text.endsWith(part)))],
  ['replace', strictFunction(signature(['string', 'string', 'string'], 'string', replacing))],
  [
    'padStart',
    strictFunction(
      signature(
        ['string', 'int', 'string'],
        'string',
        (refuse) => (text, length, fill) => padding(text, { length, fill, refuse }) + text,
      ),
    ),
  ],
  [
    'padEnd',
    strictFunction(
      signature(
        ['string', 'int', 'string'],
        'string',
        (refuse) => (text, length, fill) => text + padding(text, { length, fill, refuse }),
      ),
    ),
  ],
  [
    'split',
    strictFunction(
      signature(
        ['string', 'string', 'int'],
        'string',
        () => (text, separator, index) => partOf(text, { separator, index: clamped(index) }),
      ),
    ),
  ],
  ['concat', concat],
  ['matches', matches],
  ['json', json],
  [
    'hex',
    strictFunction(
      signature(['bytes'], 'string', (refuse) => (bytes) => encoded(bytes, 'hex', refuse)),
      signature(['string'], 'string', (refuse) => (text) => encoded(Buffer.from(text, 'utf8'), 'hex', refuse)),
    ),
  ],
  [
    'base64',
    strictFunction(
      signature(['bytes'], 'string', (refuse) => (bytes) => encoded(bytes, 'base64', refuse)),
      signature(['string'], 'string', (refuse) => (text) => encoded(Buffer.from(text, 'utf8'), 'base64', refuse)),
    ),
  ],
  [
    'sha256',
    strictFunction(
      signature(['bytes'], 'string', () => (bytes) => createHash('sha256').update(bytes).digest('hex')),
      signature(['string'], 'string', () => (text) => createHash('sha256').update(text, 'utf8').digest('hex')),
    ),
  ],
];

/** A function after which a text may have more characters: 'ß' becomes 'SS'. */
function sized(apply: (text: string) => string): (refuse: Refuse) => (text: string) => string {
  return (refuse) => (text) => {
    const made = apply(text);
    requireSize(made.length, refuse);
    return made;
  };
}

/** Negative positions count from the end. */
function substring(text: string, start: bigint, end: bigint | null): string {
  const length = charactersOf(text);
  const first = place(start, length);
  const last = end === null ? length : place(end, length);
  return first >= last ? '' : text.slice(offsetOf(text, first), offsetOf(text, last));
}

function place(position: bigint, length: number): number {
  const from = clamped(position);
  return Math.min(Math.max(from < 0 ? from + length : from, 0), length);
}

/** No text has as many characters as there are safe integers. */
function clamped(value: bigint): number {
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
  return value < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : Number(value);
}

function indexOf(text: string, part: string): bigint {
  const at = text.indexOf(part);
  return BigInt(at < 0 ? at : charactersOf(text.slice(0, at)));
}

/** Nothing stands nowhere: an empty text is not replaced. */
function replacing(refuse: Refuse): (text: string, what: string, by: string) => string {
  return (text, what, by) => {
    if (what === '') return text;
    if (by.length > what.length) {
      let length = text.length;
      for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + what.length))
        length += by.length - what.length;
      requireSize(length, refuse);
    }
    // As a function: in a text $& would stand for what is replaced.
    return text.replaceAll(what, () => by);
  };
}

/** What is missing to so many characters: none when nothing is to fill it with. */
function padding(
  text: string,
  { length, fill, refuse }: { readonly length: bigint; readonly fill: string; readonly refuse: Refuse },
): string {
  const missing = clamped(length) - charactersOf(text);
  const width = charactersOf(fill);
  if (missing <= 0 || width === 0) return '';
  requireSize(missing, refuse);
  const times = Math.ceil(missing / width);
  requireSize(times * fill.length + text.length, refuse);
  const filled = fill.repeat(times);
  return filled.slice(0, offsetOf(filled, missing));
}

function concat(call: FunctionCall): Term {
  const { args, offset, refuse } = call;
  if (args.length === 0 || args.some(({ type }) => type !== 'string' && type !== 'null' && type !== 'any'))
    throw misfit(call, [['string', '…']]);
  const valueOf = args.some(({ type }) => type === 'any') ? neverAsked : strictAll(args, joinedAll(refuse));
  return { type: 'string', scale: 0, offset, valueOf };
}

function joinedAll(refuse: Refuse): (...texts: string[]) => string {
  const join = joined(refuse);
  return (...texts) => {
    let all = '';
    for (const text of texts) all = join(all, text);
    return all;
  };
}

/** Whether a part of the text is as the pattern says. */
function matches(call: FunctionCall): Term {
  const { args, offset, refuse } = call;
  const [text, given] = args;
  if (text === undefined || given === undefined || args.length !== 2 || !isText(text))
    throw misfit(call, [['string', 'pattern']]);
  const pattern = patternOf(literalText(call, 1, 'a pattern'), given.offset);
  const isMatch = (value: string): boolean => {
    if (value.length <= PATTERN_TEXT_MAX) return pattern.test(value);
    throw refuse('ROW_VALUE_TOO_LARGE', `matches looks at texts of ${String(PATTERN_TEXT_MAX)} characters at most`);
  };
  return { type: 'bool', scale: 0, offset, valueOf: text.type === 'any' ? neverAsked : strictOne(text, isMatch) };
}

const isText = ({ type }: Term): boolean => type === 'string' || type === 'null' || type === 'any';

/** A value out of a JSON document, as text: null when the path leads nowhere, or to null. */
function json(call: FunctionCall): Term {
  const { args, offset, refuse } = call;
  const [document] = args;
  if (document === undefined || args.length !== 2 || !isText(document)) throw misfit(call, [['string', 'path']]);
  const path = parseJsonPath(literalText(call, 1, 'a path'));
  if (path === null)
    throw new ExpressionProblem('A path has the form $.name."other name"[0][last]', args[1]?.offset ?? offset);
  const find = (text: string): string | null => {
    const found = findJson(text, path);
    if (found !== undefined) return found;
    throw refuse('ROW_VALUE_INVALID', 'the value is no JSON');
  };
  return {
    type: 'string',
    scale: 0,
    offset,
    valueOf: document.type === 'any' ? neverAsked : strictOne(document, find),
  };
}

function encoded(bytes: Uint8Array, form: 'hex' | 'base64', refuse: Refuse): string {
  requireSize(form === 'hex' ? bytes.length * 2 : Math.ceil(bytes.length / 3) * 4, refuse);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(form);
}
