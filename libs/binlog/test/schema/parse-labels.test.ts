import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseLabels } from '../../src/schema/parse-labels.ts';

describe('parseLabels', () => {
  it.each<[string, string, string[]]>([
    ['plain labels', "enum('a','b')", ['a', 'b']],
    ['commas and brackets inside', "enum('a,b','c)','(d')", ['a,b', 'c)', '(d']],
    ['doubled quotes', "set('it''s','''')", ["it's", "'"]],
    ['escapes', "enum('a\\\\b','\\n\\0')", ['a\\b', '\n\0']],
    ['an empty label', "enum('','x')", ['', 'x']],
  ])('reads %s', (_sentence, type, labels) => {
    expect(parseLabels(type)).toEqual(labels);
  });

  it('reads back whatever the server would print', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (labels) => {
        const printed = labels.map((label) => `'${label.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);
        expect(parseLabels(`enum(${printed.join(',')})`)).toEqual(labels);
      }),
    );
  });

  it.each(['enum', "enum('a", 'enum(a)', "enum('a';'b')"])('refuses %s', (type) => {
    expect(() => parseLabels(type)).toThrow(expect.objectContaining({ code: 'SOURCE_SCHEMA_MISMATCH' }));
  });
});
