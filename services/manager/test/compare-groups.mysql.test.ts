/**
 * Goal: a comparison of groups finds every difference that stands, and none that is on its way.
 * Method: tables on real servers of both kinds; what the target has reached is told by the test, which changes tables while it
 * is asked.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { must, systemClock } from '@lutra/model';
import type { DonePlace, MappingDefinition } from '@lutra/model';
import { openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { testServers } from '@lutra/testing';
import { compareGroups } from '../src/group-checks/compare-groups.ts';
import type { ComparedGroups } from '../src/group-checks/compare-groups.ts';
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

  const open = (name: 'mariadbSource' | 'mariadbTarget' | 'mysql'): Promise<TargetSession> => {
    const { kind, host, port, user, password } = testServers()[name];
    const definition = { id: name, name, kind, host, port, user, password: '', tls: 'disabled' } as const;
    return openTarget(definition, password, { clock: systemClock });
  };
  const run = async (session: TargetSession, ...statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await session.query(statement);
    await session.commit();
  };

  beforeAll(async () => {
    [source, target] = [await open(sourceServer), await open(targetServer)];
    await run(source, `CREATE DATABASE ${String(from)}`);
    await run(target, `CREATE DATABASE ${String(to)}`);
  }, 60_000);
  afterAll(async () => {
    await run(source, `DROP DATABASE ${String(from)}`);
    await run(target, `DROP DATABASE ${String(to)}`);
    await Promise.all([source.close(), target.close()]);
  }, 60_000);

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
  }, 60_000);

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
      const isMysql = source.info.kind === 'mysql';
      const [row] = await source.query(`SELECT @@global.${isMysql ? 'gtid_executed' : 'gtid_binlog_pos'} AS executed`);
      await source.rollback();
      const text = textOf(row?.['executed']).replaceAll(/\s/g, '');
      return isMysql ? { kind: 'mysqlGtid', gtidSet: text } : { kind: 'mariadbGtid', gtidList: text };
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
});
