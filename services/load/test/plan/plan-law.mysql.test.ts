import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '@lutra/model';
import { compileTableWriter, openTarget, TargetCatalog } from '@lutra/sql';
import type { TableWriter, TargetSession } from '@lutra/sql';
import { testServers } from '@lutra/testing';
import { planUnit } from '../../src/plan/plan-unit.ts';
import { COLUMNS, definitionOf, operations, play, SHAPES } from './history.ts';

// Goal: the statements of a plan, merged or not, mean on real servers what the reference of plan-law.test.ts takes them to mean.
// Method: the same random histories, cut into units; in the end the tables are read and compared with the source's.
const RUNS = { numRuns: 1_000 };

const TABLES = [
  'number (id int PRIMARY KEY, u int, v int, w int, a int, b varchar(20), UNIQUE by_u (u), UNIQUE by_vw (v, w))',
  'text (id varchar(9) PRIMARY KEY, u int, v int, w int, a int, b varchar(20), UNIQUE by_u (u), UNIQUE by_vw (v, w))',
  'plain (id int PRIMARY KEY, u int, v int, w int, a int, b varchar(20))',
  'parent (id int PRIMARY KEY, u int, v int, w int, a int, b varchar(20))',
  'child (id int PRIMARY KEY, u int, v int, w int, a int, b varchar(20), FOREIGN KEY (a) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE)',
];

describe.each(['mariadbTarget', 'mysql'] as const)('a plan on %s', (name) => {
  const schema = `plan_${randomBytes(6).toString('hex')}`;
  const writers = new Map<string, TableWriter>();
  let session: TargetSession;

  beforeAll(async () => {
    const server = testServers()[name];
    const { kind, host, port, user } = server;
    const definition = { id: 't', name: 't', kind, host, port, user, password: '', tls: 'disabled' } as const;
    session = await openTarget(definition, server.password, { clock: systemClock });
    await session.query(`CREATE DATABASE ${schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
    for (const table of TABLES) await session.query(`CREATE TABLE ${schema}.${table}`);
    const catalog = new TargetCatalog();
    for (const { name: table } of SHAPES) {
      const target = await catalog.describe(session, { schema, table });
      if (target !== null) writers.set(table, compileTableWriter(definitionOf(table, schema), target));
    }
  });

  afterAll(async () => {
    await session.query(`DROP DATABASE IF EXISTS ${schema}`);
    await session.close();
  });

  /** Every row as text, like those of the reference. */
  const dumpStatement = SHAPES.map(({ name: table }) => {
    const texts = COLUMNS.map((column) => `COALESCE(${column}, '')`);
    return `SELECT '${table}' AS name, CONCAT_WS('|', ${texts.join(', ')}) AS text FROM ${schema}.${table}`;
  }).join(' UNION ALL ');

  async function dump(): Promise<Readonly<Record<string, readonly string[]>>> {
    const rows = await session.query(dumpStatement);
    const of = (table: string): readonly string[] =>
      rows.flatMap(({ name, text }) => (name === table && typeof text === 'string' ? [text] : [])).sort();
    return Object.fromEntries(SHAPES.map(({ name }) => [name, of(name)]));
  }

  it('ends as all rows one by one do', async () => {
    const options = fc.record({ rowsMax: fc.integer({ min: 1, max: 6 }), isMerged: fc.boolean() });
    const sizes = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 40, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(operations, sizes, options, async (done, units, { rowsMax, isMerged }) => {
        await session.execute(SHAPES.toReversed().map(({ name }) => ({ sql: `DELETE FROM ${schema}.${name}` })));
        const { rows, states } = play(done, writers);
        const limits = { rowsMax, charactersMax: 100_000, isMerged, mappingOf: () => null };
        let count = 0;
        for (const size of units) {
          if (count >= rows.length) break;
          const unit = rows.slice(count, count + size);
          await session.execute(planUnit(unit, limits).map(({ statement }) => statement));
          count += unit.length;
        }
        expect(await dump()).toEqual(states[count]?.dump());
      }),
      RUNS,
    );
  });
});
