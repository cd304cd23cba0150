import type { MigrationInterface, QueryRunner } from 'typeorm';

const COLUMNS = ['service_name', 'sid'] as const;

/** What the listener of an Oracle database knows it by. */
export class AddOracleNames1796110000000 implements MigrationInterface {
  /** May run again: a migration that was killed behind a statement starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) {
      if (await runner.hasColumn('data_source', column)) continue;
      await runner.query(`ALTER TABLE data_source ADD COLUMN ${column} VARCHAR(128) NULL`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await runner.query(`ALTER TABLE data_source DROP COLUMN ${column}`);
  }
}
