import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findJson, isJson, jsonElements, parseJsonPath } from '../src/json/find-json.ts';
import type { JsonPath } from '../src/json/find-json.ts';
import { must } from '@lutra/model';

const at = (path: string): JsonPath => must(parseJsonPath(path), 'a path');
const ORDER =
  ' {"id": 9007199254740993, "total": 1.10, "a": {"b": [ "x", {"c": null}, true ]}, "b c": "q\\"\\u00e4", "id2": -0} ';

describe('findJson', () => {
  it.each<[string, string, string | null]>([
    ['an integer digit by digit', '$.id', '9007199254740993'],
    ['a decimal with its zeros', '$.total', '1.10'],
    ['the sign of a zero', '$.id2', '-0'],
    ['a string without quotes', '$.a.b[0]', 'x'],
    ['a boolean as its word', '$.a.b[2]', 'true'],
    ['an element from the last one', '$.a.b[last]', 'true'],
    ['an element counted from the last one', '$.a.b[last-2]', 'x'],
    ['a name in quotes, escapes undone', '$."b c"', 'q"ä'],
    ['an object as it is written', '$.a.b[1]', '{"c": null}'],
    ['an array as it is written', '$.a.b', '[ "x", {"c": null}, true ]'],
    ['the document', '$', ORDER.trim()],
    ['null as null', '$.a.b[1].c', null],
    ['null where no member is', '$.a.z', null],
    ['null behind the last element', '$.a.b[3]', null],
    ['null before the first element', '$.a.b[last-3]', null],
    ['null inside of a scalar', '$.id.x', null],
    ['null of a member of an array', '$.a.b.x', null],
    ['null of an element of an object', '$.a[0]', null],
  ])('finds %s', (_what, path, expected) => {
    expect(findJson(ORDER, at(path))).toBe(expected);
  });

  it('takes the last of members of one name', () => {
    expect(findJson('{"a": 1, "\\u0061": 2}', at('$.a'))).toBe('2');
  });

  it.each([
    '',
    ' ',
    '{',
    '{"a":1',
    '{"a":1}}',
    '{a:1}',
    "{'a':1}",
    '[1,]',
    '[,1]',
    '01',
    '1.',
    '.5',
    '+1',
    'NaN',
    'tru',
    '"\u0001"',
    '"\\x"',
    '"a',
    '"\\u12"',
    '{"a" 1}',
    '{"a":1,}',
    '[1 2]',
    '\u00a01',
    '[1] x',
    '['.repeat(101) + ']'.repeat(101),
    '"\\ud800"',
  ])('says of %j that it is no JSON, or no text', (text) => {
    expect(findJson(text, at('$'))).toBeUndefined();
  });

  it('finds that a document is broken behind what is looked for', () => {
    expect(findJson('{"a": 1, "b": }', at('$.a'))).toBeUndefined();
  });

  it('walks a document as deep as MySQL keeps one', () => {
    const deep = '['.repeat(100) + ']'.repeat(100);
    expect(isJson(deep)).toBe(true);
    expect(isJson(`[${deep}]`)).toBe(false);
  });

  it('agrees with JSON.parse on what is JSON', () => {
    const almost = fc
      .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom('', ',', '"', '}', '1', ' ', '\\', ':'))
      .map(([text, place, more]) => {
        const cut = place % (text.length + 1);
        return text.slice(0, cut) + more + text.slice(cut + (place % 2));
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), almost), (text) => {
        expect(isJson(text)).toBe(parses(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it('finds what JSON.parse finds', () => {
    const documents = fc.record({
      a: fc.array(fc.jsonValue({ maxDepth: 2 }), { minLength: 1 }),
      'b c': fc.string({ unit: 'grapheme' }),
    });
    fc.assert(
      fc.property(documents, fc.nat(), (document, place) => {
        const index = place % document.a.length;
        const text = JSON.stringify(document, null, place % 3);
        const found = findJson(text, at(`$.a[${String(index)}]`));
        const expected = document.a[index];
        if (typeof expected === 'string') expect(found).toBe(expected);
        else expect(JSON.parse(found ?? 'null')).toEqual(JSON.parse(JSON.stringify(expected)));
        expect(findJson(text, at('$."b c"'))).toBe(document['b c']);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('jsonElements', () => {
  it.each<[string, readonly (string | null)[] | null | undefined]>([
    ['[1, "a", null, [2], 0.10]', ['1', 'a', null, '[2]', '0.10']],
    [' [ ] ', []],
    ['{"a": 1}', null],
    ['null', null],
    ['[1', undefined],
  ])('of %s', (text, expected) => {
    expect(jsonElements(text)).toEqual(expected);
  });
});

describe('parseJsonPath', () => {
  it.each([
    '',
    'a',
    '$a',
    '$.',
    '$..a',
    '$[',
    '$[-1]',
    '$[*]',
    '$.*',
    '$**.a',
    '$."a',
    '$[last+1]',
    '$.a b',
    `$${'[0]'.repeat(101)}`,
  ])('refuses %j', (path) => {
    expect(parseJsonPath(path)).toBeNull();
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
