/** Goal: a large text that came encoded is the same to every rule as the string that it stands for, and stays encoded where no rule looks at it. */
import { describe, expect, it } from '@jest/globals';
import { EncodedText } from '@lutra/model';
import type { ColumnSelection, ColumnValue, MappingRules, RowChange, RowImage, TableDefinition } from '@lutra/model';
import type { MappedChange } from '../src/mapped-change.ts';
import { leavesTexts } from '../src/read-texts.ts';
import { FACTS, insert, mappingOf, remove, update } from './mapping-fixture.ts';

const text = (name: string) =>
  ({ name, kind: 'text', declared: 'longtext', nullable: true, charset: 'utf8mb4' }) as const;
const TABLE: TableDefinition = {
  schema: 's',
  table: 't',
  columns: [
    { name: 'id', kind: 'integer', declared: 'int', nullable: false, bytes: 4 },
    text('note'),
    text('body'),
    { name: 'doc', kind: 'json', declared: 'json', nullable: true },
  ],
  primaryKey: [0],
};
const ALL: ColumnSelection = { mode: 'all' };
const from = (column: string) => ({ kind: 'column', column }) as const;
const expression = (target: string, text: string) =>
  ({ target, from: { kind: 'expression', expression: text } }) as const;
const script = (source: string) => ({ source, columns: [], timeMs: 5_000, memoryBytes: 64 * 1024 * 1024 });

const MAPPINGS: readonly (readonly [string, ColumnSelection, MappingRules | undefined])[] = [
  ['a rename', { mode: 'list', columns: [{ source: 'body', target: 'content' }] }, undefined],
  ['an expression', ALL, { columns: [expression('note', 'string(size(body))'), expression('first', 'body + "!"')] }],
  [
    'a step',
    ALL,
    {
      columns: [
        { target: 'note', from: from('body'), steps: [{ kind: 'partial', keepStart: 1, keepEnd: 1, with: '*' }] },
      ],
    },
  ],
  ['a column taken twice', ALL, { columns: [{ target: 'again', from: from('body') }] }],
  [
    'a concatenation',
    ALL,
    { columns: [{ target: 'both', from: { kind: 'concat', columns: ['note', 'body'], separator: '-' } }] },
  ],
  ['a filter', ALL, { rows: { filter: 'size(body) > 70000' } }],
  ['elements', ALL, { rows: { explode: { column: 'body', by: { kind: 'delimiter', separator: ';' }, as: 'part' } } }],
  [
    'elements beside it',
    ALL,
    { rows: { explode: { column: 'note', by: { kind: 'delimiter', separator: ',' }, as: 'part' } } },
  ],
  ['a route', ALL, { route: { expression: "size(body) > 70000 ? 'large' : 'small'", tables: ['large', 'small'] } }],
  ['a script that leaves it', ALL, { script: script('function transform(row) { row.note = "n"; return row; }') }],
  [
    'a script that reads it',
    ALL,
    { script: script('function transform(row) { row.note = String(row.body.length + row.doc.length); return row; }') },
  ],
  [
    'a script that copies it',
    ALL,
    { script: script('const transform = (row) => [{ ...row }, { ...row, id: row.id + 1 }];') },
  ],
];

const UNICODE = 'ä;😀;\ufeff';
const images = (id: number, length: number): RowImage => [
  id,
  'x,y',
  `${'a'.repeat(length)};${UNICODE}`,
  JSON.stringify({ name: 'b'.repeat(length) }),
];
const before = images(1, 69_900);
const after = images(1, 80_000);
const CHANGES = [insert(after), update(before, after), update(after, before), remove(before)];

const encoded = (image: RowImage): RowImage =>
  image.map((value) =>
    typeof value === 'string' && value.length > 65_536 ? new EncodedText(Buffer.from(value)) : value,
  );
const withEncoded = (change: RowChange): RowChange => {
  switch (change.kind) {
    case 'insert':
      return { ...change, after: encoded(change.after) };
    case 'update':
      return { ...change, before: encoded(change.before), after: encoded(change.after) };
    case 'delete':
      return { ...change, before: encoded(change.before) };
  }
};

const imagesOf = (change: MappedChange): readonly (RowImage | undefined)[] => [
  change.kind === 'insert' ? undefined : change.before,
  change.kind === 'delete' ? undefined : change.after,
];
const textOf = (value: ColumnValue | undefined) => (value instanceof EncodedText ? value.text : value);
const plain = (changes: readonly MappedChange[]) =>
  changes.map((change) => ({
    ...{ kind: change.kind, target: change.target, refusal: change.refusal },
    images: imagesOf(change).map((image) => image?.map(textOf)),
  }));

describe('a large text that came encoded', () => {
  it.each(MAPPINGS)('is the same to %s', async (_what, columns, rules) => {
    const mapping = mappingOf(rules, { source: TABLE, columns });
    expect(mapping.leavesTexts).toBe(true);
    const facts = (change: RowChange) => ({ ...FACTS, kind: change.kind });
    const mapped = async (changes: readonly RowChange[]) =>
      (await mapping.mapAll(changes.map((change) => ({ change, facts: facts(change) })))).map((row) => row.changes);
    const strings = await mapped(CHANGES);
    const left = await mapped(CHANGES.map(withEncoded));
    expect(left.map(plain)).toStrictEqual(strings.map(plain));
    expect(strings.flat().length).toBeGreaterThan(0);
  });

  it('stays encoded where no rule looks at it', () => {
    const mapping = mappingOf({ columns: [expression('note', 'upper(note)')] }, { source: TABLE, columns: ALL });
    const [mapped] = mapping.map(withEncoded(insert(after)), { ...FACTS, kind: 'insert' });
    expect(imagesOf(mapped as MappedChange)[1]?.map((value) => value instanceof EncodedText)).toEqual([
      ...[false, false, true, true],
    ]);
  });

  it.each<[string, MappingRules]>([
    ['aggregate', { aggregate: {} as never }],
    ['lookups', { lookups: [] }],
    ['processors', { processors: [] }],
  ])('is not given to %s', (_what, rules) => {
    expect(leavesTexts(rules)).toBe(false);
  });
});
