import type { Random } from '../../demo/random.ts';
import { ACCOUNTS, CHAIN_ROWS, CHURN_KEYS, CHURN_ROWS_PER_WRITER, COUNTERS, PLACES, SEATS } from './chaos-tables.ts';
import type { VersionedTable } from './chaos-tables.ts';

/** Kinds of small transactions. */
export type TransactionKind = 'transfer' | 'count' | 'swap' | 'hop' | 'churn';

/** Who writes: every row that the transaction writes carries the writer's number and the transaction's number of that writer. */
export interface TransactionTag {
  readonly writer: number;
  readonly seq: number;
}

/** Shares of the kinds, in twentieths. */
const DICE: readonly (readonly [TransactionKind, number])[] = [
  ['transfer', 8],
  ['count', 4],
  ['swap', 3],
  ['hop', 2],
  ['churn', 3],
];

export function pickKind(random: Random): TransactionKind {
  let left = random.between(1, 20);
  for (const [kind, share] of DICE) {
    left -= share;
    if (left <= 0) return kind;
  }
  return 'transfer';
}

/**
 * One whole transaction as one text of several statements, from BEGIN to COMMIT. What it writes depends on the rows that it
 * finds (`ROW_COUNT()` decides); its row in `tx_log` says how many ledger and history rows it has written in the end.
 */
export function transactionSql(kind: TransactionKind, tag: TransactionTag, random: Random): string {
  const statements = BODIES[kind](tag, random);
  const log = `INSERT INTO tx_log VALUES (${marks(tag)}, '${kind}', @ledger, @history, NOW(6))`;
  return ['BEGIN', 'SET @ledger = 0, @history = 0', ...statements, log, 'COMMIT'].join('; ');
}

type Body = (tag: TransactionTag, random: Random) => string[];

const BODIES: Readonly<Record<TransactionKind, Body>> = {
  transfer: transferMoney,
  count: countUp,
  swap: swapTokens,
  hop: hopSeats,
  churn: churnRows,
};

const marks = ({ writer, seq }: TransactionTag): string => `${String(writer)}, ${String(seq)}`;
const nextVersion = ({ writer, seq }: TransactionTag): string =>
  `version = version + 1, writer = ${String(writer)}, seq = ${String(seq)}`;
const mine = ({ writer, seq }: TransactionTag): string => `writer = ${String(writer)} AND seq = ${String(seq)}`;

/** Rows in key order, so that two transactions never wait for each other in a ring. */
function differentNumbers(random: Random, count: number, limit: number): number[] {
  const numbers = new Set<number>();
  while (numbers.size < count) numbers.add(random.between(0, limit - 1));
  return [...numbers].sort((a, b) => a - b);
}

/** Two updates and two ledger rows; the sum of all balances stays as it is. */
function transferMoney(tag: TransactionTag, random: Random): string[] {
  const [low = 0, high = 1] = differentNumbers(random, 2, ACCOUNTS);
  const amount = `${String(random.between(-500, 500))}.${String(random.between(1, 9_999_999_999)).padStart(10, '0')}`;
  const change = (id: number, sign: string): string =>
    `UPDATE accounts SET balance = balance ${sign} (${amount}), ${nextVersion(tag)}, changed_at = NOW(6) WHERE id = ${String(id)}`;
  const signed = `IF(id = ${String(low)}, -(${amount}), ${amount})`;
  return [
    change(low, '-'),
    change(high, '+'),
    `INSERT INTO ledger SELECT id, version, ${signed}, balance - ${signed}, balance, ${marks(tag)} FROM accounts
      WHERE id IN (${String(low)}, ${String(high)})`,
    'SET @ledger = ROW_COUNT()',
  ];
}

function countUp(tag: TransactionTag, random: Random): string[] {
  const ids = differentNumbers(random, random.between(1, 3), COUNTERS).join(', ');
  const length = random.between(0, 200);
  const doc = `'{"list": [1, ${String(random.between(0, 999))}], "name": "${random.pick(WORDS)}"}'`;
  return [
    `UPDATE counters SET total = total + ${String(random.between(1, 9))}, ${nextVersion(tag)},
      measure = ${String(random.next() * 10 ** random.between(-12, 12))}, doc = ${doc},
      payload = UNHEX(LEFT(REPEAT(SHA2('${marks(tag)}', 256), 8), ${String(2 * length)})),
      label = CONCAT('${random.pick(WORDS)} ', REPEAT('ж', ${String(random.between(0, 60))})), changed_at = NOW(6) WHERE id IN (${ids})`,
    ...remember('counters', { id: 'id', value: 'total', where: `id IN (${ids})` }, tag),
  ];
}

/** Two or three rows exchange their unique values through a value that nobody has. */
function swapTokens(tag: TransactionTag, random: Random): string[] {
  const ids = differentNumbers(random, random.between(2, 3), PLACES).map(String);
  const give = (id: string | undefined, token: string): string =>
    `UPDATE places SET token = ${token}, ${nextVersion(tag)} WHERE id = ${String(id)}`;
  const last = ids.length - 1;
  return [
    ...ids.map((id, index) => `SELECT token INTO @token${String(index)} FROM places WHERE id = ${id} FOR UPDATE`),
    `UPDATE places SET token = 'on the way ${String(tag.writer)}' WHERE id = ${String(ids[0])}`,
    ...ids.slice(1).map((id, index) => give(id, `@token${String(index)}`)),
    give(ids[0], `@token${String(last)}`),
    ...remember('places', { id: 'id', value: 'token', where: `id IN (${ids.join(', ')})` }, tag),
  ];
}

