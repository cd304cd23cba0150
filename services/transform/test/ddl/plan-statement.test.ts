// Goal: a schema statement gets the target's names and nothing else changes; where that is not certain it is refused.
// Method: a table of statements of both families, each with the text that the target gets.
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS, SyncError } from '@lutra/model';
import type {
  DdlKind,
  GhostStep,
  MappingDefinition,
  PipelineDefinition,
  SourceStatement,
  TableName,
} from '@lutra/model';
import { planStatement } from '../../src/ddl/plan-statement.ts';
import { GOLDEN, REFUSED } from './golden-statements.ts';

const all = { columns: { mode: 'all' as const } };
const RENAMING: readonly MappingDefinition[] = [
  { id: 't', source: { schema: 'shop', table: { exact: 't' } }, target: { schema: 'copy', table: 'item' }, ...all },
  { id: 'u', source: { schema: 'shop', table: { exact: 'u' } }, target: { schema: 'copy', table: 'user' }, ...all },
  { id: 'w', source: { schema: 'wide', table: { regex: '.*' } }, target: { schema: 'broad' }, ...all },
];
const SAME: readonly MappingDefinition[] = [
  { id: 's', source: { schema: 'shop', table: { regex: '.*' } }, target: { schema: 'shop' }, ...all },
];

const definition = (mappings: readonly MappingDefinition[], parameters = {}): PipelineDefinition =>
  ({ id: 'p', mappings, parameters: { ...DEFAULT_PARAMETERS, ...parameters } }) as unknown as PipelineDefinition;

interface About {
  readonly kind: DdlKind;
  readonly tables: readonly TableName[];
  readonly ghost?: GhostStep;
  readonly sqlMode?: string;
  readonly mappings?: readonly MappingDefinition[];
  readonly parameters?: object;
}

const plan = (text: string, { kind, tables, ghost, sqlMode, mappings, parameters }: About) => {
  const statement: SourceStatement = {
    kind,
    text,
    schema: 'shop',
    flavour: 'mysql',
    tables,
    ghost: ghost ?? null,
    sqlMode: sqlMode ?? '',
    foreignKeyChecks: true,
    explicitDefaultsForTimestamp: null,
  };
  return planStatement({ statement, definition: definition(mappings ?? RENAMING, parameters), transaction: 'g:1' });
};
const shop = (...tables: string[]): TableName[] => tables.map((table) => ({ schema: 'shop', table }));
const kindOf = (text: string): DdlKind =>
  /\bindex\b.*\bon\b/i.test(text) && !/\btable\b/i.test(text) ? 'index' : /^\s*create/i.test(text) ? 'create' : 'alter';
const refusal = (work: () => unknown): SyncError | null => {
  try {
    work();
    return null;
  } catch (error) {
    return SyncError.of(error);
  }
};

