// Goal: a schema statement gets the target's names and nothing else changes; where that is not certain it is refused.
// Method: a table of statements of both families, each with the text that the target gets.
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS, SyncError } from '@lutra/model';
import type {
  DdlKind,
  GhostStep,
  MappingDefinition,
  MappingRules,
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

/** `shop.t` under rules. */
const ruled = (rules: MappingRules): readonly MappingDefinition[] => [
  { id: 'r', source: { schema: 'shop', table: { exact: 't' } }, target: { schema: 'copy' }, ...all, rules },
];

const definition = (mappings: readonly MappingDefinition[], parameters = {}): PipelineDefinition =>
  ({ id: 'p', mappings, parameters: { ...DEFAULT_PARAMETERS, ...parameters } }) as unknown as PipelineDefinition;

interface About {
  readonly kind: DdlKind;
  readonly tables: readonly TableName[];
  readonly beside?: readonly TableName[];
  readonly parents?: readonly TableName[];
  readonly ghost?: GhostStep;
  readonly sqlMode?: string;
  readonly mappings?: readonly MappingDefinition[];
  readonly parameters?: object;
  readonly foldsNames?: boolean;
  readonly isCaseFolded?: boolean;
}

const plan = (text: string, { mappings, parameters, foldsNames = false, isCaseFolded = false, ...rest }: About) => {
  const statement: SourceStatement = {
    ...{ text, ghost: null, sqlMode: '', ...rest },
    ...{ schema: foldsNames ? 'Shop' : 'shop', flavour: 'mysql' },
    ...{ foreignKeyChecks: true, explicitDefaultsForTimestamp: null },
    ...(foldsNames ? { foldsNames } : {}),
  };
  const rules = definition(mappings ?? RENAMING, parameters);
  return planStatement({ statement, definition: rules, transaction: 'g:1', isCaseFolded });
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

  it.each<[string, readonly MappingDefinition[], string]>([
    ['ALTER TABLE T ADD COLUMN a INT', RENAMING, 'ALTER TABLE `copy`.`item` ADD COLUMN a INT'],
    ['ALTER TABLE SHOP.t ADD COLUMN T INT', RENAMING, 'ALTER TABLE `copy`.`item` ADD COLUMN T INT'],
    ['ALTER TABLE T ADD COLUMN a INT', SAME, 'ALTER TABLE `shop`.`t` ADD COLUMN a INT'],
    ['ALTER TABLE SHOP.`t` ADD COLUMN a INT', SAME, 'ALTER TABLE `shop`.`t` ADD COLUMN a INT'],
    ['ALTER TABLE t ADD COLUMN a DECIMAL', SAME, 'ALTER TABLE t ADD COLUMN a DECIMAL'],
    ['ALTER TABLE shop.t ADD b', SAME, 'ALTER TABLE shop.t ADD b'],
  ])('knows names that were typed in another case, at a source that folds them: %s', (text, mappings, expected) => {
    const [target, ...more] = plan(text, { kind: 'alter', tables: shop('t'), mappings, foldsNames: true });
    expect(more).toEqual([]);
    expect(target).toMatchObject({ text: expected, schema: expected === text ? 'shop' : '' });
  });

  it.each<[string, DdlKind, string, string]>([
    ['ALTER TABLE T ADD COLUMN a INT', 'alter', 'T', 'ALTER TABLE `copy`.`item` ADD COLUMN a INT'],
    ['DROP TABLE T', 'drop', 'T', 'DROP TABLE IF EXISTS `copy`.`item`'],
  ])('knows names in any case where the source keeps them as they were typed: %s', (text, kind, table, expected) => {
    expect(plan(text, { kind, tables: shop(table), isCaseFolded: true })).toMatchObject([{ text: expected }]);
    // A source that tells cases apart speaks of another table.
    expect(plan(text, { kind, tables: shop(table) })).toEqual([]);
  });

  it('writes the name of a database that was typed in another case', () => {
    const about = { kind: 'database' as const, tables: shop(''), mappings: SAME, foldsNames: true };
    expect(plan('ALTER DATABASE SHOP CHARACTER SET utf8mb4', about)).toMatchObject([
      { text: 'ALTER DATABASE `shop` CHARACTER SET utf8mb4', schema: '' },
    ]);
    expect(plan('ALTER DATABASE shop CHARACTER SET utf8mb4', about)).toMatchObject([{ schema: 'shop' }]);
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

  const ONE: readonly MappingDefinition[] = [
    { id: 'o', source: { schema: 'shop', table: { exact: 't' } }, target: { schema: 'shop' }, ...all },
  ];
  it.each<[string, readonly string[], readonly string[]]>([
    ['ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u', ['t', 'u'], []],
    ['ALTER TABLE u EXCHANGE PARTITION p WITH TABLE t', ['u', 't'], []],
    ['ALTER TABLE t CONVERT PARTITION p TO TABLE u', ['t', 'u'], []],
    ['ALTER TABLE u CONVERT TABLE t TO PARTITION p VALUES LESS THAN (9)', ['u', 't'], []],
    ['CREATE TABLE t LIKE u', ['t'], ['u']],
    ['CREATE TABLE t (a INT) ENGINE=MERGE UNION=(u)', ['t'], ['u']],
  ])('never reaches for a table of the target that is not the pipeline’s: %s', (text, tables, beside) => {
    const about = { kind: kindOf(text), tables: shop(...tables), beside: shop(...beside) };
    expect(refusal(() => plan(text, { ...about, mappings: ONE }))).toMatchObject({
      code: 'MAPPING_DDL_UNCLEAR',
      message: expect.stringContaining('shop.u is not mapped'),
    });
    // Where both are mapped it goes as it was typed, with every table whose rows it moves.
    expect(plan(text, { ...about, mappings: SAME })).toMatchObject([{ text, schema: 'shop', tables: shop(...tables) }]);
  });

  it('gives a table beside its name, also where the first one keeps its own', () => {
    const mappings: MappingDefinition[] = [
      ...ONE,
      { id: 'u', source: { schema: 'shop', table: { exact: 'u' } }, target: { schema: 'copy', table: 'user' }, ...all },
    ];
    const about = { kind: 'alter' as const, tables: shop('t'), parents: shop('u'), mappings };
    expect(plan('ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (id)', about)).toMatchObject([
      { text: 'ALTER TABLE `shop`.`t` ADD FOREIGN KEY (a) REFERENCES `copy`.`user` (id)', tables: shop('t') },
    ]);
  });

  const into = (table: string, ...targets: string[]): MappingDefinition[] =>
    targets.map((target) => {
      const [schema = '', name = ''] = target.split('.');
      const source = { schema: 'shop', table: { exact: table } };
      return { id: `${table} into ${target}`, source, target: { schema, table: name }, ...all };
    });
  const REFERS = 'ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES ';

  it('gives a table that refers to itself the name of each target in turn', () => {
    const text = 'CREATE TABLE t (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES t(id))';
    const targetsOf = (...targets: string[]) =>
      plan(text, { kind: 'create', tables: shop('t'), parents: shop('t'), mappings: into('t', ...targets) });
    const written = (name: string): string => text.replaceAll(/\bt(?= ?\()/g, `\`${name}\`.\`t\``);
    expect(targetsOf('c1.t', 'c2.t').map((target) => target.text)).toEqual([written('c1'), written('c2')]);
    expect(targetsOf('shop.t', 'c2.t').map((target) => target.text)).toEqual([text, written('c2')]);
  });

  it('takes a parent under its own name where the child keeps its own, though it goes into another table too', () => {
    const parents = [...into('p', 'c1.p', 'shop.p')];
    const about = { kind: 'alter' as const, tables: shop('t'), parents: shop('p') };
    const text = `${REFERS}p (id)`;
    expect(plan(text, { ...about, mappings: [...into('t', 'shop.t'), ...parents] })).toMatchObject([
      { text, schema: 'shop', tables: shop('t') },
    ]);
    // Which of the two is meant nobody can tell.
    for (const mappings of [
      [...into('t', 'c1.t'), ...parents],
      [...into('t', 'shop.t'), ...into('p', 'c1.p', 'c2.p')],
    ])
      expect(refusal(() => plan(text, { ...about, mappings }))?.code).toBe('MAPPING_DDL_UNCLEAR');
  });

  it('refers to a parent that no mapping takes as it was typed, where the child keeps its name', () => {
    const about = { kind: 'alter' as const, tables: shop('t'), parents: shop('lookup') };
    const text = `${REFERS}lookup (id)`;
    expect(plan(text, { ...about, mappings: ONE })).toMatchObject([{ text, schema: 'shop', tables: shop('t') }]);
    const both = { ...about, parents: shop('lookup', 'u'), mappings: [...ONE, ...into('u', 'copy.user')] };
    expect(plan(`${text}, ADD FOREIGN KEY (q) REFERENCES u (id)`, both)).toMatchObject([
      {
        text: 'ALTER TABLE `shop`.`t` ADD FOREIGN KEY (p) REFERENCES `shop`.`lookup` (id), ADD FOREIGN KEY (q) REFERENCES `copy`.`user` (id)',
      },
    ]);
    // Renamed, the child's target has another schema's tables around it; and rows of another table may be under that name.
    for (const mappings of [into('t', 'copy.t'), into('t', 'shop.item'), [...ONE, ...into('u', 'shop.lookup')]])
      expect(refusal(() => plan(text, { ...about, mappings }))).toMatchObject({
        code: 'MAPPING_DDL_UNCLEAR',
        message: expect.stringContaining('shop.lookup is not mapped'),
      });
  });

  it('gives a foreign key of a ghost the same names', () => {
    const [ghost, of] = shop('_t_new', 't');
    if (ghost === undefined || of === undefined) throw new Error('two names');
    const about = { kind: 'alter' as const, tables: [of], ghost: { step: 'remember', ghost, of } as const };
    const text = 'ALTER TABLE _t_new ADD FOREIGN KEY (p) REFERENCES';
    const kept = (name: string, parents: readonly TableName[], mappings: readonly MappingDefinition[]) =>
      plan(`${text} ${name} (id)`, { ...about, parents, mappings }).map((target) => target.text);
    expect(kept('t', [of], into('t', 'c1.t', 'c2.t'))).toEqual([
      'ALTER TABLE `c1`.`t` ADD FOREIGN KEY (p) REFERENCES `c1`.`t` (id)',
      'ALTER TABLE `c2`.`t` ADD FOREIGN KEY (p) REFERENCES `c2`.`t` (id)',
    ]);
    expect(kept('lookup', shop('lookup'), ONE)).toEqual([
      'ALTER TABLE `shop`.`t` ADD FOREIGN KEY (p) REFERENCES `shop`.`lookup` (id)',
    ]);
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

  it('judges a mapping with exceptions by the columns that it leaves out or renames', () => {
    const mappings: MappingDefinition[] = [
      {
        id: 'e',
        source: { schema: 'shop', table: { exact: 't' } },
        target: { schema: 'copy' },
        columns: { mode: 'except', names: ['secret'], renames: [{ source: 'id', target: 'key' }] },
      },
    ];
    const alter = (text: string) => plan(text, { kind: 'alter', tables: shop('t'), mappings });
    expect(alter('ALTER TABLE t MODIFY Secret TEXT')).toEqual([]);
    expect(alter('ALTER TABLE t ADD COLUMN extra INT, DROP `other`')).toHaveLength(1);
    for (const text of [
      'ALTER TABLE t MODIFY id BIGINT',
      'ALTER TABLE t CHANGE a `key` INT',
      'ALTER TABLE t DROP secret, ADD extra INT',
      'ALTER TABLE t ADD INDEX (secret)',
    ])
      expect(refusal(() => alter(text))?.code).toBe('MAPPING_DDL_UNCLEAR');
  });

  it('judges a mapping that computes columns by the columns that a statement is about', () => {
    const explode = { column: 'tags', by: { kind: 'json' as const }, as: 'tag' };
    const columns = [{ target: 'Changed', from: { kind: 'fact' as const, fact: 'commitTime' as const } }];
    const about = { tables: shop('t'), mappings: ruled({ rows: { explode }, columns }) };
    const alter = (text: string) => plan(text, { ...about, kind: 'alter' });
    expect(alter('ALTER TABLE t ADD COLUMN extra INT, DROP `other`')).toHaveLength(1);
    for (const text of [
      'ALTER TABLE t ADD tag INT',
      'ALTER TABLE t DROP CHANGED',
      'ALTER TABLE t ADD PRIMARY KEY (id)',
    ])
      expect(refusal(() => alter(text))?.code).toBe('MAPPING_DDL_UNCLEAR');
    const create = () => plan('CREATE TABLE t (id INT)', { ...about, kind: 'create' });
    expect(refusal(create)?.code).toBe('MAPPING_DDL_UNCLEAR');
    expect(plan('TRUNCATE TABLE t', { ...about, kind: 'truncate' })).toHaveLength(1);
  });

  it('never takes away rows that are kept and flagged', () => {
    const softDelete = { column: 'gone', deleted: 1, present: 0 };
    const about = { tables: shop('t'), mappings: ruled({ rows: { softDelete } }) };
    for (const kind of ['truncate', 'drop'] as const)
      expect(refusal(() => plan(`${kind} TABLE t`, { ...about, kind }))?.code).toBe('MAPPING_DDL_UNCLEAR');
  });

  it('concerns every table of a route, unless tables of other sources share it', () => {
    const route = { expression: "'x'", tables: ['t_eu', 't_us'] };
    const about = { tables: shop('t'), mappings: ruled({ route }) };
    expect(plan('ALTER TABLE t ADD extra INT', { ...about, kind: 'alter' }).map(({ text }) => text)).toEqual([
      'ALTER TABLE `copy`.`t_eu` ADD extra INT',
      'ALTER TABLE `copy`.`t_us` ADD extra INT',
    ]);
    expect(plan('TRUNCATE TABLE t', { ...about, kind: 'truncate' }).map(({ text }) => text)).toEqual([
      'TRUNCATE TABLE `copy`.`t_eu`',
      'TRUNCATE TABLE `copy`.`t_us`',
    ]);
    const family = about.mappings.map((one) => ({ ...one, source: { schema: 'shop', table: { regex: 't.*' } } }));
    const truncate = () => plan('TRUNCATE TABLE t', { ...about, mappings: family, kind: 'truncate' });
    expect(refusal(truncate)?.code).toBe('MAPPING_DDL_UNCLEAR');
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
    expect(plan('DROP …', { kind: 'alter', tables: [of], ghost: step('forget') })).toMatchObject([
      { text: '', ghost: { step: 'forget', name: 'shop._t_gho' } },
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
