import { ExpressionProblem } from './expression-problem.ts';
import type { Refuse } from './expression-scope.ts';
import { asDouble, isExact, neverAsked } from './numbers.ts';
import { strictAll } from './term.ts';
import type { Term, Value, ValueOfType, ValueType } from './term.ts';

export interface FunctionCall {
  readonly name: string;
  readonly offset: number;
  readonly args: readonly Term[];
  readonly refuse: Refuse;
}

/** What a call of a function is. Throws an ExpressionProblem. */
export type CompileCall = (call: FunctionCall) => Term;

type Values<T extends readonly ValueType[]> = { [K in keyof T]: ValueOfType[T[K]] };

/** One way to call a function: null when an argument is null. */
export interface Signature {
  readonly takes: readonly ValueType[];
  readonly gives: ValueType;
  readonly make: (refuse: Refuse) => (...values: never[]) => Value;
}

/** Types of the arguments tie those of the function's parameters. */
export function signature<const T extends readonly ValueType[]>(
  takes: T,
  gives: Exclude<ValueType, 'decimal' | 'any'>,
  make: (refuse: Refuse) => (...values: Values<T>) => Value,
): Signature {
  return { takes, gives, make: make as unknown as Signature['make'] };
}

/** A function with one or several signatures: the first that the arguments fit is called. */
export function strictFunction(...signatures: readonly Signature[]): CompileCall {
  return (call) => {
    const { args, offset, refuse } = call;
    const fitting = signatures.filter(
      ({ takes }) => takes.length === args.length && args.every((arg, index) => fits(arg, takes[index])),
    );
    const [first] = fitting;
    if (first === undefined)
      throw misfit(
        call,
        signatures.map(({ takes }) => takes),
      );
    if (args.some(({ type }) => type === 'any')) {
      const types = new Set(fitting.map(({ gives }) => gives));
      return { type: types.size === 1 ? first.gives : 'any', scale: 0, offset, valueOf: neverAsked };
    }
    const given = args.map((arg, index) => converted(arg, first.takes[index]));
    return { type: first.gives, scale: 0, offset, valueOf: strictAll(given, first.make(refuse)) };
  };
}

/** No parameter is a decimal: what such a function gives would depend on the scale. */
function fits(term: Term, wanted: ValueType | undefined): boolean {
  return term.type === wanted || term.type === 'null' || term.type === 'any' || (wanted === 'double' && isExact(term));
}

function converted(term: Term, wanted: ValueType | undefined): Term {
  return wanted === 'double' && term.type !== 'null' ? asDouble(term) : term;
}

export function misfit({ name, args, offset }: FunctionCall, takes: readonly (readonly string[])[]): ExpressionProblem {
  const ways = takes.map((types) => `${name}(${types.join(', ')})`).join(' or ');
  const given = args.map(({ type }) => type).join(', ');
  return new ExpressionProblem(`${name} is called as ${ways}, and not as ${name}(${given})`, offset);
}

/** An argument that is known beforehand. */
export function literalText({ name, args, offset }: FunctionCall, index: number, what: string): string {
  const literal = args[index]?.literal;
  if (typeof literal === 'string') return literal;
  throw new ExpressionProblem(`${name} takes ${what}, written literally`, args[index]?.offset ?? offset);
}

/** The same of a small whole number. */
export function literalCount(
  { name, args, offset }: FunctionCall,
  index: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const argument = args[index];
  const literal = argument?.literal;
  if (argument?.type === 'int' && typeof literal === 'bigint' && literal >= min && literal <= max)
    return Number(literal);
  const why = `${name} takes a number from ${String(min)} to ${String(max)}, written literally`;
  throw new ExpressionProblem(why, argument?.offset ?? offset);
}