describe('planStatement', () => {
  it.each(GOLDEN)('rewrites: %s', (text, expected) => {
    const [target, ...more] = plan(text, { kind: kindOf(text), tables: shop('t') });
    expect(more).toEqual([]);
    expect(target).toMatchObject({ text: expected, schema: '', tables: [{ schema: 'copy', table: 'item' }] });
  });

  it.each(REFUSED)('refuses: %s', (text) => {
    const error = refusal(() => plan(text, { kind: kindOf(text), tables: shop('t') }));
    expect(error).toMatchObject({ code: 'MAPPING_DDL_UNCLEAR', details: { transaction: 'g:1', statement: text } });
  });

  it.each([...GOLDEN.map(([text]) => text), ...REFUSED].filter((text) => !text.includes(';')))(
    'takes it as it is where names are the same: %s',
    (text) => {
      const [target] = plan(text, { kind: kindOf(text), tables: shop('t'), mappings: SAME });
      expect(target?.schema).toBe('shop');
      expect(text).toContain(target?.text);
    },
  );

  it('writes DROP, TRUNCATE and RENAME anew, of what is mapped', () => {
    const texts = (text: string, about: About): string[] => plan(text, about).map((target) => target.text);
    expect(texts('DROP TABLE t, other, u', { kind: 'drop', tables: shop('t', 'other', 'u') })).toEqual([
      'DROP TABLE IF EXISTS `copy`.`item`, `copy`.`user`',
    ]);
    expect(texts('TRUNCATE t', { kind: 'truncate', tables: shop('t') })).toEqual(['TRUNCATE TABLE `copy`.`item`']);
    const pairs = ['a', 'b', 'c', 'd'].map((table) => ({ schema: 'wide', table }));
    expect(texts('RENAME TABLE wide.a TO wide.b, wide.c TO wide.d', { kind: 'rename', tables: pairs })).toEqual([
      'RENAME TABLE `broad`.`a` TO `broad`.`b`, `broad`.`c` TO `broad`.`d`',
    ]);
    expect(refusal(() => plan('RENAME TABLE t TO z', { kind: 'rename', tables: shop('t', 'z') }))?.code).toBe(
      'MAPPING_DDL_UNCLEAR',
    );
  });

  it('never takes a table away that other tables of the source share', () => {
    const mappings: MappingDefinition[] = [
      {
        id: 'm',
        source: { schema: 'shop', table: { regex: 't_\\d' } },
        target: { schema: 'copy', table: 't' },
        ...all,
      },
    ];
    for (const kind of ['drop', 'truncate'] as const)
      expect(refusal(() => plan(`${kind} TABLE t_1`, { kind, tables: shop('t_1'), mappings }))?.code).toBe(
        'MAPPING_DDL_UNCLEAR',
      );
    const [target] = plan('ALTER TABLE t_1 ADD c INT', { kind: 'alter', tables: shop('t_1'), mappings });
    expect(target?.text).toBe('ALTER TABLE `copy`.`t` ADD c INT');
  });

  it('judges a mapping with a list of columns by the columns that a statement is about', () => {
    const mappings: MappingDefinition[] = [
      {
        id: 'l',
        source: { schema: 'shop', table: { exact: 't' } },
        target: { schema: 'copy' },
        columns: { mode: 'list', columns: [{ source: 'id', target: 'key' }] },
      },
    ];
    const alter = (text: string) => plan(text, { kind: 'alter', tables: shop('t'), mappings });
    expect(alter('ALTER TABLE t ADD COLUMN extra INT, DROP `other`')).toEqual([]);
    for (const text of [
      'ALTER TABLE t MODIFY id BIGINT',
      'ALTER TABLE t CHANGE a id INT',
      'ALTER TABLE t ADD INDEX (id)',
      'ALTER TABLE t ENGINE = InnoDB',
    ])
      expect(refusal(() => alter(text))?.code).toBe('MAPPING_DDL_UNCLEAR');
    expect(plan('DROP TABLE t', { kind: 'drop', tables: shop('t'), mappings })).toHaveLength(1);
  });

  it('looks for hidden names inside of executable comments only', () => {
    const text = 'ALTER TABLE t /*!40101 ADD b INT */ /* a TABLE like u */';
    expect(plan(text, { kind: 'alter', tables: shop('t') })[0]?.text).toBe(
      'ALTER TABLE `copy`.`item` /*!40101 ADD b INT */ /* a TABLE like u */',
    );
  });

  it('leaves out that rows follow', () => {
    const text = "CREATE TABLE `t` (\n  `id` int COMMENT ' START TRANSACTION'\n) START TRANSACTION ENGINE=InnoDB";
    const create = plan(text, { kind: 'create', tables: shop('t'), mappings: SAME });
    expect(create[0]?.text).toBe("CREATE TABLE `t` (\n  `id` int COMMENT ' START TRANSACTION'\n) ENGINE=InnoDB");
  });

  it('reads names under ANSI_QUOTES', () => {
    const text = 'ALTER TABLE "shop"."t" ADD "a""b" INT COMMENT \'"t"\'';
    expect(plan(text, { kind: 'alter', tables: shop('t'), sqlMode: 'ANSI_QUOTES' })[0]?.text).toBe(
      'ALTER TABLE `copy`.`item` ADD `a"b` INT COMMENT \'"t"\'',
    );
  });

  it('keeps the changes of a ghost for its table, and swaps them in', () => {
    const [ghost, of] = shop('_t_gho', 't');
    if (ghost === undefined || of === undefined) throw new Error('two names');
    const step = (name: GhostStep['step']): GhostStep => ({ step: name, ghost, of });
    expect(
      plan('CREATE TABLE shop._t_gho LIKE shop.t', { kind: 'alter', tables: [of], ghost: step('begin') }),
    ).toMatchObject([{ text: '', ghost: { step: 'begin', name: 'shop._t_gho' } }]);
    expect(
      plan('alter table `shop`.`_t_gho` add c int', { kind: 'alter', tables: [of], ghost: step('remember') }),
    ).toMatchObject([{ text: 'alter table `copy`.`item` add c int', tables: [{ schema: 'copy', table: 'item' }] }]);
    expect(plan('RENAME …', { kind: 'alter', tables: [of], ghost: step('swap') })).toMatchObject([
      { ghost: { step: 'swap' } },
    ]);
  });

  it('drops a database only where all of it is mapped', () => {
    const database = (text: string, schema: string, mappings = RENAMING) =>
      plan(text, { kind: 'database', tables: [{ schema, table: '' }], mappings }).map((target) => target.text);
    expect(database('DROP DATABASE wide', 'wide')).toEqual(['DROP DATABASE IF EXISTS `broad`']);
    expect(database('DROP DATABASE shop', 'shop')).toEqual(['DROP TABLE IF EXISTS `copy`.`item`, `copy`.`user`']);
    expect(database('CREATE DATABASE wide CHARACTER SET latin1', 'wide')).toEqual([
      'CREATE DATABASE `broad` CHARACTER SET latin1',
    ]);
    expect(database('CREATE DATABASE shop', 'shop', SAME)).toEqual(['CREATE DATABASE shop']);
    const part: MappingDefinition[] = [
      { id: 'p', source: { schema: 'shop', table: { regex: 't.*' } }, target: { schema: 'copy' }, ...all },
    ];
    expect(refusal(() => database('DROP DATABASE shop', 'shop', part))?.code).toBe('MAPPING_DDL_UNCLEAR');
  });

  it('does nothing with a statement that a person skipped', () => {
    const parameters = { ddlDecisions: { 'g:1': 'skip' } };
    expect(plan('DROP TABLE t', { kind: 'drop', tables: shop('t'), parameters })).toEqual([]);
  });
});
