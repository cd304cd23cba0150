import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The channel that a removed pipeline belonged to: who is limited to it may see the removal. */
export class AddRemovalChannels1796710000000 implements MigrationInterface {
  /** May run again: a migration that was killed behind a statement starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('removal', 'channel_id')) return;
    await runner.query(
      'ALTER TABLE removal ADD COLUMN channel_id CHAR(26) NULL, ADD KEY removal_channel (channel_id, asked_at)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE removal DROP KEY removal_channel, DROP COLUMN channel_id');
  }
}
