import type { Token } from './sql-tokens.ts';

export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** What an expression may refer to: columns of the row (by name, or by qualifier and name), and VALUES() of an insert. */
export interface Scope {
  readonly column: (name: string, qualifier: string | null) => SqlValue;
  readonly inserted?: SqlRow;
}

export type Expression = (scope: Scope) => SqlValue;

/** Reads tokens one after the other. */
export class TokenReader {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  get token(): Token {
    return this.tokens[this.at] ?? { kind: 'end', text: '' };
  }

  next(): Token {
    const { token } = this;
    this.at += 1;
    return token;
  }

  isWord(...words: readonly string[]): boolean {
    return words.every((word, index) => {
      const token = this.tokens[this.at + index];
      return token?.kind === 'word' && token.text.toUpperCase() === word;
    });
  }

  takeWords(...words: readonly string[]): boolean {
    if (!this.isWord(...words)) return false;
    this.at += words.length;
    return true;
  }

  takeSign(text: string): boolean {
    if (this.token.kind !== 'sign' || this.token.text !== text) return false;
    this.at += 1;
    return true;
  }

  expectSign(text: string): void {
    if (!this.takeSign(text)) throw new Error(`Expected ${text}, found '${this.token.text}'`);
  }

  expectWord(word: string): void {
    if (!this.takeWords(word)) throw new Error(`Expected ${word}, found '${this.token.text}'`);
  }

  name(): string {
    const { kind, text } = this.next();
    if (kind !== 'name' && kind !== 'word') throw new Error(`Expected a name, found '${text}'`);
    return text.toLowerCase();
  }

  list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.takeSign(',')) items.push(item());
    return items;
  }
}

const truth = (value: SqlValue): boolean | null => (value === null ? null : Number(value) !== 0);
const valueOf = (isTrue: boolean | null): SqlValue => (isTrue === null ? null : isTrue ? 1 : 0);

/** OR of ANDs of conditions: what stands behind WHERE and ON. Nothing is skipped: an unknown word is an error. */
export function readExpression(reader: TokenReader): Expression {
  let left = readAnd(reader);
  while (reader.takeWords('OR')) {
    const [one, other] = [left, readAnd(reader)];
    left = (scope) => {
      const [first, second] = [truth(one(scope)), truth(other(scope))];
      return valueOf(first === true || second === true ? true : first === null || second === null ? null : false);
    };
  }
  return left;
}

function readAnd(reader: TokenReader): Expression {
  let left = readNot(reader);
  while (reader.takeWords('AND')) {
    const [one, other] = [left, readNot(reader)];
    left = (scope) => {
      const [first, second] = [truth(one(scope)), truth(other(scope))];
      return valueOf(first === false || second === false ? false : first === null || second === null ? null : true);
    };
  }
  return left;
}

function readNot(reader: TokenReader): Expression {
  if (!reader.takeWords('NOT')) return readComparison(reader);
  const inner = readNot(reader);
  return (scope) => {
    const value = truth(inner(scope));
    return valueOf(value === null ? null : !value);
  };
}

type Operand = readonly Expression[];

function readComparison(reader: TokenReader): Expression {
  const left = readOperand(reader);
  if (reader.takeWords('IS')) {
    const isNot = reader.takeWords('NOT');
    reader.expectWord('NULL');
    return (scope) => valueOf((single(left)(scope) === null) !== isNot);
  }
  const isNot = reader.takeWords('NOT');
  if (reader.takeWords('IN')) {
    reader.expectSign('(');
    const items = reader.list(() => readOperand(reader));
    reader.expectSign(')');
    return (scope) => {
      const found = items.some((item) => compare(left, item, scope) === 0);
      return valueOf(found !== isNot);
    };
  }
  const { kind, text } = reader.token;
  if (kind !== 'sign' || !['=', '<', '>', '<=', '>=', '<>', '!=', '<=>'].includes(text)) return single(left);
  reader.next();
  const right = readOperand(reader);
  return (scope) => {
    if (text === '<=>') return valueOf(isSameOrNull(left, right, scope));
    const order = compare(left, right, scope);
    return order === null ? null : valueOf(holds(text, order));
  };
}

function holds(sign: string, order: number): boolean {
  switch (sign) {
    case '=':
      return order === 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    default:
      return order !== 0;
  }
}

/** Null when one side is. Rows compare element by element. */
function compare(left: Operand, right: Operand, scope: Scope): number | null {
  for (const [index, one] of left.entries()) {
    const [a, b] = [one(scope), right[index]?.(scope) ?? null];
    if (a === null || b === null) return null;
    const order = orderOf(a, b);
    if (order !== 0) return order;
  }
  return 0;
}

/** Below 0: `a` stands before `b`. */
export function orderOf(a: string | number, b: string | number): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return Math.sign(Number(a) - Number(b));
}

