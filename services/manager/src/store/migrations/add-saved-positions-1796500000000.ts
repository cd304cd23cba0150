import type { MigrationInterface, QueryRunner } from 'typeorm';

const CREATE = `CREATE TABLE IF NOT EXISTS saved_position (
  pipeline_id CHAR(26) NOT NULL, at DATETIME(3) NOT NULL, kind VARCHAR(16) NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
  place LONGTEXT NOT NULL, author VARCHAR(100) NOT NULL, reason VARCHAR(500) NOT NULL,
  PRIMARY KEY (pipeline_id, at), KEY saved_position_at (at),
  CONSTRAINT saved_position_pipeline FOREIGN KEY (pipeline_id) REFERENCES pipeline (id) ON DELETE CASCADE
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

/** Places that pipelines had. */
export class AddSavedPositions1796500000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE saved_position');
  }
}
