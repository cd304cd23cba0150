import type { MigrationInterface, QueryRunner } from 'typeorm';

const CREATE = `CREATE TABLE IF NOT EXISTS skip (
  id CHAR(26) NOT NULL PRIMARY KEY, pipeline_id CHAR(26) NOT NULL, gtid VARCHAR(128) NOT NULL,
  event INT UNSIGNED NULL, row_in_event INT UNSIGNED NULL, hash CHAR(64) NOT NULL, reason VARCHAR(500) NOT NULL,
  author VARCHAR(100) NOT NULL, at DATETIME(3) NOT NULL, KEY skip_pipeline (pipeline_id, id),
  CONSTRAINT skip_pipeline FOREIGN KEY (pipeline_id) REFERENCES pipeline (id) ON DELETE CASCADE
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

/** Source transactions and rows that pipelines leave out. */
export class AddSkips1796510000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE skip');
  }
}
