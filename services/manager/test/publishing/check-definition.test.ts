import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS, SyncError } from '@lutra/model';
import type { MappingDefinition, PipelineDefinition } from '@lutra/model';
import { checkDefinition, isMappedOtherwise, MappingIndex } from '../../src/publishing/check-definition.ts';

const exact = (source: string, target: string): Omit<MappingDefinition, 'id'> =>
  named({ exact: table(source) }, source, target);
const regex = (expression: string, source: string, target: string): Omit<MappingDefinition, 'id'> =>
  named({ regex: expression }, `${source}.`, target);

const schemas = (
  expression: string,
  tables: string,
  target: MappingDefinition['target'],
): Omit<MappingDefinition, 'id'> => ({
  source: { schema: { regex: expression }, table: { regex: tables } },
  target,
  columns: { mode: 'all' },
});

const routed = (source: string, target: string, ...tables: readonly string[]): Omit<MappingDefinition, 'id'> => ({
  ...exact(source, target),
  rules: { route: { expression: "'x'", tables } },
});

/** 'schema.table' in short; a target without table keeps the source's name. */
function named(
  pattern: MappingDefinition['source']['table'],
  source: string,
  target: string,
): Omit<MappingDefinition, 'id'> {
  const [targetSchema = '', targetTable] = target.split('.');
  return {
    source: { schema: source.split('.')[0] ?? '', table: pattern },
    target: targetTable === undefined ? { schema: targetSchema } : { schema: targetSchema, table: targetTable },
    columns: { mode: 'all' },
  };
}

const table = (name: string): string => name.split('.')[1] ?? '';

function pipeline(
  name: string,
  mappings: readonly Omit<MappingDefinition, 'id'>[],
  { source = 'a', target = 'b' }: { readonly source?: string; readonly target?: string } = {},
): PipelineDefinition {
  const database = (host: string): PipelineDefinition['source'] => ({
    id: host,
    name: host,
    kind: 'mariadb',
    host,
    port: 3306,
    user: 'u',
    password: 'sealed',
    tls: 'disabled',
  });
  return {
    id: name,
    name,
    channelId: 'C',
    revision: 1,
    source: database(source),
    target: database(target),
    mappings: mappings.map((mapping, index) => ({ id: `${name}-${String(index)}`, ...mapping })),
    parameters: DEFAULT_PARAMETERS,
    start: { kind: 'latest' },
  };
}

function codeOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return SyncError.of(error).code;
  }
}

const COLLISION = 'MAPPING_TARGET_COLLISION';

