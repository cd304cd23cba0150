import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Other servers of a data source's group. */
export class AddStandbys1795300000000 implements MigrationInterface {
  /** May run again: a migration that was killed behind the statement starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('data_source', 'standbys')) return;
    await runner.query('ALTER TABLE data_source ADD COLUMN standbys LONGTEXT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE data_source DROP COLUMN standbys');
  }
}
