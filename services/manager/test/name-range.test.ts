import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { isRange, rangeNames, rangeRegex, rangeSize, readRange } from '../src/mappings/name-range.ts';

const read = (text: string): ReturnType<typeof readRange> => readRange(text, 'range');
const regexOf = (text: string): RegExp => new RegExp(`^(?:${rangeRegex(read(text))})$`, 'u');

describe('ranges of names', () => {
  it.each<[string, readonly string[]]>([
    ['t[08-11]', ['t08', 't09', 't10', 't11']],
    ['t[8-11]', ['t8', 't9', 't10', 't11']],
    ['[0-2]_x', ['0_x', '1_x', '2_x']],
    ['a.b$[7-7]', ['a.b$7']],
  ])('%s names %p', (text, names) => {
    expect(rangeNames(read(text))).toEqual(names);
    expect(rangeSize(read(text))).toBe(names.length);
    for (const name of names) expect(regexOf(text).test(name)).toBe(true);
  });

  it('keeps what is special in an expression as it is', () => {
    expect(regexOf('a.b+[1-2]').test('a.b+1')).toBe(true);
    expect(regexOf('a.b+[1-2]').test('axbb1')).toBe(false);
  });

  it.each(['orders', 't[2-1]', 't[01-100]', 't[1-2][3-4]', 't[a-c]', 't[1-]', 't[0000000001-0000000002]', 't[-1-2]'])(
    'refuses %s',
    (text) => {
      expect(() => read(text)).toThrow('has to hold one range of numbers');
    },
  );

  // Goal: the expression means the range. Method: numbers at and around its ends, in every length.
  it('the expression matches exactly the numbers of the range', () => {
    const number = fc.integer({ min: 0, max: 120_000 });
    fc.assert(
      fc.property(number, number, fc.boolean(), fc.array(number), (one, other, isFilled, probes) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        const width = isFilled ? 7 : 0;
        const write = (value: number): string => String(value).padStart(width, '0');
        const pattern = regexOf(`t[${write(low)}-${write(high)}]`);
        for (const probe of [...probes, low - 1, low, low + 1, high - 1, high, high + 1].filter(
          (value) => value >= 0,
        )) {
          expect([probe, pattern.test(`t${write(probe)}`)]).toEqual([probe, probe >= low && probe <= high]);
          expect(pattern.test(`t0${write(probe)}`)).toBe(false);
        }
      }),
    );
  });

  it('knows a range from a name', () => {
    expect(['t[1-2]', 't1', 't[1]', '[]'].map(isRange)).toEqual([true, false, false, false]);
  });
});