describe('checkDefinition', () => {
  it.each<[string, readonly Omit<MappingDefinition, 'id'>[], string | null]>([
    ['different tables live side by side', [exact('s.a', 's'), exact('s.b', 's')], null],
    ['the tables of a route are side by side with others', [routed('s.a', 't', 'x', 'y'), exact('s.b', 't.z')], null],
    ['one of the tables of a route collides', [exact('s.a', 't.y'), routed('s.a', 't', 'x', 'y')], COLLISION],
    ['a route writes no table of the name of its source', [routed('s.a', 't', 'x'), exact('s.b', 't.a')], null],
    ['two sources may become one target table', [exact('s.a', 't.x'), exact('s.b', 't.x')], null],
    ['one source mapped twice to one target collides', [exact('s.a', 't'), exact('s.a', 't')], COLLISION],
    ['equal names in two target schemas do not collide', [exact('s.a', 't.x'), exact('s.b', 'u.x')], null],
    ['names are compared with their case', [exact('s.a', 't.x'), exact('s.b', 't.X')], null],
    ['a name that an expression covers too collides', [regex('ord.*', 's', 't'), exact('s.orders', 't')], COLLISION],
    ['a name that no expression covers does not', [regex('ord.*', 's', 't'), exact('s.items', 't')], null],
    ['one expression twice collides', [regex('ord.*', 's', 't'), regex('ord.*', 's', 't')], COLLISION],
    ['one expression over two schemas may become one', [regex('ord.*', 's', 't'), regex('ord.*', 'r', 't')], null],
    ['many tables may become one fixed table', [regex('ord_\\d+', 's', 't.orders')], null],
    [
      'one of them may not come by its name as well',
      [regex('ord_\\d+', 's', 't.orders'), exact('s.ord_7', 't.orders')],
      COLLISION,
    ],
    [
      'nor under another expression',
      [regex('ord_\\d+', 's', 't.orders'), regex('ord_[0-9]{3}', 's', 't.orders')],
      COLLISION,
    ],
    ['many tables whose group is dropped may become one', [regex('(eu|us)_(\\d+)', 's', 't.all_$2')], null],
    ['schemas of an expression may become one', [schemas('s_(\\d+)', '.*', { schema: 't' })], null],
    [
      'an expression over schemas collides with a name that it matches',
      [schemas('s_(\\d+)', '.*', { schema: 't' }), exact('s_1.a', 't')],
      COLLISION,
    ],
    [
      'it collides with none that it does not match',
      [schemas('s_(\\d+)', '.*', { schema: 't' }), exact('s_x.a', 't')],
      null,
    ],
    [
      'schemas under their own names collide',
      [schemas('s.*', '.*', { schema: '$s0' }), exact('s1.a', 's1')],
      COLLISION,
    ],
    [
      'a reserved schema that many go into is refused',
      [schemas('s.*', '.*', { schema: 'sys' })],
      'MAPPING_RESERVED_SCHEMA',
    ],
    [
      'an expression over schemas that does not compile is named',
      [schemas('s(', '.*', { schema: 't' })],
      'MAPPING_REGEX_INVALID',
    ],
    ['every group in the target name keeps tables apart', [regex('ord_(\\d+)', 's', 't.orders_$1')], null],
    ['an expression that does not compile is named', [regex('ord_(', 's', 't')], 'MAPPING_REGEX_INVALID'],
    ['a reserved source schema is refused', [exact('mysql.user', 't')], 'MAPPING_RESERVED_SCHEMA'],
    ['a reserved target schema is refused in any case', [exact('s.a', 'LUTRA')], 'MAPPING_RESERVED_SCHEMA'],
  ])('%s', (_rule, mappings, expected) => {
    expect(
      codeOf(() => {
        checkDefinition(pipeline('P', mappings), new MappingIndex([]));
      }),
    ).toBe(expected);
  });

  it.each<[string, PipelineDefinition, PipelineDefinition, string | null]>([
    [
      'pipelines that write one table of one target collide',
      pipeline('P', [exact('s.a', 't.x')]),
      pipeline('Q', [exact('s.b', 't.x')], { source: 'c' }),
      COLLISION,
    ],
    [
      'the same table of two targets is no collision',
      pipeline('P', [exact('s.a', 't.x')]),
      pipeline('Q', [exact('s.a', 't.x')], { target: 'c' }),
      null,
    ],
    [
      'a chain over three databases is no loop',
      pipeline('P', [exact('s.a', 's')]),
      pipeline('Q', [exact('s.a', 's')], { source: 'b', target: 'c' }),
      null,
    ],
    [
      'there and back is a loop',
      pipeline('P', [exact('s.a', 's')]),
      pipeline('Q', [exact('s.a', 's')], { source: 'b', target: 'a' }),
      'MAPPING_LOOP',
    ],
    [
      'there and back by expressions is a loop',
      pipeline('P', [regex('.*', 's', 's')]),
      pipeline('Q', [exact('s.a', 's')], { source: 'b', target: 'a' }),
      'MAPPING_LOOP',
    ],
    [
      'there and back by a route is a loop',
      pipeline('P', [exact('s.a', 's')]),
      pipeline('Q', [routed('s.a', 's', 'x', 'a')], { source: 'b', target: 'a' }),
      'MAPPING_LOOP',
    ],
    [
      'there and back by expressions over schemas is a loop',
      pipeline('P', [exact('s_1.a', 's_1')]),
      pipeline('Q', [schemas('s_(\\d+)', '.*', { schema: 's_$s1' })], { source: 'b', target: 'a' }),
      'MAPPING_LOOP',
    ],
    [
      'back into schemas that begin otherwise is no loop',
      pipeline('P', [schemas('s_(\\d+)', '.*', { schema: 'r_$s1' })]),
      pipeline('Q', [schemas('r_(\\d+)', '.*', { schema: 'copy_$s1' })], { source: 'b', target: 'a' }),
      null,
    ],
    [
      'back into another schema is no loop',
      pipeline('P', [exact('s.a', 's')]),
      pipeline('Q', [exact('s.a', 'r')], { source: 'b', target: 'a' }),
      null,
    ],
  ])('%s', (_rule, one, other, expected) => {
    expect(
      codeOf(() => {
        checkDefinition(one, new MappingIndex([other]));
      }),
    ).toBe(expected);
  });

  it('a table written onto itself is a loop', () => {
    const same = { source: 'a', target: 'A' };
    expect(
      codeOf(() => {
        checkDefinition(pipeline('P', [exact('s.a', 's')], same), new MappingIndex([]));
      }),
    ).toBe('MAPPING_LOOP');
    expect(
      codeOf(() => {
        checkDefinition(pipeline('P', [exact('s.a', 'r')], same), new MappingIndex([]));
      }),
    ).toBeNull();
  });

  it('names the table and both pipelines', () => {
    const one = pipeline('shop', [exact('s.a', 't.x')]);
    const other = pipeline('store', [exact('s.b', 't.x')]);
    expect(() => {
      checkDefinition(one, new MappingIndex([other]));
    }).toThrow('t.x is written by the pipelines shop and store');
  });
});

describe('isMappedOtherwise', () => {
  const before = pipeline('P', [exact('s.a', 's')]);
  it.each<[string, PipelineDefinition, boolean]>([
    ['a new password', { ...before, source: { ...before.source, password: 'other' } }, false],
    ['another revision, name and batch size', { ...before, revision: 2, name: 'Q' }, false],
    ['another server', { ...before, target: { ...before.target, port: 1 } }, true],
    ['another mapping', pipeline('P', [exact('s.b', 's')]), true],
  ])('%s', (_what, after, expected) => {
    expect(isMappedOtherwise(before, after)).toBe(expected);
    expect(isMappedOtherwise(undefined, after)).toBe(true);
  });
});
