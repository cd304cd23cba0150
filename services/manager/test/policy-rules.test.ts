import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_PARAMETERS, SyncError } from '@lutra/model';
import type { ConflictPolicy, MappingDefinition, NamePattern, PipelineDefinition } from '@lutra/model';
import type { ConflictPolicyDto } from '../src/mappings/conflict-policy.dto.ts';
import { conflictPolicyOf, requirePolicyColumns } from '../src/mappings/read-conflict-policy.ts';
import { checkParameters, requireConfirmation } from '../src/pipelines/parameter-rules.ts';
import { refuseMixedPolicies } from '../src/publishing/policy-rules.ts';
import { sampleNames } from '../src/publishing/sample-names.ts';

const SOURCE_WINS: ConflictPolicy = { kind: 'sourceWins' };

function codeOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return SyncError.of(error).code;
  }
}

type Rule = Pick<MappingDefinition, 'onConflict' | 'weight'>;
interface Short extends Rule {
  readonly table: NamePattern;
  readonly target?: string;
  readonly schema?: string;
}

function definition(mappings: readonly Short[]): PipelineDefinition {
  const database = {
    id: 'D',
    name: 'D',
    kind: 'mysql',
    host: 'd',
    port: 1,
    user: 'u',
    password: '',
    tls: 'disabled',
  } as const;
  return {
    ...{ id: 'P', name: 'shop', channelId: 'C', revision: 1, source: database, target: database },
    mappings: mappings.map(({ table, target, schema = 't', ...rule }, index) => ({
      id: `M${String(index)}`,
      source: { schema: 's', table },
      target: target === undefined ? { schema } : { schema, table: target },
      columns: { mode: 'all' },
      ...rule,
    })),
    parameters: DEFAULT_PARAMETERS,
    start: { kind: 'latest' },
  };
}

const regex = (text: string, target?: string): Short => ({
  table: { regex: text },
  ...(target === undefined ? {} : { target }),
});
const exact = (name: string): Short => ({ table: { exact: name } });
const wins = (short: Short): Short => ({ ...short, onConflict: SOURCE_WINS });

describe('refuseMixedPolicies', () => {
  it.each<[string, readonly Short[], boolean]>([
    ['tables with policies of their own', [exact('a'), wins(exact('b'))], true],
    ['one table and two policies', [exact('a'), wins(exact('a'))], false],
    ['one table and two weights', [exact('a'), { ...exact('a'), weight: 1 }], false],
    ['the default in other words', [exact('a'), { ...exact('a'), onConflict: { kind: 'overwrite' }, weight: 0 }], true],
    ['a name that an expression covers', [wins(exact('accounts')), regex('.*')], false],
    ['a name that an expression leaves out', [wins(exact('accounts')), regex('(?!accounts$).*')], true],
    ['the same in another schema', [wins(exact('accounts')), { ...regex('.*'), schema: 'u' }], true],
    ['an expression inside another one', [wins(regex('orders_\\d+')), regex('ord.*')], false],
    ['expressions that cannot meet', [wins(regex('orders_\\d+')), regex('items_\\d+')], true],
    ['a name that groups may give', [regex('(\\w+)_(\\d+)', '$1.$2'), wins(exact('orders.1'))], false],
    ['names made of groups below an expression', [regex('x_(\\d+)', 'orders_$1'), wins(regex('orders_.*'))], false],
    ['two families of names made of groups', [regex('a_(\\d+)', 'x_$1'), wins(regex('b_(\\d+)', 'y_$1'))], true],
    ['one policy whatever meets', [wins(regex('.*')), wins(regex('a.*'))], true],
  ])('%s', (_sentence, mappings, isTaken) => {
    expect(
      codeOf(() => {
        refuseMixedPolicies(definition(mappings));
      }),
    ).toBe(isTaken ? null : 'MAPPING_POLICY_CONFLICT');
  });

  it('names table and mappings', () => {
    expect(() => {
      refuseMixedPolicies(definition([wins(exact('orders')), regex('ord.*')]));
    }).toThrow('Two mappings of pipeline shop write the target table t.orders and differ');
  });
});

