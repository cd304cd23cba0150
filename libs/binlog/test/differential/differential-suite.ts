import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomInt } from 'node:crypto';
import fc from 'fast-check';
import { OwnServer } from '@lutra/testing';
import type { DatabaseServer, OwnServerOptions } from '@lutra/testing';
import { LoggedChanges } from '../decoder/logged-changes.ts';
import { compareWithTool } from './compare-with-tool.ts';
import { describeScenario, INSTANT, playScenario } from './play-scenario.ts';
import { scenarioOf } from './scenario.ts';
import type { CorpusColumn, Scenario } from './scenario.ts';
import { readWithTool } from './tool-reader.ts';
import type { LogPlace } from './tool-reader.ts';
import { compareWithZongji, ZongjiFollower } from './zongji-follower.ts';

export interface DifferentialOptions {
  readonly kind: DatabaseServer['kind'];
  readonly open: () => Promise<DatabaseServer>;
  readonly close?: () => Promise<void>;
  /** Tables; LUTRA_DIFFERENTIAL_RUNS overrides it. */
  readonly runs: number;
  /** Without FULL metadata zongji misreads labels with quotes in them: false there. */
  readonly isZongjiAsked?: boolean;
  /** Types that this release does not have yet. */
  readonly lacks?: RegExp;
  /** {@link LogRange.folder} */
  readonly logFolder?: () => string | undefined;
  readonly timeoutMs: number;
}

/** zongji is told its tables by name, before there are any. */
const ZONGJI_TABLES = 500;

/** About every third table is one for zongji, and about every fourth gets a column at once. */
const SURE = 40;

/**
 * Random tables and statements on one server. What the decoder says is compared with SELECT after each statement, with
 * zongji for tables of which it can read every type (and FULL images, the only ones it reads), and with the server's tool.
 * LUTRA_DIFFERENTIAL_SEED repeats a run; the seed is part of the failure.
 */
export function differentialSuite(name: string, options: DifferentialOptions): void {
  describe(name, () => {
    const schema = `lutra_diff_${randomBytes(4).toString('hex')}`;
    let server: DatabaseServer;
    let log: LoggedChanges;
    let zongji: ZongjiFollower;

    beforeAll(async () => {
      server = await options.open();
      log = await LoggedChanges.open(server, schema);
      const tables = Array.from({ length: ZONGJI_TABLES }, (_, index) => `z${String(index)}`);
      zongji = await ZongjiFollower.start(server, schema, tables);
    }, options.timeoutMs);
    afterAll(async () => {
      zongji.stop();
      await log.close();
      await options.close?.();
    });

    it(
      'says the same as SELECT, zongji and the binlog tool',
      async () => {
        const seed = Number(process.env['LUTRA_DIFFERENTIAL_SEED'] ?? randomInt(2 ** 31));
        const numRuns = Number(process.env['LUTRA_DIFFERENTIAL_RUNS'] ?? options.runs);
        const scenarios = scenarioOf(options.kind)
          .filter((scenario) => columnsOf(scenario).every(({ type }) => options.lacks?.test(type.declared) !== true))
          .map((scenario) => ({ ...scenario, [fc.toStringMethod]: () => describeScenario(scenario) }));
        const compared = { tables: 0, zongji: 0, tool: 0, instant: 0 };
        const property = fc.asyncProperty(scenarios, async (scenario) => {
          compared.tables += 1;
          const withZongji =
            options.isZongjiAsked !== false && compared.tables < ZONGJI_TABLES && isForZongji(scenario);
          const table = `${withZongji ? 'z' : 't'}${String(compared.tables)}`;
          const from = await placeOf(log);
          const played = await playScenario(log, `${schema}.${table}`, scenario);
          const events = played.flatMap((step) => step.events.map((event) => ({ event, columns: step.columns })));
          compared.instant += played.filter(({ statement }) => statement.endsWith(INSTANT)).length;
          const range = { from, to: await placeOf(log), folder: options.logFolder?.() };
          const printed = await readWithTool(server, range, { schema, name: table });
          const tool = compareWithTool(
            events.map(({ event }) => event),
            printed,
            server.kind,
          );
          compared.tool += tool.compared;
          const other = withZongji
            ? compareWithZongji(events, await zongji.eventsOf(table, events.length))
            : { complaints: [], compared: 0 };
          compared.zongji += other.compared;
          expect([...tool.complaints, ...other.complaints]).toEqual([]);
        });
        // Shrinking creates hundreds of tables; the counter-example is printed as SQL to be cut down by hand.
        await fc.assert(property, { numRuns, seed, endOnFailure: true });
        // The second opinions were heard at all; a few tables may be without.
        expect(compared.tool).toBeGreaterThan(0);
        if (numRuns < SURE) return;
        expect(compared.instant).toBeGreaterThan(0);
        if (options.isZongjiAsked !== false) expect(compared.zongji).toBeGreaterThan(0);
      },
      options.timeoutMs,
    );
  });
}

/** {@link differentialSuite} on a server of its own, with this `binlog_row_metadata`. */
export function ownServerSuite(
  program: OwnServerOptions['program'],
  { metadata, ...limits }: Pick<DifferentialOptions, 'runs' | 'timeoutMs'> & { readonly metadata: string },
): void {
  let server: OwnServer | null = null;
  const isOld = program === 'mariadb-10.5';
  differentialSuite(`${program} with ${metadata} metadata`, {
    ...limits,
    isZongjiAsked: metadata === 'FULL',
    kind: program.startsWith('mariadb') ? 'mariadb' : 'mysql',
    open: async () => (server = await OwnServer.start({ program, extra: [`--binlog-row-metadata=${metadata}`] })),
    close: async () => server?.close(),
    // UUID came with MariaDB 10.7, INET4 with 10.10.
    ...(isOld ? { lacks: /^(?:uuid|inet4)/ } : {}),
    // The tool of 10.11 asks no server whose version begins with 11.
    ...(program === 'mariadb-11.8' ? { logFolder: () => server?.dataFolder } : {}),
  });
}

/** zongji fails at VECTOR, around MariaDB's GEOMETRY it takes the charset of another column, and it warns of some charsets. */
const isForZongji = (scenario: Scenario): boolean =>
  scenario.image === 'FULL' &&
  columnsOf(scenario).every(
    ({ type }) => !/^(?:vector|geometry)|set (?:dec8|geostd8|hp8|keybcs2|swe7|macce|ujis|eucjpms)/.test(type.declared),
  );

/** From the first to the last. */
const columnsOf = ({ columns, steps }: Scenario): CorpusColumn[] => [
  ...columns,
  ...steps.flatMap((step) => (step.kind === 'add' ? [step.column] : [])),
];

async function placeOf(log: LoggedChanges): Promise<LogPlace> {
  const sql = log.server.kind === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
  const [rows] = await log.connection.query({ sql, rowsAsArray: true });
  const [file, position] = (rows as unknown as (string | number)[][])[0] ?? [];
  return { file: String(file), position: Number(position) };
}
