// Goal: what is said not to be read is never read. Method: expressions, templates and names made up by chance, each asked of
// names that it gives.
import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { compileMappings } from '@lutra/model';
import type { MappingDefinition } from '@lutra/model';
import { commonName, maybeReads, maybeShareTable, writtenTables } from '../src/publishing/name-overlap.ts';

const EXPRESSIONS = [
  'a_(\\d+)',
  'a_?(\\d*)',
  '(a|b)_(\\d)',
  'a_1|b_2',
  '(?:a|b)c?',
  'ab*(1)',
  'b{1,2}(_1)',
  '.*',
  '(.+)_1',
];
const NAMES = ['a_1', 'a_12', 'b_1', 'b_2', 'a', 'ac', 'b', 'bc', 'ab1', 'a1', 'bb_1', 'x_1', 'c_a_1'];
const pattern = fc.oneof(
  fc.constantFrom(...NAMES).map((exact) => ({ exact })),
  fc.constantFrom(...EXPRESSIONS).map((regex) => ({ regex })),
);
const template = fc.constantFrom('$1', 'a_$1', 'b_$1', '$1_1', undefined);
const mappingOf = (
  schema: MappingDefinition['source']['schema'],
  table: MappingDefinition['source']['table'],
  target: string | undefined,
): MappingDefinition => ({
  ...{ id: 'm', source: { schema, table }, columns: { mode: 'all' } },
  target: { schema: typeof schema === 'string' ? 't' : '$s0', ...(target === undefined ? {} : { table: target }) },
});

describe('names that meet', () => {
  it('nothing is read that was said not to be', () => {
    fc.assert(
      fc.property(pattern, template, pattern, (source, target, read) => {
        const mapping = mappingOf('s', source, target);
        const reader = compileMappings([mappingOf('t', read, undefined)]);
        const [written] = writtenTables(mapping);
        if (written === undefined || maybeReads(written.table, read)) return;
        for (const name of NAMES)
          for (const { targetTable } of compileMappings([mapping]).targetsOf('s', name))
            expect([name, targetTable, reader.targetsOf('t', targetTable).length]).toEqual([name, targetTable, 0]);
      }),
    );
  });

  it('tables that are shared by name are told', () => {
    fc.assert(
      fc.property(pattern, fc.constantFrom(...NAMES), (source, name) => {
        const isRead = compileMappings([mappingOf('s', source, undefined)]).targetsOf('s', name).length > 0;
        const other = { schema: 's', table: { exact: name } };
        expect(maybeShareTable({ schema: 's', table: source }, other)).toBe(isRead);
        expect(maybeShareTable({ schema: { regex: 's|r' }, table: source }, other)).toBe(isRead);
        expect(maybeShareTable({ schema: 'r', table: source }, other)).toBe(false);
      }),
    );
  });

  it('a name is common to itself and to what gives it', () => {
    const own = { kind: 'regex', text: 'a_\\d' } as const;
    expect(commonName({ kind: 'name', text: 'a_1' }, own)).toBe('a_1');
    expect(commonName({ kind: 'name', text: 'a_x' }, own)).toBeNull();
    expect(commonName({ kind: 'template', text: 'a_$1' }, own)).toBeNull();
  });
});
