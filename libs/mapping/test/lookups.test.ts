/**
 * Goal: the columns of a look-up are columns of the row for every rule, each key is asked for once, and what is not found is
 * what the rule says.
 * Method: mappings over a reader that answers from a map and remembers what it was asked.
 */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { compileMappings, must } from '@lutra/model';
import type { ColumnDefinition, LookupRule, MappingRules, RowChange, TableDefinition } from '@lutra/model';
import { checkExpression } from '../src/expression/check-expression.ts';
import type { LookupAnswer, LookupReader } from '../src/lookup/table-lookups.ts';
import type { MappedRow } from '../src/table-mapping.ts';
import { TableMapping } from '../src/table-mapping.ts';
import { codeOf, FACTS, insert, ORDERS, remove, update } from './mapping-fixture.ts';

const KEY = 'the key of this test alone';

const column = (name: string, kind: ColumnDefinition['kind'], declared: string): ColumnDefinition => ({
  ...{ name, kind, declared, nullable: false, ...(kind === 'integer' ? { bytes: 4 } : {}) },
});
const REGIONS: TableDefinition = {
  ...{ schema: 'base', table: 'regions', primaryKey: [0] },
  columns: [
    column('code', 'text', 'varchar(5)'),
    column('title', 'text', 'varchar(40)'),
    column('tax', 'integer', 'int'),
    column('weight', 'double', 'double'),
    column('since', 'date', 'date'),
  ],
};
const RULE: LookupRule = {
  ...{ name: 'place', schema: 'base', table: 'regions', columns: ['title', 'tax'] },
  ...{ key: [{ column: 'code', expression: 'region' }], ttlMs: 1_000, rowsMax: 10, missing: 'null' },
};
const KNOWN: ReadonlyMap<string, LookupAnswer> = new Map<string, LookupAnswer>([
  ['eu', ['Europe', 20]],
  ['us', ['America', 7]],
  ['xx', 'several'],
  ['yy', 'tooLarge'],
]);

function mappingOf(rules: MappingRules, columns: 'all' | 'few' = 'few', table: TableDefinition | null = REGIONS) {
  const mapping = {
    ...{
      id: 'm1',
      source: { schema: 'shop', table: { exact: 'orders' } },
      target: { schema: 'archive', table: 'copies' },
    },
    columns:
      columns === 'all'
        ? ({ mode: 'all' } as const)
        : ({ mode: 'list', columns: [{ source: 'id', target: 'id' }] } as const),
    rules,
  };
  const context = { source: ORDERS, openKey: () => KEY, lookupTable: () => table };
  return must(TableMapping.all(compileMappings([mapping]), context)[0], 'the mapping covers the table');
}

async function map(mapping: TableMapping, ...changes: RowChange[]) {
  const asked: (readonly string[])[] = [];
  const reader: LookupReader = {
    read: (_lookup, keys) => {
      asked.push(keys.map(({ text }) => text));
      return Promise.resolve(keys.map(({ text }) => KNOWN.get(text) ?? 'missing'));
    },
  };
  const rows = changes.map((change) => ({ change, facts: { ...FACTS, kind: change.kind } }));
  return { rows: await mapping.mapAll(rows, reader), asked };
}

const changesOf = (rows: readonly MappedRow[]) =>
  rows.map(({ changes, refusal }) => (refusal === null ? changes : refusal.code));
const row = (id: number, region: string | null): (string | number | null)[] => [id, 5, region, null, null];
const TITLE = { target: 'title', from: { kind: 'lookup', lookup: 'place', column: 'title' } } as const;

