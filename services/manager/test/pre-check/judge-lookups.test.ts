import { describe, expect, it } from '@jest/globals';
import { lookupName } from '@lutra/mapping';
import { SyncError } from '@lutra/model';
import type { LookupRule, MappingRules } from '@lutra/model';
import type { TargetTable } from '@lutra/sql';
import type { LookupFacts } from '../../src/pre-check/judge-lookups.ts';
import { judgeFacts } from '../../src/pre-check/judge-facts.ts';
import { column, definition, facts, mappingOf, table } from './pre-check-facts.ts';

// Goal: what cannot work with look-ups is an error by name before the start, and what they cannot promise a warning.

const RULE: LookupRule = {
  ...{ name: 'place', schema: 'base', table: 'places', columns: ['title'], ttlMs: 1, rowsMax: 1, missing: 'null' },
  key: [{ column: 'id', expression: 'place_id' }],
};
const orders = table('orders', [column('id', 'int', { nullable: false }), column('place_id', 'int')]);
const target = table('orders', [...orders.columns.values(), column('title', 'varchar(20)')]);
const places = table('places', [column('id', 'int', { nullable: false }), column('title', 'varchar(20)')]);
const TITLE: MappingRules = {
  lookups: [RULE],
  columns: [{ target: 'title', from: { kind: 'lookup', lookup: 'place', column: 'title' } }],
};

function findingsOf(rules: MappingRules, looked: TargetTable | SyncError | null, found = target) {
  const mapping = { ...mappingOf(), rules };
  const lookups: LookupFacts = new Map([
    [lookupName(RULE), SyncError.is(looked) ? { failure: looked } : { value: looked }],
  ]);
  const pair = { mapping, source: orders, targetName: { schema: 'shop', table: 'orders' }, target: found };
  return judgeFacts(
    facts({
      definition: definition({ mappings: [mapping] }),
      tables: { value: { pairs: [pair], idle: [], leftOut: 0 } },
      lookups,
    }),
  )
    .findings.filter(({ code }) => code.includes('LOOKUP'))
    .map(({ code, severity, subject }) => [code, severity, subject.name]);
}

describe('a look-up', () => {
  it('that fits gives no reason to say anything', () => {
    expect(findingsOf(TITLE, places)).toEqual([]);
  });

  it('whose table or columns are not there is an error, by name', () => {
    const invalid = [['MAPPING_LOOKUP_INVALID', 'error', 'M']];
    expect(findingsOf(TITLE, null)).toEqual(invalid);
    expect(findingsOf({ ...TITLE, lookups: [{ ...RULE, columns: ['title', 'none'] }] }, places)).toEqual(invalid);
    expect(
      findingsOf({ ...TITLE, lookups: [{ ...RULE, key: [{ column: 'title', expression: 'id' }] }] }, places),
    ).toEqual([
      ['MAPPING_LOOKUP_INVALID', 'error', 'M'],
      ['LOOKUP_KEY_NOT_UNIQUE', 'warning', 'M'],
    ]);
  });

  it('whose table cannot be read is an error, unless its server is away', () => {
    const away = new SyncError('TARGET_UNREACHABLE', { problem: 'gone' });
    const denied = new SyncError('TARGET_GRANT_MISSING', { problem: 'no' });
    expect(findingsOf(TITLE, away)).toEqual([['LOOKUP_NOT_READ', 'warning', 'M']]);
    expect(findingsOf(TITLE, denied)).toEqual([['LOOKUP_NOT_READ', 'error', 'M']]);
  });

  it('that may find several rows is a warning', () => {
    expect(findingsOf(TITLE, { ...places, key: null, uniqueKeys: [] })).toEqual([
      ['LOOKUP_KEY_NOT_UNIQUE', 'warning', 'M'],
    ]);
  });

  it('that decides where rows stand is a warning', () => {
    const deciding = [['LOOKUP_DECIDES_ROWS', 'warning', 'M']];
    expect(findingsOf({ ...TITLE, rows: { filter: 'place.title != "x"' } }, places)).toEqual(deciding);
    expect(findingsOf({ ...TITLE, route: { expression: 'place.title', tables: ['orders'] } }, places)).toEqual(
      deciding,
    );
    const key = { name: 'PRIMARY', columns: ['title'], isExact: true, isNotNull: true };
    expect(findingsOf(TITLE, places, { ...target, key, uniqueKeys: [key] })).toEqual(deciding);
  });
});
