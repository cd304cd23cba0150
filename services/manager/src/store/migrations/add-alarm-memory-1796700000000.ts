import type { MigrationInterface, QueryRunner } from 'typeorm';

const OPTIONS = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

const TABLES = [
  `CREATE TABLE IF NOT EXISTS alarm_place (pipeline_id CHAR(26) NOT NULL PRIMARY KEY, place CHAR(64) NOT NULL,
    moved_ms BIGINT NOT NULL, last_commit_ms BIGINT NULL) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS alarm_instance (instance VARCHAR(128) NOT NULL PRIMARY KEY, service VARCHAR(32) NOT NULL,
    joined_ms BIGINT NULL, lost_ms BIGINT NULL) ${OPTIONS}`,
];

const COLUMNS = [
  // Grows with each leader: a look of one that was overtaken is refused.
  ['alarm_cycle', 'generation', 'INT UNSIGNED NOT NULL DEFAULT 0'],
  // The last order that the alarm gave its pipeline.
  ['alarm', 'last_order', 'VARCHAR(16) NULL'],
  // Names by which receivers know the alarm, whatever the rule is called later.
  ['alarm', 'fired_as', 'LONGTEXT NULL'],
] as const;

/** What a new leader of the alarms has to know of the looks before it. */
export class AddAlarmMemory1796700000000 implements MigrationInterface {
  /** May run again: a migration that was killed behind a statement starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await runner.query(statement);
    for (const [table, column, definition] of COLUMNS) {
      if (await runner.hasColumn(table, column)) continue;
      await runner.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${definition}`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, column] of COLUMNS) await runner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
    for (const table of ['alarm_instance', 'alarm_place']) await runner.query(`DROP TABLE ${table}`);
  }
}