describe('a look-up', () => {
  it('brings columns that are copied, computed with, and asked for once', async () => {
    const rules: MappingRules = {
      lookups: [RULE],
      columns: [TITLE, { target: 'due', from: { kind: 'expression', expression: 'amount + place.tax' } }],
    };
    const mapping = mappingOf(rules);
    expect(mapping.targets[0]?.columns).toMatchObject([
      { name: 'id', nullable: true },
      { name: 'title', declared: 'varchar(40)', nullable: true, ofChange: true },
      { name: 'due', declared: 'bigint', ofChange: true },
    ]);
    expect(mapping.targets[0]?.primaryKey).toEqual([0]);
    expect(mapping.reads).toEqual([0, 1, 2]);
    const { rows, asked } = await map(
      mapping,
      insert(row(1, 'eu')),
      update(row(1, 'eu'), row(1, 'us')),
      remove(row(1, 'us')),
      insert(row(2, 'nowhere')),
      insert(row(3, null)),
    );
    expect(changesOf(rows)).toEqual([
      [{ kind: 'insert', target: 0, after: [1, 'Europe', 25n] }],
      [{ kind: 'update', target: 0, before: [1, 'Europe', 25n], after: [1, 'America', 12n] }],
      [{ kind: 'delete', target: 0, before: [1, 'America', 12n] }],
      [{ kind: 'insert', target: 0, after: [2, null, null] }],
      [{ kind: 'insert', target: 0, after: [3, null, null] }],
    ]);
    expect(asked).toEqual([['eu', 'us', 'nowhere']]);
  });

  it('brings nothing that nobody asked for', async () => {
    const mapping = mappingOf({ lookups: [RULE], rows: { filter: 'place.tax > 10' } }, 'all');
    expect(mapping.targets[0]?.columns).toEqual(ORDERS.columns);
    const { rows } = await map(
      mapping,
      insert(row(1, 'eu')),
      update(row(1, 'eu'), row(1, 'us')),
      insert(row(2, 'nowhere')),
    );
    expect(changesOf(rows)).toEqual([
      [{ kind: 'insert', target: 0, after: row(1, 'eu') }],
      [{ kind: 'delete', target: 0, before: row(1, 'eu') }],
      [],
    ]);
  });

  it('goes with explode and hash over a row of 64 MiB', async () => {
    const large = 'x'.repeat(64 * 1024 * 1024);
    const digest = createHmac('sha256', KEY).update(large).digest('hex');
    const rules: MappingRules = {
      lookups: [RULE],
      rows: { filter: 'place.tax > 10', explode: { column: 'tags', by: { kind: 'json' }, as: 'tag' } },
      columns: [
        TITLE,
        { target: 'digest', from: { kind: 'column', column: 'words' }, steps: [{ kind: 'hash', key: 'env:KEY' }] },
      ],
    };
    const taken = [1, 5, 'eu', '["a"]', large];
    // Three of them are more than one row may become.
    const { rows } = await map(mappingOf(rules, 'all'), insert(taken), insert(taken.with(3, '["a","b","c"]')));
    expect(rows.map(({ refusal }) => refusal?.code)).toEqual([undefined, 'ROW_TOO_LARGE']);
    const [change] = rows[0]?.changes ?? [];
    expect(change).toMatchObject({
      kind: 'insert',
      after: [1, 5, 'eu', '["a"]', expect.any(String), 'a', 'Europe', digest],
    });
  });

  it('decides about routes', async () => {
    const route = { expression: 'place.tax > 10 ? "high" : "low"', tables: ['high', 'low'] };
    const { rows } = await map(mappingOf({ lookups: [RULE], route }), insert(row(1, 'eu')), insert(row(2, 'us')));
    expect(rows.flatMap(({ changes }) => changes.map(({ target }) => target))).toEqual([0, 1]);
  });

  it('can be listed under a name of its own', async () => {
    const rules: MappingRules = {
      lookups: [{ ...RULE, name: 'r' }],
      columns: [{ ...TITLE, from: { ...TITLE.from, lookup: 'R' } }],
    };
    const { rows } = await map(mappingOf(rules), insert(row(1, 'eu')));
    expect(rows[0]?.changes).toEqual([{ kind: 'insert', target: 0, after: [1, 'Europe'] }]);
  });

  it('leaves out what the key of an image does not tell', async () => {
    const { rows, asked } = await map(
      mappingOf({ lookups: [RULE], columns: [TITLE] }),
      update([1, undefined, undefined], [1, 6, undefined]),
    );
    expect(changesOf(rows)).toEqual([[{ kind: 'update', target: 0, before: [1, undefined], after: [1, undefined] }]]);
    expect(asked).toEqual([]);
  });
});

