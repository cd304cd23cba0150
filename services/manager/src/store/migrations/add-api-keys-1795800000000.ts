import type { MigrationInterface, QueryRunner } from 'typeorm';

/** API keys with a role, a scope and an expiry, in place of tokens, which could do everything and go on doing so. */
const CREATE = `CREATE TABLE IF NOT EXISTS api_key (
  id CHAR(26) NOT NULL PRIMARY KEY, version INT UNSIGNED NOT NULL,
  created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NOT NULL,
  name VARCHAR(100) NOT NULL, prefix VARCHAR(16) NULL, hash CHAR(64) NOT NULL, role VARCHAR(16) NOT NULL,
  channel_ids LONGTEXT NULL, expires_at DATETIME(3) NULL, last_used_at DATETIME(3) NULL,
  UNIQUE KEY api_key_name (name), UNIQUE KEY api_key_hash (hash))
  ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;
const COPY = `INSERT IGNORE INTO api_key (id, version, created_at, updated_at, name, hash, role)
  SELECT id, version, created_at, updated_at, name, hash, 'admin' FROM api_token`;

export class AddApiKeys1795800000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE);
    if (!(await runner.hasTable('api_token'))) return;
    await runner.query(COPY);
    await runner.query('DROP TABLE api_token');
  }

  /** There is no way back: keys of less than everything would become tokens of everything. */
  down(): Promise<void> {
    return Promise.reject(new Error('API keys do not become tokens again: restore the database of before'));
  }
}
