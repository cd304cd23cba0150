/** Rows per table: few, so that transactions of several connections meet on the same ones. */
export const ACCOUNTS = 48;
export const COUNTERS = 100;
export const PLACES = 32;
export const CHAIN_ROWS = 20;
/** More seats than rows of the chain: a freed seat is taken by another row soon. */
export const SEATS = 24;
export const CHURN_KEYS = 200;
/** Rows of `churn` that each writer inserts, moves and deletes. */
export const CHURN_ROWS_PER_WRITER = 12;
export const OPENING_BALANCE = 1_000_000;
/** The writer of the one transaction with the first rows; its number is 1. */
export const OPENING_WRITER = 1_000;

/** Every versioned row carries the transaction that wrote it. */
const TAG = 'version BIGINT UNSIGNED NOT NULL, writer INT NOT NULL, seq BIGINT UNSIGNED NOT NULL';
const BY_TAG = 'KEY by_transaction (writer, seq)';

/**
 * What is written. `tx_log` has one row for each transaction, which says how many rows of `ledger` and `history` belong to it.
 * `history` has one row for each version of a row of the other tables.
 */
const COLUMNS = {
  tx_log: `writer INT NOT NULL, seq BIGINT UNSIGNED NOT NULL, kind VARCHAR(16) NOT NULL, ledger_rows INT NOT NULL,
    history_rows INT NOT NULL, written_at DATETIME(6) NOT NULL, PRIMARY KEY (writer, seq)`,
  accounts: `id INT NOT NULL PRIMARY KEY, balance DECIMAL(30,10) NOT NULL, ${TAG}, owner TEXT, changed_at DATETIME(6) NOT NULL`,
  ledger: `account INT NOT NULL, version BIGINT UNSIGNED NOT NULL, amount DECIMAL(30,10) NOT NULL,
    balance_before DECIMAL(30,10) NOT NULL, balance_after DECIMAL(30,10) NOT NULL, writer INT NOT NULL,
    seq BIGINT UNSIGNED NOT NULL, PRIMARY KEY (account, version), ${BY_TAG}`,
  history: `table_name VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, row_id BIGINT NOT NULL, version BIGINT UNSIGNED NOT NULL,
    deed CHAR(1) NOT NULL, value VARCHAR(40) NULL, writer INT NOT NULL, seq BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (table_name, row_id, version), ${BY_TAG}`,
  counters: `id INT NOT NULL PRIMARY KEY, total BIGINT UNSIGNED NOT NULL, ${TAG}, measure DOUBLE NULL, doc JSON NULL,
    payload BLOB NULL, label TEXT CHARACTER SET utf8mb4 NULL, changed_at DATETIME(6) NOT NULL`,
  places: `id INT NOT NULL PRIMARY KEY, token VARCHAR(40) NOT NULL, ${TAG}, UNIQUE KEY one_holder (token)`,
  chain: `id INT NOT NULL PRIMARY KEY, seat VARCHAR(40) NULL, ${TAG}, UNIQUE KEY one_holder (seat)`,
  churn: `place INT NOT NULL PRIMARY KEY, row_id INT NOT NULL, ${TAG}, price DECIMAL(30,10) NULL, note TEXT NULL, UNIQUE KEY one_row (row_id)`,
  bulk: `batch INT NOT NULL, number INT NOT NULL, ${TAG}, payload VARCHAR(400) NOT NULL, PRIMARY KEY (batch, number)`,
  heartbeat: 'id INT NOT NULL PRIMARY KEY, beat BIGINT UNSIGNED NOT NULL, sent_at DATETIME(6) NOT NULL',
} as const;

export type ChaosTable = keyof typeof COLUMNS;
/** Tables whose rows have a history. */
export type VersionedTable = 'counters' | 'places' | 'chain' | 'churn' | 'bulk';

export const CHAOS_TABLES = Object.keys(COLUMNS) as readonly ChaosTable[];

export const createTables = (schema: string): string[] => [
  `CREATE DATABASE IF NOT EXISTS \`${schema}\``,
  `USE \`${schema}\``,
  ...CHAOS_TABLES.map((table) => `CREATE TABLE IF NOT EXISTS ${table} (${COLUMNS[table]}) ENGINE=InnoDB`),
];

/** One transaction with the first rows, all of version 0. */
export function openingTransaction(): string {
  const tag = `0, ${String(OPENING_WRITER)}, 1`;
  const rows = (count: number, row: (id: string) => string): string =>
    Array.from({ length: count }, (_unused, id) => `(${row(String(id))})`).join(', ');
  return [
    'BEGIN',
    `INSERT INTO accounts VALUES ${rows(ACCOUNTS, (id) => `${id}, ${String(OPENING_BALANCE)}, ${tag}, 'owner ${id} – 田中 🦦', NOW(6)`)}`,
    `INSERT INTO counters VALUES ${rows(COUNTERS, (id) => `${id}, 9223372036854775800, ${tag}, NULL, NULL, NULL, NULL, NOW(6)`)}`,
    `INSERT INTO places VALUES ${rows(PLACES, (id) => `${id}, 'token-${id}', ${tag}`)}`,
    `INSERT INTO chain VALUES ${rows(CHAIN_ROWS, (id) => `${id}, 'seat-${id}', ${tag}`)}`,
    `INSERT INTO tx_log VALUES (${String(OPENING_WRITER)}, 1, 'opening', 0, 0, NOW(6))`,
    'COMMIT',
  ].join('; ');
}
