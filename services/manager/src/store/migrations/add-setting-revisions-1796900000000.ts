import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What alarm rules and system parameters were at each of their versions. */
export class AddSettingRevisions1796900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE IF NOT EXISTS setting_revision (
      resource VARCHAR(32) NOT NULL, resource_id VARCHAR(26) NOT NULL, number INT UNSIGNED NOT NULL,
      at DATETIME(3) NOT NULL, author VARCHAR(100) NOT NULL, comment VARCHAR(500) NOT NULL, settings LONGTEXT NOT NULL,
      PRIMARY KEY (resource, resource_id, number)) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE setting_revision');
  }
}
