import type { MigrationInterface, QueryRunner } from 'typeorm';

const CREATE = `CREATE TABLE IF NOT EXISTS pre_check (
  pipeline_id CHAR(26) NOT NULL PRIMARY KEY, checked_at DATETIME(3) NOT NULL, revision INT UNSIGNED NOT NULL,
  judgement LONGTEXT NOT NULL,
  CONSTRAINT pre_check_pipeline FOREIGN KEY (pipeline_id) REFERENCES pipeline (id) ON DELETE CASCADE
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

/** What the last pre-check of each pipeline has found. */
export class AddPreChecks1796400000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE pre_check');
  }
}