/** Rows move to the lowest free seat: what one transaction frees the next one takes, on another connection too. */
function hopSeats(tag: TransactionTag, random: Random): string[] {
  return differentNumbers(random, random.between(1, 2), CHAIN_ROWS).flatMap((id) => [
    `SET @seat = (SELECT MIN(CONCAT('seat-', n.id)) FROM counters n LEFT JOIN chain c ON c.seat = CONCAT('seat-', n.id)
      WHERE n.id < ${String(SEATS)} AND c.id IS NULL)`,
    `UPDATE IGNORE chain SET seat = ${random.next() < 0.15 ? 'NULL' : '@seat'}, ${nextVersion(tag)} WHERE id = ${String(id)}`,
    'SET @changed = ROW_COUNT()',
    ...remember('chain', { id: 'id', value: 'seat', where: `@changed > 0 AND id = ${String(id)}` }, tag),
  ]);
}

/** Rows of this writer alone, at places that every writer may take: insert, change of the primary key, delete, all again. */
function churnRows(tag: TransactionTag, random: Random): string[] {
  const first = tag.writer * CHURN_ROWS_PER_WRITER;
  const ids = differentNumbers(random, random.between(1, 3), CHURN_ROWS_PER_WRITER);
  return ids.flatMap((id) => {
    const rowId = String(first + id);
    const place = String(random.between(0, CHURN_KEYS - 1));
    const deed = random.next();
    if (deed < 0.35) return insertChurn(tag, { rowId, place, random });
    if (deed < 0.7)
      return [
        `UPDATE IGNORE churn SET place = ${place}, ${nextVersion(tag)} WHERE row_id = ${rowId}`,
        'SET @changed = ROW_COUNT()',
        ...remember('churn', { id: 'row_id', value: 'place', where: `@changed > 0 AND row_id = ${rowId}` }, tag),
      ];
    const remove = deleteChurn(tag, rowId);
    // The same key again, in the same transaction.
    return deed < 0.85 ? remove : [...remove, ...insertChurn(tag, { rowId, place, random })];
  });
}

function insertChurn(
  tag: TransactionTag,
  row: { readonly rowId: string; readonly place: string; readonly random: Random },
): string[] {
  const { rowId, place, random } = row;
  return [
    `INSERT IGNORE INTO churn SELECT ${place}, ${rowId}, 1 + COALESCE(MAX(version), 0), ${marks(tag)},
      ${String(random.between(-999, 999))}.${String(random.between(0, 999))}, '${random.pick(WORDS)}'
      FROM history WHERE table_name = 'churn' AND row_id = ${rowId}`,
    'SET @changed = ROW_COUNT()',
    ...remember('churn', { id: 'row_id', value: 'place', where: `@changed > 0 AND row_id = ${rowId}` }, tag),
  ];
}

function deleteChurn(tag: TransactionTag, rowId: string): string[] {
  return [
    `INSERT INTO history SELECT 'churn', row_id, version + 1, 'D', NULL, ${marks(tag)} FROM churn WHERE row_id = ${rowId}`,
    'SET @history = @history + ROW_COUNT()',
    `DELETE FROM churn WHERE row_id = ${rowId}`,
  ];
}

/** One history row for each row that was changed. */
function remember(
  table: VersionedTable,
  row: { readonly id: string; readonly value: string; readonly where: string },
  tag: TransactionTag,
): string[] {
  return [
    `INSERT INTO history SELECT '${table}', ${row.id}, version, 'U', ${row.value}, ${marks(tag)} FROM ${table}
      WHERE ${row.where} AND ${mine(tag)}`,
    'SET @history = @history + ROW_COUNT()',
  ];
}

export interface BulkStep {
  readonly batch: number;
  readonly step: 'insert' | 'update' | 'delete';
  readonly random: Random;
}

/** A batch of some thousand rows is inserted, changed or deleted as a whole. */
export function bulkTransaction(tag: TransactionTag, step: BulkStep): string {
  const log = `INSERT INTO tx_log VALUES (${marks(tag)}, 'bulk', 0, 1, NOW(6))`;
  return ['BEGIN', ...bulkStep(tag, step), log, 'COMMIT'].join('; ');
}

function bulkStep(tag: TransactionTag, { batch, step, random }: BulkStep): string[] {
  const id = String(batch);
  const [version, deed] = ({ insert: [1, 'I'], update: [2, 'U'], delete: [3, 'D'] } as const)[step];
  const history = `INSERT INTO history VALUES ('bulk', ${id}, ${String(version)}, '${deed}', @rows, ${marks(tag)})`;
  switch (step) {
    case 'insert':
      return [
        `INSERT INTO bulk SELECT ${id}, a.id * ${String(COUNTERS)} + b.id, 1, ${marks(tag)}, REPEAT(SHA2(a.id * 7 + b.id, 256), 2)
          FROM counters a JOIN counters b WHERE a.id < ${String(random.between(52, 70))}`,
        'SET @rows = ROW_COUNT()',
        history,
      ];
    case 'update':
      return [
        `UPDATE bulk SET ${nextVersion(tag)}, payload = REVERSE(payload) WHERE batch = ${id}`,
        'SET @rows = ROW_COUNT()',
        history,
      ];
    case 'delete':
      return [`DELETE FROM bulk WHERE batch = ${id}`, 'SET @rows = 0', history];
  }
}

const WORDS = ['otter', 'Žofie', '東京', 'naïve café', '🦦🦦', "o''clock", 'a\\\\b', ''] as const;
