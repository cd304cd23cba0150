import type { Connection } from 'mysql2';
import { must } from '@lutra/model';
import { OPENING_WRITER } from '../workload/chaos-tables.ts';
import type { VersionedTable } from '../workload/chaos-tables.ts';
import { ask } from '../workload/direct-connection.ts';
import { decimalUnits } from './schema-snapshot.ts';
import type { SchemaSnapshot } from './schema-snapshot.ts';

export interface SnapshotRequest {
  readonly schema: string;
  readonly writers: number;
  readonly marks: ReadonlyMap<number, number>;
  readonly withLogCounts: boolean;
}

/** Reads one schema in one consistent snapshot of its own. Throws when the server goes away meanwhile. */
export async function readSnapshot(connection: Connection, request: SnapshotRequest): Promise<SchemaSnapshot> {
  const { schema, marks, withLogCounts } = request;
  const asking = connection.promise();
  await asking.query(
    `USE \`${schema}\`; SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT`,
  );
  const beyond =
    Array.from(
      { length: request.writers },
      (_unused, writer) => `(writer = ${writer} AND seq > ${marks.get(writer) ?? 0})`,
    ).join(' OR ') || 'FALSE';
  const log = await ask<Row>(connection, `SELECT writer, seq, ledger_rows, history_rows FROM tx_log WHERE ${beyond}`);
  const ledger = await ask<Row>(connection, `SELECT * FROM ledger WHERE ${beyond}`);
  const history = await ask<Row>(connection, `SELECT * FROM history WHERE ${beyond}`);
  const accounts = await ask<Row>(connection, 'SELECT id, version, balance FROM accounts');
  const rows = await ask<Row>(connection, CURRENT_ROWS);
  const beats = await ask<Row>(connection, 'SELECT beat FROM heartbeat');
  const opening = await ask<Row>(connection, `SELECT seq FROM tx_log WHERE writer = ${OPENING_WRITER}`);
  const logCounts = withLogCounts
    ? await ask<Row>(
        connection,
        'SELECT writer, COUNT(*) AS total, COUNT(DISTINCT seq) AS numbers FROM tx_log GROUP BY writer',
      )
    : null;
  await asking.query('COMMIT');
  return {
    isOpened: opening.length > 0,
    log: log.map((row) => ({
      ...tagOf(row),
      ledgerRows: Number(row['ledger_rows']),
      historyRows: Number(row['history_rows']),
    })),
    ledger: ledger.map((row) => ({
      ...tagOf(row),
      account: Number(row['account']),
      version: Number(row['version']),
      amount: decimalUnits(textOf(row, 'amount')),
      before: decimalUnits(textOf(row, 'balance_before')),
      after: decimalUnits(textOf(row, 'balance_after')),
    })),
    history: history.map((row) => ({
      ...tagOf(row),
      table: textOf(row, 'table_name') as VersionedTable,
      rowId: Number(row['row_id']),
      version: Number(row['version']),
      isDelete: row['deed'] === 'D',
      value: row['value'] === null ? null : textOf(row, 'value'),
    })),
    accounts: accounts.map((row) => ({
      account: Number(row['id']),
      version: Number(row['version']),
      balance: decimalUnits(textOf(row, 'balance')),
    })),
    rows: rows.map((row) => ({
      table: textOf(row, 'name') as VersionedTable,
      rowId: Number(row['row_id']),
      version: Number(row['version']),
      versionMax: Number(row['version_max']),
      value: row['value'] === null ? null : textOf(row, 'value'),
    })),
    beat: Number(beats[0]?.['beat'] ?? 0),
    logCounts:
      logCounts?.map((row) => ({
        writer: Number(row['writer']),
        rows: Number(row['total']),
        numbers: Number(row['numbers']),
      })) ?? null,
  };
}

type Row = Readonly<Record<string, string | number | null>>;

const tagOf = (row: Row): { writer: number; seq: number } => ({
  writer: Number(row['writer']),
  seq: Number(row['seq']),
});

const textOf = (row: Row, column: string): string => String(must(row[column] ?? undefined, `a value of ${column}`));

const part = (table: VersionedTable, id: string, value: string): string =>
  `SELECT '${table}' AS name, ${id} AS row_id, version, version AS version_max, CONVERT(${value} USING utf8mb4) AS value FROM ${table}`;

const CURRENT_ROWS = [
  part('counters', 'id', 'CAST(total AS CHAR)'),
  part('places', 'id', 'token'),
  part('chain', 'id', 'seat'),
  part('churn', 'row_id', 'CAST(place AS CHAR)'),
  `SELECT 'bulk', batch, MIN(version), MAX(version), CONVERT(CAST(COUNT(*) AS CHAR) USING utf8mb4) FROM bulk GROUP BY batch`,
].join(' UNION ALL ');
