import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { checkedBody } from '../src/http/request-pipe.ts';
import { checkRules } from '../src/mapping-rules/check-rules.ts';
import { MappingRulesDto } from '../src/mapping-rules/mapping-rules.dto.ts';
import { rulesOf } from '../src/mapping-rules/read-rules.ts';
import { RULES } from './workshop.ts';

const check = (plain: object): Promise<void> => checkRules(rulesOf(checkedBody(MappingRulesDto, plain)));
const column = (from: object, ...steps: readonly object[]): object => ({ columns: [{ target: 't', from, steps }] });
const SOME = { kind: 'column', column: 'a' };
const script = (source: string): object => ({ script: { source } });

async function refusalOf(plain: object): Promise<unknown> {
  try {
    await check(plain);
    return null;
  } catch (error) {
    const { code, details } = SyncError.of(error);
    const { field, problem } = details;
    return [code, field ?? (details['fields'] as { field: string }[])[0]?.field, problem];
  }
}

const LOOKUP = {
  ...{ name: 'c', schema: 's', table: 't', key: [{ column: 'id', expression: 'a' }], columns: ['name'] },
  ...{ ttlMs: 1, rowsMax: 1, missing: 'null' },
} as const;

describe('rules that are saved', () => {
  it('are taken when nothing can be said against them', async () => {
    expect(await refusalOf(RULES)).toBeNull();
    expect(await refusalOf({})).toBeNull();
  });

  it.each(['+02:00', 'UTC', 'Europe/Vienna'])('take the zone %s, as steps do', async (zone) => {
    expect(await refusalOf(column(SOME, { kind: 'convert', type: 'datetime', zone }))).toBeNull();
  });

  it.each<[string, object, string, string, RegExp]>([
    [
      'a type that is none',
      column(SOME, { kind: 'convert', type: 'money' }),
      'REQUEST_INVALID',
      'rules.columns.0.steps.0.type',
      /no type/,
    ],
    [
      'a zone that is none',
      column(SOME, { kind: 'convert', type: 'datetime', zone: 'Mars/Base' }),
      'REQUEST_INVALID',
      'rules.columns.0.steps.0.zone',
      /no time zone/,
    ],
    [
      'a step that a fact cannot take',
      column({ kind: 'fact', fact: 'commitTime' }, { kind: 'convert', type: 'varchar(20)', format: '??' }),
      'MAPPING_STEP_INVALID',
      'rules.columns.0',
      /cannot be made/,
    ],
    [
      'an expression that does not compile',
      column({ kind: 'expression', expression: 'a +' }),
      'MAPPING_EXPRESSION_INVALID',
      'rules.columns.0.from.expression',
      /line 1, column \d/,
    ],
    [
      'a value of a group that does not compile',
      {
        aggregate: {
          groupBy: [{ expression: 'a', target: 'a' }],
          count: 'n',
          values: [{ function: 'sum', expression: 'b +', target: 'b' }],
        },
      },
      'MAPPING_EXPRESSION_INVALID',
      'rules.aggregate.values.0.expression',
      /line 1/,
    ],
    [
      'a key of a look-up that does not compile',
      { lookups: [{ ...LOOKUP, key: [{ column: 'id', expression: 'a +' }] }] },
      'MAPPING_EXPRESSION_INVALID',
      'rules.lookups.0.key.0.expression',
      /line 1/,
    ],
    [
      'a column that no look-up brings',
      { lookups: [LOOKUP], rows: { filter: 'c.other == 1' } },
      'MAPPING_EXPRESSION_INVALID',
      'rules.rows.filter',
      /no column other/,
    ],
    [
      'a computed column that no look-up brings',
      { lookups: [LOOKUP], ...column({ kind: 'lookup', lookup: 'd', column: 'name' }) },
      'MAPPING_LOOKUP_INVALID',
      'rules.columns.0.from',
      /no look-up/,
    ],
    [
      'a function that there is not',
      { route: { expression: 'no_such(a)', tables: ['t'] } },
      'MAPPING_EXPRESSION_INVALID',
      'rules.route.expression',
      /no_such/,
    ],
    [
      'a filter that is no condition',
      { rows: { filter: '1 + 1' } },
      'MAPPING_EXPRESSION_INVALID',
      'rules.rows.filter',
      /type bool/,
    ],
    [
      'a script that does not compile',
      script('function transform(row) {\n  return row +;\n}'),
      'MAPPING_SCRIPT_INVALID',
      'rules.script.source',
      /line 2/,
    ],
    [
      'a script without its function',
      script('const a = 1;'),
      'MAPPING_SCRIPT_INVALID',
      'rules.script.source',
      /no function transform/,
    ],
    [
      'a column of a script of a type that is none',
      { script: { source: 'function transform() {}', columns: [{ name: 'a', type: 'money' }] } },
      'REQUEST_INVALID',
      'rules.script.columns.0.type',
      /no type/,
    ],
  ])('are refused with %s, by field', async (_what, plain, code, field, problem) => {
    expect(await refusalOf(plain)).toEqual([code, field, expect.stringMatching(problem)]);
  });
});
