import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Times whose events the log had dropped before they were counted. */
export class AddStatisticHoles1796800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE IF NOT EXISTS statistic_hole (from_ms BIGINT UNSIGNED NOT NULL PRIMARY KEY, to_ms BIGINT UNSIGNED NOT NULL)
       ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE statistic_hole');
  }
}