describe('sampleNames', () => {
  it.each<[string, readonly string[]]>([
    ['orders', ['orders']],
    ['a|b', ['a', 'b']],
    ['ord_(eu|us)', ['ord_eu', 'ord_us']],
    ['x\\d{3}', ['x111']],
    ['x?y', ['y', 'xy']],
    ['[^a]z', ['1z', '_z']],
    ['(?<n>a)\\.b', ['a.b']],
    ['(', []],
    ['a)b', []],
  ])('%s', (text, expected) => {
    expect(sampleNames(text)).toEqual(expected);
  });

  it('ends for every text, with few names', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab1(|)[]^$.*+?{}\\,dw2-')) }), (text) => {
        expect(sampleNames(text).length).toBeLessThanOrEqual(64);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('conflictPolicyOf', () => {
  it.each<[string, ConflictPolicyDto, ConflictPolicy | null]>([
    ['a plain policy', { kind: 'manual' }, { kind: 'manual' }],
    ['a plain policy with a column', { kind: 'ignore', column: 'c' }, null],
    ['latestWins', { kind: 'latestWins', column: 'c' }, { kind: 'latestWins', column: 'c' }],
    ['latestWins without a column', { kind: 'latestWins' }, null],
    ['latestWins with columns', { kind: 'latestWins', column: 'c', columns: ['d'] }, null],
    ['merge', { kind: 'merge', deltaColumns: ['c'] }, { kind: 'merge', columns: [], deltaColumns: ['c'] }],
    ['merge of nothing', { kind: 'merge', columns: [] }, null],
    ['merge of one column in both lists', { kind: 'merge', columns: ['a', 'b'], deltaColumns: ['B'] }, null],
    ['merge with a column', { kind: 'merge', columns: ['a'], column: 'b' }, null],
  ])('%s', (_sentence, given, expected) => {
    if (expected === null) expect(codeOf(() => conflictPolicyOf(given))).toBe('REQUEST_INVALID');
    else expect(conflictPolicyOf(given)).toEqual(expected);
  });

  it('asks for columns that the mapping writes, where it lists them', () => {
    const policy: ConflictPolicy = { kind: 'merge', columns: ['A'], deltaColumns: ['b'] };
    const list = (...names: string[]) =>
      ({ mode: 'list', columns: names.map((name) => ({ source: 'x', target: name })) }) as const;
    expect(
      codeOf(() => {
        requirePolicyColumns(policy, list('a', 'B'));
      }),
    ).toBeNull();
    expect(
      codeOf(() => {
        requirePolicyColumns(policy, list('a'));
      }),
    ).toBe('REQUEST_INVALID');
    expect(
      codeOf(() => {
        requirePolicyColumns(policy, { mode: 'all' });
      }),
    ).toBeNull();
  });
});

describe('parameters', () => {
  it('whole transactions belong to transactional mode', () => {
    expect(
      codeOf(() => {
        checkParameters({ keepTransactions: true });
      }),
    ).toBe('REQUEST_INVALID');
    expect(
      codeOf(() => {
        checkParameters({ keepTransactions: true, applyMode: 'transactional' });
      }),
    ).toBeNull();
  });

  it.each<[string, boolean, boolean, string | undefined, string | null]>([
    ['the end of a dry run wants a word', true, false, undefined, 'CONFIRMATION_MISSING'],
    ['and takes it', true, false, 'apply', null],
    ['its beginning does not', false, true, undefined, null],
    ['nor does anything else', true, true, undefined, null],
  ])('%s', (_sentence, was, wanted, confirm, expected) => {
    const pipeline = { name: 'shop', parameters: { dryRun: was } };
    expect(
      codeOf(() => {
        requireConfirmation(pipeline, { dryRun: wanted }, confirm);
      }),
    ).toBe(expected);
  });
});
