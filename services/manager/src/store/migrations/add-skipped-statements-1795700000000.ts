import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many schema statements of the source were passed over. */
export class AddSkippedStatements1795700000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('statistic_minute', 'statements_skipped')) return;
    await runner.query('ALTER TABLE statistic_minute ADD COLUMN statements_skipped BIGINT UNSIGNED NOT NULL DEFAULT 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE statistic_minute DROP COLUMN statements_skipped');
  }
}
