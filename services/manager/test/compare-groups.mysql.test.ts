/**
 * Goal: a comparison of groups finds every difference that stands, and none that is on its way.
 * Method: tables on real servers of both kinds; what the target has reached is told by the test, which changes tables while it
 * is asked.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { must, systemClock } from '@lutra/model';
import type { DataSourceDefinition, DonePlace, MappingDefinition } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { executedPlace, executedQuery, openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { testServers } from '@lutra/testing';
import { compareGroups } from '../src/group-checks/compare-groups.ts';
import type { ComparedGroups } from '../src/group-checks/compare-groups.ts';
import { compareMapping } from '../src/group-checks/compare-mapping.ts';
import { groupQueries, textOf } from '../src/group-checks/group-queries.ts';

const SERVERS = [
  ['MariaDB', 'mariadbSource', 'mysql'],
  ['MySQL', 'mysql', 'mariadbTarget'],
] as const;

const RULES: NonNullable<MappingDefinition['rules']> = {
  aggregate: {
    groupBy: [
      { expression: 'region', target: 'area' },
      { expression: ' day ', target: 'day' },
    ],
    count: 'n',
    values: [
      { function: 'sum', expression: 'price', target: 'price' },
      { function: 'count', expression: 'price', target: 'priced' },
      { function: 'max', expression: 'rate', target: 'rate' },
    ],
  },
};

describe.each(SERVERS)('groups of a source on %s', (_name, sourceServer, targetServer) => {
  const [from, to] = ['from', 'to'].map((name) => `groups_${name}_${randomBytes(5).toString('hex')}`);
  let source: TargetSession;
  let target: TargetSession;

  const end = (name: 'mariadbSource' | 'mariadbTarget' | 'mysql'): DataSourceDefinition => {
    const { kind, host, port, user, password } = testServers()[name];
    return { id: name, name, kind, host, port, user, password, tls: 'disabled' };
  };
  const open = (name: 'mariadbSource' | 'mariadbTarget' | 'mysql'): Promise<TargetSession> =>
    openTarget(end(name), end(name).password, { clock: systemClock });
  const run = async (session: TargetSession, ...statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await session.query(statement);
    await session.commit();
  };

  beforeAll(async () => {
    [source, target] = [await open(sourceServer), await open(targetServer)];
    await run(source, `CREATE DATABASE ${String(from)}`);
    await run(target, `CREATE DATABASE ${String(to)}`);
  });
  afterAll(async () => {
    await run(source, `DROP DATABASE ${String(from)}`);
    await run(target, `DROP DATABASE ${String(to)}`);
    await Promise.all([source.close(), target.close()]);
  });

  beforeEach(async () => {
    await run(
      source,
      `DROP TABLE IF EXISTS ${String(from)}.sale`,
      `CREATE TABLE ${String(from)}.sale (id int PRIMARY KEY, region varchar(9) NOT NULL, day date NOT NULL, price decimal(9,2), rate double)`,
      `INSERT INTO ${String(from)}.sale VALUES (1, 'eu', '2024-01-01', 2.50, 0.1), (2, 'eu', '2024-01-01', NULL, NULL), (3, 'd''oc', '2024-01-02', -1, 1e-7)`,
    );
    await run(
      target,
      `DROP TABLE IF EXISTS ${String(to)}.sums`,
      `CREATE TABLE ${String(to)}.sums (area varchar(9), day date, n int, price decimal(30,4), priced int, rate double, PRIMARY KEY (area, day))`,
      `INSERT INTO ${String(to)}.sums VALUES ('eu', '2024-01-01', 2, 2.5, 1, 0.1), ('d''oc', '2024-01-02', 1, -1, 1, 1e-7)`,
    );
  });

  async function executed(): Promise<DonePlace> {
    const { kind } = source.info;
    const [row] = await source.query(executedQuery(kind));
    await source.rollback();
    return executedPlace(kind, textOf(row?.['executed']));
  }

  /** `meanwhile`: what happens before the target has come as far as the source was read, by the number of the try. */
  async function compare(
    meanwhile: (attempt: number) => Promise<void> = () => Promise.resolve(),
  ): Promise<ComparedGroups> {
    const table = must(await source.describeTable({ schema: String(from), table: 'sale' }), 'it was created');
    await source.rollback();
    const queries = groupQueries({ rules: RULES }, table, { schema: String(to), table: 'sums' });
    if ('why' in queries) throw new Error(queries.why);
    let attempt = 0;
    const reached = async (): Promise<DonePlace> => {
      await meanwhile((attempt += 1));
      return executed();
    };
    const sides = { source, target, queries, reached, clock: systemClock };
    return compareGroups(sides, new AbortController().signal);
  }

  it('are equal whatever the digits of the columns', async () => {
    expect(await compare()).toEqual({ groups: 2, differing: 0, unsettled: 0, examples: [] });
  });

  it('differ by a sum, by one that is missing and by one that stands alone', async () => {
    await run(
      target,
      `UPDATE ${String(to)}.sums SET price = 2.51 WHERE area = 'eu'`,
      `DELETE FROM ${String(to)}.sums WHERE area = 'd''oc'`,
      `INSERT INTO ${String(to)}.sums VALUES ('none', '2024-01-01', 1, 0, 0, NULL)`,
    );
    const { examples, ...figures } = await compare();
    expect(figures).toEqual({ groups: 3, differing: 3, unsettled: 0 });
    expect(examples).toContainEqual({ group: "'eu', '2024-01-01'", source: '2,2.5,1,0.1', target: '2,2.51,1,0.1' });
    expect(examples.map(({ source: own, target: other }) => [own === null, other === null])).toContainEqual([
      true,
      false,
    ]);
    expect(examples.map(({ source: own, target: other }) => [own === null, other === null])).toContainEqual([
      false,
      true,
    ]);
  });

  it('are right that were not there yet, and that the source changes while they are looked at', async () => {
    await run(source, `INSERT INTO ${String(from)}.sale VALUES (4, 'us', '2024-01-01', 1, NULL)`);
    const arrives = async (attempt: number): Promise<void> => {
      if (attempt > 1) return;
      await run(target, `INSERT INTO ${String(to)}.sums VALUES ('us', '2024-01-01', 1, 1, 1, NULL)`);
      await run(source, `UPDATE ${String(from)}.sale SET price = 7 WHERE id = 1`);
    };
    expect(await compare(arrives)).toMatchObject({ groups: 3, differing: 0 });
  });

  it('are settled by nobody while they change all the time', async () => {
    const changing = async (attempt: number): Promise<void> => {
      await run(source, `UPDATE ${String(from)}.sale SET price = ${String(100 + attempt)} WHERE id = 1`);
    };
    await run(target, `UPDATE ${String(to)}.sums SET price = 1 WHERE area = 'eu'`);
    expect(await compare(changing)).toMatchObject({ groups: 2, differing: 0, unsettled: 1 });
  });

  it.each<[string, Partial<NonNullable<MappingDefinition['rules']>>]>([
    ['a filter', { rows: { filter: 'price > 0' } }],
    ['an expression', { aggregate: { groupBy: [{ expression: 'year(day)', target: 'y' }], count: 'n', values: [] } }],
  ])('are not asked for with %s', async (_what, rules) => {
    const table = must(await source.describeTable({ schema: String(from), table: 'sale' }), 'it was created');
    await source.rollback();
    expect(groupQueries({ rules: { ...RULES, ...rules } }, table, { schema: 't', table: 't' })).toHaveProperty('why');
  });

  describe('that only their mapping can tell', () => {
    const COUNTED: NonNullable<MappingDefinition['rules']> = {
      rows: { filter: "region != 'none'" },
      aggregate: {
        groupBy: [
          { expression: 'region', target: 'area' },
          { expression: 'year(day)', target: 'year' },
        ],
        count: 'n',
        values: [
          { function: 'sum', expression: 'price * 2', target: 'price' },
          { function: 'count', expression: 'price', target: 'priced' },
        ],
      },
    };
    const sums = (...rows: readonly string[]): string => `INSERT INTO ${String(to)}.counted VALUES ${rows.join(',')}`;
    const RIGHT = ["('eu', 2024, 2, 5, 1)", "('d''oc', 2024, 1, -2, 1)"];

    beforeEach(async () => {
      await run(source, `INSERT INTO ${String(from)}.sale VALUES (9, 'none', '2024-01-01', 1, 1)`);
      await run(
        target,
        `DROP TABLE IF EXISTS ${String(to)}.counted`,
        `CREATE TABLE ${String(to)}.counted (area varchar(9) COLLATE utf8mb4_bin, year int, n int, price decimal(30,4), priced int, PRIMARY KEY (area, year))`,
      );
    });

    async function compareCounts({
      rules = COUNTED,
      others = [],
      meanwhile = () => Promise.resolve(),
    }: {
      readonly rules?: NonNullable<MappingDefinition['rules']>;
      readonly others?: readonly MappingDefinition[];
      readonly meanwhile?: (attempt: number) => Promise<void>;
    }): Promise<ComparedGroups | string> {
      let attempt = 0;
      const secrets = { ofDataSource: ({ password }: DataSourceDefinition) => ({ password }) } as unknown as Secrets;
      const around = {
        ...{ source: end(sourceServer), target: end(targetServer), others, clock: systemClock, secrets },
        reached: async () => {
          await meanwhile((attempt += 1));
          return executed();
        },
      };
      return compareMapping([mappingOf('M', rules)], around, new AbortController().signal);
    }
    const mappingOf = (id: string, rules: NonNullable<MappingDefinition['rules']>): MappingDefinition => ({
      ...{ id, source: { schema: String(from), table: { exact: 'sale' } }, columns: { mode: 'all' }, rules },
      target: { schema: String(to), table: 'counted' },
    });

    it('are equal, also where the key of the target takes several for one', async () => {
      await run(target, sums(...RIGHT));
      expect(await compareCounts({})).toEqual({ groups: 2, differing: 0, unsettled: 0, examples: [] });
      await run(source, `INSERT INTO ${String(from)}.sale VALUES (4, 'EU', '2024-05-01', 1, NULL)`);
      await run(
        target,
        `ALTER TABLE ${String(to)}.counted MODIFY area varchar(9) COLLATE utf8mb4_general_ci`,
        `UPDATE ${String(to)}.counted SET n = n + 1, price = price + 2, priced = priced + 1 WHERE area = 'eu'`,
      );
      expect(await compareCounts({})).toEqual({ groups: 2, differing: 0, unsettled: 0, examples: [] });
    });

    it('differ by a sum, by one that is missing and by one that stands alone', async () => {
      await run(target, sums("('eu', 2024, 2, 5.0001, 1)", "('none', 2024, 1, 2, 1)"));
      const compared = await compareCounts({});
      expect(compared).toMatchObject({ groups: 3, differing: 3, unsettled: 0 });
      expect(typeof compared === 'string' ? compared : new Set(compared.examples)).toEqual(
        new Set([
          { group: "'eu', 2024", source: '2,5,1', target: '2,5.0001,1' },
          { group: "'d''oc', 2024", source: '1,-2,1', target: null },
          { group: "'none', 2024", source: null, target: '1,2,1' },
        ]),
      );
    });

    it('are right that arrive while they are counted, and settled by nobody while they change all the time', async () => {
      await run(target, sums("('d''oc', 2024, 1, -2, 1)"));
      const arrives = async (attempt: number): Promise<void> => {
        if (attempt === 2) await run(target, sums("('eu', 2024, 2, 5, 1)"));
      };
      expect(await compareCounts({ meanwhile: arrives })).toMatchObject({ groups: 2, differing: 0, unsettled: 0 });
      const changing = async (attempt: number): Promise<void> => {
        await run(source, `UPDATE ${String(from)}.sale SET price = ${String(100 + attempt)} WHERE id = 1`);
      };
      await run(target, `UPDATE ${String(to)}.counted SET price = 1 WHERE area = 'eu'`);
      expect(await compareCounts({ meanwhile: changing })).toMatchObject({ groups: 2, differing: 0, unsettled: 1 });
    });

    it('are not counted without a key, and not compared where others count too', async () => {
      expect(await compareCounts({ others: [mappingOf('N', RULES)] })).toBe('Mapping N writes into the table as well');
      await run(source, `ALTER TABLE ${String(from)}.sale DROP PRIMARY KEY`);
      expect(await compareCounts({})).toContain('no primary key');
    });
  });
});
