import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SyncError } from '@lutra/model';
import { DOCUMENT_CHARACTERS_MAX, readYaml, writeYaml } from '../src/documents/yaml-text.ts';

// Goal: what is written as YAML is read as the same data, and texts that are more than plain data are refused, at once.
// Method: any data; and texts that other readers have fallen for.

const problem = (text: string): string => {
  try {
    readYaml(text);
    return 'was read';
  } catch (error) {
    const { code, details } = SyncError.of(error);
    return `${code}: ${String(details['problem'])}`;
  }
};

it('any data is read back as it was written', () => {
  const name = fc
    .string({ unit: 'binary' })
    .filter((text) => !['__proto__', 'constructor', 'prototype'].includes(text));
  const { data } = fc.letrec((tie) => ({
    data: fc.oneof(
      { maxDepth: 5 },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.string({ unit: 'binary' }),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('data'), { maxLength: 5 }),
    map: fc.dictionary(name, tie('data'), { maxKeys: 5, noNullPrototype: true }),
  }));
  fc.assert(
    fc.property(data, (value) => {
      expect(readYaml(writeYaml(value))).toEqual(value);
    }),
  );
});

it.each([
  'no',
  'NO',
  'null',
  '~',
  '1',
  '1e3',
  '0x1F',
  ' lead',
  'trail ',
  '',
  '- a',
  'a: b',
  '#x',
  '*a',
  '&a',
  '!!str a',
  '---',
  '...',
  '"',
  "'",
  '\u0000',
  '\u2028',
  '\uFEFF',
  '\t',
  'a\nb',
  'a\r\nb',
  '\u{1F9A6}',
  '2026-11-22',
  '<<',
  '%YAML',
  '@a',
  '`a`',
  '|',
  '>',
  '[',
  '{',
  '?',
  ':',
])('text stays text: %j', (text) => {
  expect(readYaml(writeYaml({ text, [text]: text }))).toEqual({ text, [text]: text });
});

it('JSON is YAML', () => {
  expect(readYaml('{"a": [1, "b", null, true], "c": {"d": "\\u00e9"}}')).toEqual({
    a: [1, 'b', null, true],
    c: { d: 'é' },
  });
});

describe('refused', () => {
  const bomb = 'a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n';
  it.each([
    ['a bomb of aliases', bomb, 'anchors are not allowed'],
    ['an alias of nothing', 'a: *b', 'Line 1'],
    ['an alias of itself', 'a: &a [*a]', 'not allowed'],
    ['a merge', 'a: &a {b: 1}\nc:\n  <<: *a\n', 'not allowed'],
    ['a tag', 'a: !!js/function "x"', 'Line 1'],
    ['a tag of the standard', 'a: !!binary aGVsbG8=', 'Line 1'],
    ['a field twice', 'a: 1\nb: 2\na: 3\n', 'Line 3: the field a is there twice'],
    ['a field twice inside', 'x:\n  - {a: 1, "a": 2}\n', 'the field a is there twice'],
    ['a prototype', '{"__proto__": {"isAdmin": true}}', '__proto__ does not exist'],
    ['a list as a name', '? [a]\n: b\n', 'Names of fields have to be text'],
    ['a number as a name', '1: b\n', 'Names of fields have to be text'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'not YAML'],
    ['another language', '<a>b</a>: : :', 'not YAML'],
    ['a tab', 'a:\n\tb: 1\n', 'not YAML'],
    ['an open quote', 'a: "b', 'not YAML'],
    ['depth', '['.repeat(33) + ']'.repeat(33), 'deep'],
    ['depth of a parser', '['.repeat(500_000), 'deep'],
    ['depth of maps', '{'.repeat(500_000), 'deep'],
    ['depth of keys', '? '.repeat(250_000), 'deep'],
    ['depth of lists', '- '.repeat(250_000), 'deep'],
    ['many mistakes', '"'.repeat(100_000), 'not YAML'],
    ['depth by lines', Array.from({ length: 500 }, (_, n) => `${' '.repeat(n)}a:\n`).join(''), 'deep'],
    ['depth in one line', '- '.repeat(5_000), 'deep'],
    ['length', `a: ${'x'.repeat(DOCUMENT_CHARACTERS_MAX)}`, 'more than'],
  ])('%s', (_what, text, words) => {
    expect(problem(text)).toContain('REQUEST_INVALID');
    expect(problem(text)).toContain(words);
  });

  it('many fields cost no more than many fields', () => {
    const text = Array.from({ length: 40_000 }, (_, n) => `k${String(n)}: 1\n`).join('');
    expect(Object.keys(readYaml(text) as object)).toHaveLength(40_000);
  }, 20_000);
});
