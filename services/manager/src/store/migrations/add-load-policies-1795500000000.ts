import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What load does with conflicts, in which order it writes tables, and how many rows it put aside. */
const COLUMNS: readonly (readonly [table: string, column: string, type: string])[] = [
  ['mapping', 'on_conflict', 'LONGTEXT NULL'],
  ['mapping', 'weight', 'INT NOT NULL DEFAULT 0'],
  ['statistic_minute', 'dead_letters', 'BIGINT UNSIGNED NOT NULL DEFAULT 0'],
  ['statistic_minute', 'dead_letters_retried', 'BIGINT UNSIGNED NOT NULL DEFAULT 0'],
  ['statistic_minute', 'dead_letters_discarded', 'BIGINT UNSIGNED NOT NULL DEFAULT 0'],
  ['statistic_minute', 'dead_letter_retries_failed', 'BIGINT UNSIGNED NOT NULL DEFAULT 0'],
  ['statistic_minute', 'dry_run_rows', 'BIGINT UNSIGNED NOT NULL DEFAULT 0'],
];

export class AddLoadPolicies1795500000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    for (const [table, column, type] of COLUMNS)
      if (!(await runner.hasColumn(table, column)))
        await runner.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, column] of COLUMNS) await runner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
  }
}
