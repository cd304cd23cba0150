import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many values load left out, since the target has no column for them. */
export class AddLeftOutValues1795600000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('statistic_minute', 'values_left_out')) return;
    await runner.query('ALTER TABLE statistic_minute ADD COLUMN values_left_out BIGINT UNSIGNED NOT NULL DEFAULT 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE statistic_minute DROP COLUMN values_left_out');
  }
}
