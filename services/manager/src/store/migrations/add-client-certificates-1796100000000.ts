import type { MigrationInterface, QueryRunner } from 'typeorm';

const COLUMNS = ['tls_cert', 'tls_key_sealed'] as const;

/** What Lutra shows to databases that ask for a certificate. */
export class AddClientCertificates1796100000000 implements MigrationInterface {
  /** May run again: a migration that was killed behind a statement starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) {
      if (await runner.hasColumn('data_source', column)) continue;
      await runner.query(`ALTER TABLE data_source ADD COLUMN ${column} TEXT NULL`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await runner.query(`ALTER TABLE data_source DROP COLUMN ${column}`);
  }
}
