import type { MigrationInterface, QueryRunner } from 'typeorm';

const CREATE = `CREATE TABLE IF NOT EXISTS resync (
  id CHAR(26) NOT NULL PRIMARY KEY, pipeline_id CHAR(26) NOT NULL, state VARCHAR(16) NOT NULL,
  schema_name VARCHAR(64) NOT NULL, table_name VARCHAR(64) NOT NULL, wanted LONGTEXT NOT NULL,
  rows_per_second INT UNSIGNED NOT NULL, keys_done INT UNSIGNED NOT NULL, last_key LONGTEXT NULL,
  rows_sent BIGINT UNSIGNED NOT NULL, rows_gone BIGINT UNSIGNED NOT NULL, rejected LONGTEXT NOT NULL,
  place LONGTEXT NULL, cause VARCHAR(2000) NOT NULL, author VARCHAR(100) NOT NULL,
  created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NOT NULL,
  KEY resync_pipeline (pipeline_id, id), KEY resync_state (state, id),
  CONSTRAINT resync_pipeline FOREIGN KEY (pipeline_id) REFERENCES pipeline (id) ON DELETE CASCADE
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

/** Rows of tables that are sent once more. */
export class AddResyncs1797300000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE resync');
  }
}
