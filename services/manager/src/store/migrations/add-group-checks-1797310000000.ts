import type { MigrationInterface, QueryRunner } from 'typeorm';

const CREATE = `CREATE TABLE IF NOT EXISTS group_check (
  mapping_id CHAR(26) NOT NULL, checked_at DATETIME(3) NOT NULL, outcome VARCHAR(16) NOT NULL, reason VARCHAR(500) NOT NULL,
  group_count INT NOT NULL, differing INT NOT NULL, unsettled INT NOT NULL, examples LONGTEXT NOT NULL,
  PRIMARY KEY (mapping_id),
  CONSTRAINT group_check_mapping FOREIGN KEY (mapping_id) REFERENCES mapping (id) ON DELETE CASCADE
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

/** What comparing the groups of mappings with their sources has found. */
export class AddGroupChecks1797310000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE group_check');
  }
}
