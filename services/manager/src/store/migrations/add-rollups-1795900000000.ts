import type { MigrationInterface, QueryRunner } from 'typeorm';

const OPTIONS = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const SLOT = `scope CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, slot INT UNSIGNED NOT NULL`;
const slots = (table: string, body: string): string =>
  `CREATE TABLE IF NOT EXISTS ${table} (${SLOT}, body ${body} NOT NULL, PRIMARY KEY (scope, slot), KEY ${table}_slot (slot)) ${OPTIONS}`;

const TABLES = [
  ...['statistic_1s', 'statistic_1m', 'statistic_1h', 'statistic_1d'].map((table) => slots(table, 'TEXT')),
  ...['statistic_table_1m', 'statistic_table_1h', 'statistic_table_1d'].map((table) => slots(table, 'MEDIUMTEXT')),
  `CREATE TABLE IF NOT EXISTS statistic_place (
    id INT NOT NULL PRIMARY KEY, log VARCHAR(64) NOT NULL, sequence BIGINT UNSIGNED NOT NULL) ${OPTIONS}`,
  `INSERT IGNORE INTO statistic_place (id, log, sequence) VALUES (1, '', 0)`,
  `CREATE TABLE IF NOT EXISTS process_history (
    pipeline_id CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    epoch INT UNSIGNED NOT NULL, process BIGINT UNSIGNED NOT NULL,
    loaded_ms BIGINT UNSIGNED NOT NULL, age_ms INT UNSIGNED NOT NULL, body MEDIUMTEXT NOT NULL,
    PRIMARY KEY (pipeline_id, epoch, process), KEY process_history_loaded (pipeline_id, loaded_ms),
    KEY process_history_age (pipeline_id, age_ms, loaded_ms), KEY process_history_time (loaded_ms)) ${OPTIONS}`,
];

/** Columns of the table that was before, by the name of their count. */
const COUNTS: Readonly<Record<string, string>> = {
  inserted: 'inserted',
  updated: 'updated',
  deleted: 'deleted',
  skipped: 'skipped',
  conflicts: 'conflicts',
  transactions: 'transactions',
  processes: 'processes',
  sourceBytes: 'source_bytes',
  failures: 'failures',
  warnings: 'warnings',
  deadLetters: 'dead_letters',
  deadLettersRetried: 'dead_letters_retried',
  deadLettersDiscarded: 'dead_letters_discarded',
  deadLetterRetriesFailed: 'dead_letter_retries_failed',
  dryRunRows: 'dry_run_rows',
  valuesLeftOut: 'values_left_out',
  statementsSkipped: 'statements_skipped',
};
const SUMS = Object.entries(COUNTS).map(([name, column]) => `'${name}', SUM(m.${column})`);
const BODY = `JSON_OBJECT('counts', JSON_OBJECT(${SUMS.join(', ')}), 'delays', JSON_ARRAY(), 'delayMsMax', 0, 'stages', JSON_OBJECT())`;

/** What was counted by the minute, in every step but seconds, for pipelines, channels and all. */
const TAKE_OVER = [
  ['statistic_1m', 1],
  ['statistic_1h', 60],
  ['statistic_1d', 1_440],
].flatMap(([table, minutes]) =>
  ['p.id', 'p.channel_id', `'installation'`].map(
    (scope) =>
      `INSERT IGNORE INTO ${String(table)} (scope, slot, body)
       SELECT ${scope}, m.minute DIV ${String(minutes)}, ${BODY}
       FROM statistic_minute m JOIN pipeline p ON p.id = m.pipeline_id GROUP BY ${scope}, m.minute DIV ${String(minutes)}`,
  ),
);

/** Statistics in four steps, by table, and the history of processes. The percentiles of old minutes do not add up: they go. */
export class AddRollups1795900000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await runner.query(statement);
    if (!(await runner.hasTable('statistic_minute'))) return;
    for (const statement of TAKE_OVER) await runner.query(statement);
    await runner.query('DROP TABLE statistic_minute');
  }

  /** There is no way back: minutes that were summed up cannot be told apart. */
  down(): Promise<void> {
    return Promise.reject(new Error('The roll-ups are not removed: restore a dump'));
  }
}
