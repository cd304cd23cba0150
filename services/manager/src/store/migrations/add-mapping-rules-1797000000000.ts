import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a mapping does with rows and values. */
export class AddMappingRules1797000000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('mapping', 'rules')))
      await runner.query('ALTER TABLE mapping ADD COLUMN rules LONGTEXT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE mapping DROP COLUMN rules');
  }
}
