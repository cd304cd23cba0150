import { describe, expect, it } from '@jest/globals';
import { madeColumns } from '@lutra/model';
import { checkedBody } from '../src/http/request-pipe.ts';
import { MappingRulesDto } from '../src/mapping-rules/mapping-rules.dto.ts';
import { rulesOf } from '../src/mapping-rules/read-rules.ts';
import type { GivenRules } from '../src/mapping-rules/read-rules.ts';
import { RULES } from './workshop.ts';

const read = (plain: object): GivenRules | null => rulesOf(checkedBody(MappingRulesDto, plain));
const ofColumn = (from: object, steps: readonly object[] = []): object => ({ columns: [{ target: 't', from, steps }] });
const ofStep = (step: object): object => ofColumn({ kind: 'column', column: 'a' }, [step]);

const LOOKUP = { name: 'c', schema: 's', table: 't', key: [{ column: 'id', expression: 'a' }], columns: ['a'] };

describe('rules of a request', () => {
  it('are what was given', () => {
    expect(read(RULES)).toEqual(RULES);
  });

  it('count rows, with no values unless they are given', () => {
    const aggregate = { groupBy: [{ expression: 'a', target: 'b' }], count: 'n' };
    expect(read({ aggregate })).toEqual({ aggregate: { ...aggregate, values: [] } });
    const values = [{ function: 'sum', expression: 'c * 2', target: 'd' }];
    const rules = { aggregate: { ...aggregate, values } };
    expect(read(rules)).toEqual(rules);
    expect([...madeColumns(read(rules) ?? {})].sort()).toEqual(['b', 'd', 'n']);
  });

  it('are none when nothing is given', () => {
    expect(read({})).toBeNull();
    expect(read({ columns: [], columnGroups: [] })).toBeNull();
  });

  it.each<[string, object, object]>([
    ['a default is for null', { kind: 'default', value: null }, { kind: 'default', value: null, when: 'null' }],
    [
      'a value that is not mapped is an error',
      { kind: 'map', entries: [{ from: 1, to: true }] },
      { kind: 'map', entries: [{ from: 1, to: true }], otherwise: { kind: 'fail' } },
    ],
    ['a loss is an error', { kind: 'convert', type: 'int' }, { kind: 'convert', type: 'int', onLoss: 'fail' }],
    ['all characters are hidden', { kind: 'partial' }, { kind: 'partial', keepStart: 0, keepEnd: 0, with: '*' }],
  ])('unless told otherwise, %s', (_what, given, expected) => {
    expect(read(ofStep(given))?.columns?.[0]?.steps).toEqual([expected]);
  });

  it.each<[string, object, string]>([
    ['a field of another origin', ofColumn({ kind: 'column', column: 'a', fact: 'gtid' }), 'rules.columns.0.from.fact'],
    ['no column', ofColumn({ kind: 'column' }), 'rules.columns.0.from.column'],
    [
      'a field of another step',
      ofStep({ kind: 'token', key: 'k'.repeat(14), length: 9 }),
      'rules.columns.0.steps.0.length',
    ],
    ['no type', ofStep({ kind: 'convert' }), 'rules.columns.0.steps.0.type'],
    [
      'a value beside keep',
      ofStep({ kind: 'map', entries: [{ from: 1, to: 2 }], otherwise: { kind: 'keep', value: 1 } }),
      'rules.columns.0.steps.0.otherwise.value',
    ],
    [
      'a column twice',
      {
        columns: [
          { target: 'A', from: { kind: 'fact', fact: 'gtid' } },
          { target: 'a', from: { kind: 'fact', fact: 'gtid' } },
        ],
      },
      'rules.columns',
    ],
    ['a table twice', { route: { expression: 'x', tables: ['a', 'a'] } }, 'rules.route.tables'],
    [
      'a separator of a JSON array',
      { rows: { explode: { column: 'a', by: { kind: 'json', separator: ',' }, as: 'b' } } },
      'rules.rows.explode.by.separator',
    ],
    [
      'an element and its number in one column',
      { rows: { explode: { column: 'a', by: { kind: 'json' }, as: 'b', positionAs: 'B' } } },
      'rules.rows.explode.positionAs',
    ],
    ['a look-up without a key', { lookups: [{ ...LOOKUP, key: [] }] }, 'key must contain at least 1'],
    ['a look-up of no name', { lookups: [{ ...LOOKUP, name: 'a b' }] }, 'name must be a name of letters'],
    ['two look-ups of a name', { lookups: [LOOKUP, { ...LOOKUP, name: 'C' }] }, 'rules.lookups names c twice'],
    ['a look-up called row', { lookups: [{ ...LOOKUP, name: 'Row' }] }, 'may not be called row'],
    ['a look-up called before', { lookups: [{ ...LOOKUP, name: 'before' }] }, 'may not be called before'],
    ['a column of a look-up twice', { lookups: [{ ...LOOKUP, columns: ['a', 'A'] }] }, 'rules.lookups.0.columns'],
    ['a look-up that is not said', ofColumn({ kind: 'lookup', column: 'a' }), 'rules.columns.0.from.lookup'],
    ['a processor without a name', { processors: [{}] }, 'name must be'],
    ['an aggregate of no groups', { aggregate: { groupBy: [], count: 'n' } }, 'groupBy'],
    ['a key of another form', ofStep({ kind: 'token', key: { set: false } }), 'key must be a key of 14 to'],
    ['a key that can be guessed', ofStep({ kind: 'token', key: 'thirteen long' }), 'key must be a key of 14 to'],
    ['an object as value', ofColumn({ kind: 'constant', value: {} }), 'value must be null, true, false, a number'],
    ['a group without columns', { columnGroups: [[]] }, 'each group in columnGroups'],
  ])('are refused with %s, by field', (_what, given, told) => {
    expect(() => read(given)).toThrow(told);
  });
});

it('look-ups have defaults', () => {
  const rules = read({
    lookups: [LOOKUP],
    columns: [{ target: 'x', from: { kind: 'lookup', lookup: 'c', column: 'a' } }],
  });
  expect(rules).toEqual({
    lookups: [{ ...LOOKUP, ttlMs: 60_000, rowsMax: 10_000, missing: 'fail' }],
    columns: [{ target: 'x', from: { kind: 'lookup', lookup: 'c', column: 'a' } }],
  });
});

it('columns that rules fill are told', () => {
  expect([...madeColumns(read(RULES) ?? {})].sort()).toEqual([
    ...['at', 'computed', 'constant', 'converted', 'gone', 'joined', 'made', 'masked', 'no', 'part'],
  ]);
});