describe('a look-up that comes to nothing', () => {
  const FAILING: MappingRules = { lookups: [{ ...RULE, missing: 'fail' }], columns: [TITLE] };

  it.each([
    ['no row, where that is to fail', 'nowhere', 'ROW_LOOKUP_MISSING'],
    ['several rows', 'xx', 'ROW_LOOKUP_SEVERAL'],
    ['a row that is too large', 'yy', 'ROW_TOO_LARGE'],
  ])('refuses the row: %s', async (_why, region, code) => {
    const { rows } = await map(mappingOf(FAILING), insert(row(1, region)), insert(row(2, 'eu')));
    expect(rows.map(({ refusal }) => refusal?.code)).toEqual([code, undefined]);
    expect(rows[0]?.changes[0]).toMatchObject({
      kind: 'insert',
      after: [1, undefined],
      refusal: { code, columns: [1] },
    });
  });

  it('refuses a row only before its change, as load can do without it', async () => {
    const { rows } = await map(mappingOf(FAILING), remove(row(1, 'nowhere')));
    expect(rows[0]?.changes).toMatchObject([
      { kind: 'delete', before: [1, undefined], refusal: { isOnlyBefore: true } },
    ]);
    const updated = await map(mappingOf(FAILING), update(row(1, 'nowhere'), row(1, 'eu')));
    expect(updated.rows[0]?.changes).toMatchObject([{ kind: 'update', refusal: { isOnlyBefore: true } }]);
  });

  it('refuses a row whose filter asks for it', async () => {
    const mapping = mappingOf({ lookups: [{ ...RULE, missing: 'fail' }], rows: { filter: 'place.tax > 1' } });
    const { rows } = await map(mapping, insert(row(1, 'nowhere')));
    expect(rows[0]?.refusal?.code).toBe('ROW_LOOKUP_MISSING');
  });

  it('refuses a row whose key cannot be computed, and no other', async () => {
    const key = [{ column: 'tax', expression: '10 / (amount - 5)' }];
    const mapping = mappingOf({ lookups: [{ ...RULE, key }], columns: [TITLE] });
    const { rows, asked } = await map(mapping, insert(row(1, 'eu')), insert([2, 6, 'eu', null, null]));
    expect(rows.map(({ refusal }) => refusal?.code)).toEqual(['ROW_DIVISION_BY_ZERO', undefined]);
    expect(asked).toEqual([['10']]);
  });
});

describe('a look-up that cannot be made', () => {
  const refused = (rule: Partial<LookupRule>, table?: TableDefinition | null) =>
    codeOf(() => mappingOf({ lookups: [{ ...RULE, ...rule }] }, 'few', table));

  it.each([
    ['no such table', {}, null],
    ['no such column', { columns: ['title', 'colour'] }, REGIONS],
    ['no such key', { key: [{ column: 'id', expression: 'id' }] }, REGIONS],
    ['a number for a text', { key: [{ column: 'code', expression: 'id' }] }, REGIONS],
    ['a text for a number', { key: [{ column: 'tax', expression: 'region' }] }, REGIONS],
    ['a text for a date', { key: [{ column: 'since', expression: 'region' }] }, REGIONS],
    ['a floating point key', { key: [{ column: 'weight', expression: '1e3' }] }, REGIONS],
    ['a key of the change', { key: [{ column: 'code', expression: 'row.gtid' }] }, REGIONS],
  ] as const)('is refused by name: %s', (_why, rule, table) => {
    expect(refused(rule, table)).toBe('MAPPING_LOOKUP_INVALID');
  });

  it('is refused where its key or a column cannot be computed', () => {
    expect(refused({ key: [{ column: 'code', expression: 'place.title' }] })).toBe('MAPPING_EXPRESSION_INVALID');
    const wrong = { ...TITLE, from: { ...TITLE.from, column: 'since' } };
    expect(codeOf(() => mappingOf({ lookups: [RULE], columns: [wrong] }))).toBe('MAPPING_COLUMN_UNKNOWN');
  });
});

describe('expressions before any table is known', () => {
  const check = (text: string) => checkExpression(text, null, null, { lookupColumns: ['place.title', 'place.tax'] });

  it('know what look-ups bring', () => {
    expect(check('Place.TITLE + region')).toMatchObject({ kind: 'valid' });
    expect(check('col("place.tax") + 1')).toMatchObject({ kind: 'valid' });
    expect(check('region + place.colour')).toMatchObject({ kind: 'invalid', offset: 9 });
    expect(check('col("place.colour")')).toMatchObject({ kind: 'invalid' });
    expect(check('other.title')).toMatchObject({ kind: 'invalid' });
  });
});
