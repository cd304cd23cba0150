import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Channels that a data source is shared with. */
export class AddDataSourceChannels1796730000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('data_source', 'channel_ids')) return;
    await runner.query('ALTER TABLE data_source ADD COLUMN channel_ids LONGTEXT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE data_source DROP COLUMN channel_ids');
  }
}