function isSameOrNull(left: Operand, right: Operand, scope: Scope): boolean {
  return left.every((one, index) => {
    const [a, b] = [one(scope), right[index]?.(scope) ?? null];
    return a === null || b === null ? a === b : orderOf(a, b) === 0;
  });
}

function single(operand: Operand): Expression {
  const [first] = operand;
  if (operand.length !== 1 || first === undefined) throw new Error('A row where a value belongs');
  return first;
}

/** A value, or several in brackets. */
function readOperand(reader: TokenReader): Operand {
  let left = readPrimary(reader);
  for (;;) {
    const sign = ['+', '-', '*'].find((each) => reader.takeSign(each));
    if (sign === undefined) break;
    const [one, other] = [single(left), single(readPrimary(reader))];
    left = [
      (scope) => {
        const [a, b] = [one(scope), other(scope)];
        if (a === null || b === null) return null;
        return sign === '+' ? Number(a) + Number(b) : sign === '-' ? Number(a) - Number(b) : Number(a) * Number(b);
      },
    ];
  }
  if (reader.takeWords('COLLATE')) reader.name();
  return left;
}

function readPrimary(reader: TokenReader): Operand {
  if (reader.takeSign('(')) {
    const items = reader.list(() => readExpression(reader));
    reader.expectSign(')');
    return items;
  }
  if (reader.takeSign('-')) {
    const inner = single(readPrimary(reader));
    return [(scope) => -Number(inner(scope))];
  }
  const token = reader.next();
  if (token.kind === 'number') {
    const value = Number(token.text);
    return [() => value];
  }
  if (token.kind === 'text') return [() => token.text];
  if (token.kind !== 'word' && token.kind !== 'name') throw new Error(`No value begins with '${token.text}'`);
  if (token.kind === 'word' && token.text.toUpperCase() === 'NULL') return [() => null];
  if (token.kind === 'word' && token.text.toUpperCase() === 'CASE') return [readCase(reader)];
  if (token.kind === 'word' && reader.takeSign('(')) return [readCall(reader, token.text.toUpperCase())];
  return [readColumn(reader, token.text.toLowerCase())];
}

/** CASE value WHEN value THEN result … END, without ELSE. */
function readCase(reader: TokenReader): Expression {
  const subject = single(readOperand(reader));
  const branches: { readonly when: Expression; readonly then: Expression }[] = [];
  while (reader.takeWords('WHEN')) {
    const when = single(readOperand(reader));
    reader.expectWord('THEN');
    branches.push({ when, then: single(readOperand(reader)) });
  }
  reader.expectWord('END');
  return (scope) => {
    const value = subject(scope);
    return branches.find(({ when }) => value !== null && when(scope) === value)?.then(scope) ?? null;
  };
}

function readColumn(reader: TokenReader, first: string): Expression {
  const names = [first];
  while (reader.takeSign('.')) names.push(reader.name());
  const name = names.at(-1) ?? first;
  const qualifier = names.at(-2) ?? null;
  return (scope) => scope.column(name, qualifier);
}

function readCall(reader: TokenReader, name: string): Expression {
  if (name === 'VALUES') {
    const column = reader.name();
    reader.expectSign(')');
    return (scope) => scope.inserted?.[column] ?? null;
  }
  if (name === 'CONVERT' || name === 'CAST') {
    const inner = readExpression(reader);
    while (!reader.takeSign(')')) if (reader.next().text === '(') while (!reader.takeSign(')')) reader.next();
    return inner;
  }
  const parameters = reader.takeSign(')') ? [] : readParameters(reader);
  return callOf(name, parameters);
}

function readParameters(reader: TokenReader): Expression[] {
  const parameters = reader.list(() => readExpression(reader));
  reader.expectSign(')');
  return parameters;
}

function callOf(name: string, parameters: readonly Expression[]): Expression {
  const [first, second, third] = parameters;
  switch (name) {
    case 'IF':
      return (scope) => (truth(first?.(scope) ?? null) === true ? (second?.(scope) ?? null) : (third?.(scope) ?? null));
    case 'UTC_TIMESTAMP':
      return () => '2026-01-01 00:00:00.000000';
    case 'USER':
    case 'CURRENT_USER':
      return () => 'lutra@%';
    case 'SUBSTRING_INDEX':
      return (scope) => String(first?.(scope) ?? '').split(String(second?.(scope) ?? ''))[0] ?? '';
    case 'COALESCE':
      return (scope) => parameters.map((parameter) => parameter(scope)).find((value) => value !== null) ?? null;
    case 'LENGTH':
      return (scope) => {
        const value = first?.(scope) ?? null;
        return value === null ? null : Buffer.byteLength(String(value));
      };
    default:
      throw new Error(`The interpreter does not know the function ${name}`);
  }
}
