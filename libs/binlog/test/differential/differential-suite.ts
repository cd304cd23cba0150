import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomInt } from 'node:crypto';
import fc from 'fast-check';
import { OwnServer } from '@lutra/testing';
import type { DatabaseProgram } from '@lutra/testing';
import { LoggedChanges } from '../decoder/logged-changes.ts';
import { compareWithTool } from './compare-with-tool.ts';
import { describeScenario, INSTANT, playScenario } from './play-scenario.ts';
import { scenarioOf } from './scenario.ts';
import type { CorpusColumn, Scenario } from './scenario.ts';
import { readWithTool } from './tool-reader.ts';
import type { LogPlace } from './tool-reader.ts';
import { compareWithZongji, ZongjiFollower } from './zongji-follower.ts';

export interface DifferentialOptions {
  /** The server's `binlog_row_metadata`. */
  readonly metadata: 'FULL' | 'MINIMAL' | 'NO_LOG';
  /** Tables; LUTRA_DIFFERENTIAL_RUNS overrides it. */
  readonly runs: number;
  readonly timeoutMs: number;
}

/** zongji is told its tables by name, before there are any. */
const ZONGJI_TABLES = 500;

/** About every third table is one for zongji, and about every fourth gets a column at once. */
const SURE = 40;

/** UUID came with MariaDB 10.7, INET4 with 10.10. */
const LACKED: Partial<Record<DatabaseProgram, RegExp>> = { 'mariadb-10.5': /^(?:uuid|inet4)/ };

/**
 * Random tables and statements on a server of the test's own (zongji gives up at events that other tests may leave in a
 * log). What the decoder says is compared with SELECT after each statement, with zongji for tables of which it can read
 * every type (and FULL images, the only ones it reads), and with the server's tool.
 * LUTRA_DIFFERENTIAL_SEED repeats a run; the seed is part of the failure.
 */
export function differentialSuite(program: DatabaseProgram, { metadata, runs, timeoutMs }: DifferentialOptions): void {
  describe(`${program} with ${metadata} metadata`, () => {
    const kind = program.startsWith('mariadb') ? 'mariadb' : 'mysql';
    // Without FULL metadata zongji misreads labels with quotes in them.
    const isZongjiAsked = metadata === 'FULL';
    const schema = `lutra_diff_${randomBytes(4).toString('hex')}`;
    const opened: (() => void | Promise<void>)[] = [];
    let server: OwnServer;
    let log: LoggedChanges;
    let zongji: ZongjiFollower;

    beforeAll(async () => {
      server = await OwnServer.start({ program, extra: [`--binlog-row-metadata=${metadata}`] });
      opened.push(() => server.close());
      log = await LoggedChanges.open(server, schema);
      opened.push(() => log.close());
      const tables = Array.from({ length: ZONGJI_TABLES }, (_, index) => `z${String(index)}`);
      zongji = await ZongjiFollower.start(server, schema, tables);
      opened.push(() => {
        zongji.stop();
      });
    }, timeoutMs);
    afterAll(async () => {
      // Also when the rest was never opened.
      for (const close of opened.reverse()) await close();
    }, timeoutMs);

    it(
      'says the same as SELECT, zongji and the binlog tool',
      async () => {
        const seed = Number(process.env['LUTRA_DIFFERENTIAL_SEED'] ?? randomInt(2 ** 31));
        const numRuns = Number(process.env['LUTRA_DIFFERENTIAL_RUNS'] ?? runs);
        const scenarios = scenarioOf(kind)
          .filter((scenario) => columnsOf(scenario).every(({ type }) => LACKED[program]?.test(type.declared) !== true))
          .map((scenario) => ({ ...scenario, [fc.toStringMethod]: () => describeScenario(scenario) }));
        const compared = { tables: 0, zongji: 0, tool: 0, instant: 0 };
        const property = fc.asyncProperty(scenarios, async (scenario) => {
          compared.tables += 1;
          const withZongji = isZongjiAsked && compared.tables < ZONGJI_TABLES && isForZongji(scenario);
          const table = `${withZongji ? 'z' : 't'}${String(compared.tables)}`;
          const from = await placeOf(log);
          const played = await playScenario(log, `${schema}.${table}`, scenario);
          const events = played.flatMap((step) => step.events.map((event) => ({ event, columns: step.columns })));
          compared.instant += played.filter(({ statement }) => statement.endsWith(INSTANT)).length;
          // The tool of 10.11 asks no server whose version begins with 11.
          const folder = program === 'mariadb-11.8' ? server.dataFolder : undefined;
          const range = { from, to: await placeOf(log), folder };
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
        if (isZongjiAsked) expect(compared.zongji).toBeGreaterThan(0);
      },
      timeoutMs,
    );
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
