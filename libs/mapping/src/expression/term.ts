import type { RowImage } from '@lutra/model';
import type { RowFacts } from '../compiled-value.ts';

/** 'any': a column of a table that is not known yet; a term with one is never asked for its value. */
export type ValueType = 'int' | 'decimal' | 'double' | 'string' | 'bytes' | 'bool' | 'null' | 'any';

/** int: bigint of 64 bits. decimal: the number times 10^scale of its {@link Term}. */
export interface ValueOfType {
  readonly int: bigint;
  readonly decimal: bigint;
  readonly double: number;
  readonly string: string;
  readonly bytes: Uint8Array;
  readonly bool: boolean;
  readonly null: null;
  readonly any: never;
}

export type Present = bigint | number | string | boolean | Uint8Array;
export type Value = Present | null;
export type ValueFunction = (image: RowImage, facts: RowFacts) => Value;

/** A part of an expression whose type is known: like a column of SQL, it may be null whatever its type. */
export interface Term {
  readonly type: ValueType;
  /** Digits behind the point of a decimal; 0 of all others. */
  readonly scale: number;
  /** Where it stands in the text. */
  readonly offset: number;
  /** Written literally: known now. */
  readonly literal?: Value;
  /** A column as it is: its position. */
  readonly column?: number;
  /** Throws a SyncError of class poison. */
  readonly valueOf: ValueFunction;
}

/** A term that is null whenever `of` is, and otherwise what `apply` makes of its value. */
export function strictOne(of: Term, apply: (value: never) => Value): ValueFunction {
  const inner = of.valueOf;
  const outer = apply as (value: Value) => Value;
  return (image, facts) => {
    const value = inner(image, facts);
    return value === null ? null : outer(value);
  };
}

/** The same of two. */
export function strictTwo(left: Term, right: Term, apply: (left: never, right: never) => Value): ValueFunction {
  const first = left.valueOf;
  const second = right.valueOf;
  const outer = apply as (one: Value, other: Value) => Value;
  return (image, facts) => {
    const one = first(image, facts);
    if (one === null) return null;
    const other = second(image, facts);
    return other === null ? null : outer(one, other);
  };
}

/** The same of any number. */
export function strictAll(terms: readonly Term[], apply: (...values: never[]) => Value): ValueFunction {
  const [one, two, three] = terms;
  if (one !== undefined && two === undefined) return strictOne(one, apply);
  if (one !== undefined && two !== undefined && three === undefined) return strictTwo(one, two, apply);
  const outer = apply as (...values: Value[]) => Value;
  return (image, facts) => {
    const values: Value[] = [];
    for (const term of terms) {
      const value = term.valueOf(image, facts);
      if (value === null) return null;
      values.push(value);
    }
    return outer(...values);
  };
}
