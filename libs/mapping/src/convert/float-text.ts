/** Digits that tell any two floats of 4 bytes apart. */
const FLOAT_DIGITS_MAX = 9;
/** Every float of 4 bytes keeps so many. */
const FLOAT_DIGITS_MIN = 6;

/** The shortest digits that stand for a double and for no other: '0.1', '1e21'. */
export const doubleText = (value: number): string => withoutPlus(String(value));

/** The shortest digits that stand for a float of 4 bytes: '0.1' of 0.10000000149011612. */
export function floatText(value: number): string {
  for (let digits = FLOAT_DIGITS_MIN; digits < FLOAT_DIGITS_MAX; digits += 1) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return withoutPlus(String(rounded));
  }
  return withoutPlus(String(Number(value.toPrecision(FLOAT_DIGITS_MAX))));
}

const withoutPlus = (text: string): string => text.replace('e+', 'e');
