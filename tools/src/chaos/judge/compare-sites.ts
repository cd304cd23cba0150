import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2';
import type { ChaosDatabases, SitesVerdict, TableVerdict } from '../chaos-types.ts';
import { ask, openDirect } from '../workload/direct-connection.ts';
import { brokenAtTheEnd } from './final-rules.ts';
import { compareNumberKeys, mergeKeys } from './merge-keys.ts';
import type { KeyCounts } from './merge-keys.ts';
import { dumpQuery, TableDump, tablesOf } from './table-dump.ts';

/** Where each transaction, ledger entry and version is told once, with the columns that name it. */
const HISTORIES = {
  tx_log: ['writer', 'seq'],
  ledger: ['account', 'version'],
  history: ['table_name', 'row_id', 'version'],
} as const;
/** Its rows that the target lacks are lost transactions. */
const LOG = 'tx_log';
const DIFFERENCES_MAX = 5;
const AGAIN_AFTER_MS = 1_000;
const LOOK_AGAIN_MS = 200;

/**
 * Compares everything of the pipelines' schemas, as long as `waitMs` allows: until it is equal. Nobody may write at the source
 * any more. Stands on SQL and the driver alone, on nothing of Lutra's and on no other comparison. Throws when a server is away.
 */
export async function compareSites(databases: ChaosDatabases, waitMs: number): Promise<SitesVerdict> {
  const deadline = performance.now() + waitMs;
  const [source, target] = [await openDirect(databases.source), await openDirect(databases.target)];
  try {
    for (const connection of [source, target]) await connection.promise().query('SET net_write_timeout = 600');
    await arrival({ source, target }, databases, deadline);
    for (;;) {
      const verdict = await compareOnce({ source, target }, databases);
      const isGood = verdict.lost + verdict.doubled === 0 && verdict.tables.every(({ isEqual }) => isEqual);
      if (isGood || performance.now() > deadline) return verdict;
      await sleep(AGAIN_AFTER_MS);
    }
  } finally {
    source.destroy();
    target.destroy();
  }
}

interface Sides {
  readonly source: Connection;
  readonly target: Connection;
}

/** Comparing all while a backlog is on its way would only slow it down: waits for the last transaction of each writer. */
async function arrival({ source, target }: Sides, { pipelines }: ChaosDatabases, deadline: number): Promise<void> {
  for (const { schema } of pipelines) {
    const sql = `SELECT writer, MAX(seq) AS seq FROM \`${schema}\`.tx_log GROUP BY writer ORDER BY writer`;
    const wanted = JSON.stringify(await ask(source, sql));
    while (performance.now() < deadline && JSON.stringify(await ask(target, sql)) !== wanted)
      await sleep(LOOK_AGAIN_MS);
  }
}

async function compareOnce(sides: Sides, { pipelines }: ChaosDatabases): Promise<SitesVerdict> {
  const tables: TableVerdict[] = [];
  const violations: string[] = [];
  let [lost, doubled] = [0, 0];
  for (const { schema } of pipelines) {
    const names = new Set([...(await tablesOf(sides.source, schema)), ...(await tablesOf(sides.target, schema))]);
    for (const table of names) tables.push(await compareTable(sides, schema, table));
    for (const [table, columns] of Object.entries(HISTORIES)) {
      // Equal content needs no second look.
      if (tables.find((one) => one.table === `${schema}.${table}`)?.isEqual !== false) continue;
      const { missing, surplus, examples } = await compareKeys(sides, `\`${schema}\`.${table}`, columns);
      if (table === LOG) lost += missing;
      doubled += surplus;
      if (examples.length > 0) violations.push(`${schema}.${table}: ${examples.join(', ')}`);
    }
    violations.push(...(await brokenAtTheEnd(sides.target, schema)));
  }
  return { tables, lost, doubled, violations };
}

/** A table that one side does not have throws: the run is not what it was meant to be. */
async function compareTable({ source, target }: Sides, schema: string, table: string): Promise<TableVerdict> {
  const left = new TableDump(source, await dumpQuery(source, schema, table));
  const right = new TableDump(target, await dumpQuery(target, schema, table));
  const differences: string[] = [];
  for (;;) {
    const [here, there] = await Promise.all([left.next(), right.next()]);
    if (here === null && there === null) break;
    if (here?.text !== there?.text && differences.length < DIFFERENCES_MAX)
      differences.push(
        here?.key === there?.key && here?.key !== ''
          ? `row ${String(here?.key)} differs`
          : `in place ${Math.max(left.rows, right.rows)} row ${here?.key ?? 'none'} at the source, ${there?.key ?? 'none'} at the target`,
      );
  }
  const [sourceHash, targetHash] = [left.digest(), right.digest()];
  return {
    table: `${schema}.${table}`,
    isEqual: sourceHash === targetHash && left.rows === right.rows,
    sourceRows: left.rows,
    targetRows: right.rows,
    sourceHash,
    targetHash,
    differences,
  };
}

function compareKeys({ source, target }: Sides, table: string, columns: readonly string[]): Promise<KeyCounts> {
  const sql = `SELECT CONCAT_WS(':', ${columns.join(', ')}) FROM ${table} ORDER BY ${columns.join(', ')}`;
  return mergeKeys(keysOf(source, sql), keysOf(target, sql), compareNumberKeys);
}

async function* keysOf(connection: Connection, sql: string): AsyncGenerator<string> {
  for await (const row of connection.query({ sql, rowsAsArray: true }).stream()) yield String((row as [unknown])[0]);
}
