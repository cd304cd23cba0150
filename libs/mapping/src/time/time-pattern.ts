import type { ClockFields } from './clock-fields.ts';
import { numberAt, two } from './digits.ts';
import { fractionText, offsetText, readFraction, readOffset } from './plain-time.ts';

const NUMBERS = { yyyy: 'year', MM: 'month', dd: 'day', HH: 'hour', mm: 'minute', ss: 'second' } as const;
const TOKEN = /yyyy|MM|dd|HH|mm|ss|S{1,6}|z|'((?:[^']|'')*)'|[^A-Za-z']+/y;
const OFFSET = /(?:Z|[+-]\d\d(?::?\d\d(?::\d\d)?)?)/y;

type Token =
  | { readonly kind: 'number'; readonly field: (typeof NUMBERS)[keyof typeof NUMBERS]; readonly width: number }
  | { readonly kind: 'fraction'; readonly width: number }
  | { readonly kind: 'zone' }
  | { readonly kind: 'literal'; readonly text: string };

export type TimePart = (typeof NUMBERS)[keyof typeof NUMBERS] | 'fraction' | 'zone';

/**
 * A pattern of yyyy, MM, dd, HH, mm, ss, S (one to six digits of the fraction) and z (the offset from UTC). Other characters
 * stand for themselves; letters are put into quotes ('T').
 */
export class TimePattern {
  readonly parts: ReadonlySet<TimePart>;
  /** When it is digits alone, how many: a number has them without the zeros in front. */
  readonly digits: number | null;

  private constructor(private readonly tokens: readonly Token[]) {
    this.parts = new Set(tokens.flatMap((token) => partOf(token) ?? []));
    const isDigits = tokens.every(({ kind }) => kind === 'number' || kind === 'fraction');
    this.digits = isDigits ? tokens.reduce((sum, token) => sum + ('width' in token ? token.width : 0), 0) : null;
  }

  /** Null when the text is no such pattern, or has a part twice. */
  static read(pattern: string): TimePattern | null {
    const tokens: Token[] = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < pattern.length) {
      const match = TOKEN.exec(pattern);
      if (match === null) return null;
      tokens.push(tokenOf(match[0], match[1]));
    }
    const parts = tokens.flatMap((token) => partOf(token) ?? []);
    return parts.length === 0 || new Set(parts).size < parts.length ? null : new TimePattern(tokens);
  }

  /** False when the text does not have the form; what it says may still be no date. */
  readInto(fields: ClockFields, text: string): boolean {
    fields.clear();
    let at = 0;
    if (text.startsWith('-') && !this.parts.has('year')) {
      fields.isNegative = true;
      at = 1;
    }
    for (const [index, token] of this.tokens.entries()) {
      const end = this.endOf(token, { text, at, next: this.tokens[index + 1] });
      if (end < 0 || !readToken(token, text.slice(at, end), fields)) return false;
      at = end;
    }
    return at === text.length;
  }

  /** `offset`: seconds east of UTC. */
  write(fields: ClockFields, offset: number): string {
    let text = fields.isNegative ? '-' : '';
    for (const token of this.tokens) {
      switch (token.kind) {
        case 'number':
          text += token.width === 4 ? String(fields.year).padStart(4, '0') : two(fields[token.field]);
          break;
        case 'fraction':
          text += fractionText(fields.micros, token.width).slice(1);
          break;
        case 'zone':
          text += offsetText(offset);
          break;
        case 'literal':
          text += token.text;
      }
    }
    return text;
  }

  private endOf(
    token: Token,
    { text, at, next }: { readonly text: string; readonly at: number; readonly next: Token | undefined },
  ): number {
    switch (token.kind) {
      case 'zone':
        OFFSET.lastIndex = at;
        return OFFSET.test(text) ? OFFSET.lastIndex : -1;
      case 'literal':
        return at + token.text.length;
      case 'fraction':
        return at + token.width;
      case 'number': {
        // Times have hours up to 838: a third digit, unless it is that of the minutes.
        const isLong = token.field === 'hour' && next?.kind === 'literal' && !this.parts.has('year');
        return at + token.width + (isLong && numberAt(text, at, at + 3) >= 0 ? 1 : 0);
      }
    }
  }
}

function tokenOf(text: string, quoted: string | undefined): Token {
  if (text === 'z') return { kind: 'zone' };
  if (/^S+$/.test(text)) return { kind: 'fraction', width: text.length };
  const field = text in NUMBERS ? NUMBERS[text as keyof typeof NUMBERS] : undefined;
  if (field !== undefined) return { kind: 'number', field, width: text.length };
  // Two quotes are a quote, inside of others too.
  if (quoted !== undefined) return { kind: 'literal', text: quoted === '' ? "'" : quoted.replaceAll("''", "'") };
  return { kind: 'literal', text };
}

function partOf(token: Token): TimePart | undefined {
  switch (token.kind) {
    case 'number':
      return token.field;
    case 'literal':
      return undefined;
    default:
      return token.kind;
  }
}

function readToken(token: Token, text: string, fields: ClockFields): boolean {
  switch (token.kind) {
    case 'literal':
      return text === token.text;
    case 'fraction':
      return text.length === token.width && readFraction(text, fields);
    case 'zone':
      fields.offset = readOffset(text);
      return fields.offset !== null;
    case 'number': {
      const value = text.length < token.width ? -1 : numberAt(text, 0, text.length);
      fields[token.field] = value;
      return value >= 0;
    }
  }
}
