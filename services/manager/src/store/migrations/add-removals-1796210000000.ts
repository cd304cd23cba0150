import type { MigrationInterface, QueryRunner } from 'typeorm';

const CREATE = `CREATE TABLE IF NOT EXISTS removal (
  pipeline_id CHAR(26) NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, target LONGTEXT NULL, target_id CHAR(26) NOT NULL,
  asked_at DATETIME(3) NOT NULL, asked_by VARCHAR(100) NOT NULL, attempts INT UNSIGNED NOT NULL,
  next_attempt_at DATETIME(3) NOT NULL, problem LONGTEXT NULL, done_at DATETIME(3) NULL,
  KEY removal_asked_at (asked_at), KEY removal_due (done_at, next_attempt_at)
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

/** What is left of removed pipelines. */
export class AddRemovals1796210000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE removal');
  }
}
