import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '@lutra/testing';

describe('canonicalJson', () => {
  it.each([
    ['blanks', '{ "a" : [ 1 , 2 ] }', '{"a":[1,2]}'],
    ['the order of keys', '{"b":1,"a":2}', '{"a":2,"b":1}'],
    ['escapes', '"\\u00e9\\/"', '"é/"'],
    ['trailing zeros', '[1.50, 100.0]', '[1.5,1e2]'],
    ['a negative zero', '-0.0', '0'],
  ])('does not see %s', (_what, one, other) => {
    expect(canonicalJson(one)).toBe(canonicalJson(other));
  });

  it.each([
    ['the last digit of a number that no float holds', '12345678901234567890.1', '12345678901234567890.2'],
    ['a text instead of a number', '"1"', '1'],
    ['the order of an array', '[1,2]', '[2,1]'],
    ['null instead of nothing', '{"a":null}', '{}'],
  ])('sees %s', (_what, one, other) => {
    expect(canonicalJson(one)).not.toBe(canonicalJson(other));
  });

  it('refuses what is not JSON', () => {
    expect(() => canonicalJson('{"a":1')).toThrow('expected at character 6');
  });

  // Goal: spelling never matters, values always do. Method: any JSON value, printed with and without blanks.
  it('gives one text for every spelling of a value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(JSON.stringify(value, null, 2))).toBe(canonicalJson(JSON.stringify(value)));
      }),
    );
  });
});
