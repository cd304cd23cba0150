import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE IF NOT EXISTS system_parameters (
    id CHAR(26) NOT NULL PRIMARY KEY, version INT UNSIGNED NOT NULL, created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL, set_values LONGTEXT NOT NULL
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  `INSERT IGNORE INTO system_parameters VALUES ('system', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), '{}')`,
];

/** What holds for the whole installation: one row. */
export class AddSystemParameters1796220000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE system_parameters');
  }
}
