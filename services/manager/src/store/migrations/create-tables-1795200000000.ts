import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Columns of {@link StoredResource}. */
const RESOURCE = `
  id CHAR(26) NOT NULL PRIMARY KEY,
  version INT UNSIGNED NOT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL`;
const OPTIONS = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

/** The first tables. Each statement may run again: a migration that was killed in the middle starts from its beginning. */
const STATEMENTS = [
  `CREATE TABLE IF NOT EXISTS installation (id INT NOT NULL PRIMARY KEY, version INT NOT NULL) ${OPTIONS}`,
  'INSERT IGNORE INTO installation (id, version) VALUES (1, 1)',
  `CREATE TABLE IF NOT EXISTS api_token (${RESOURCE},
    name VARCHAR(100) NOT NULL, hash CHAR(64) NOT NULL,
    UNIQUE KEY api_token_name (name), UNIQUE KEY api_token_hash (hash)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS audit_entry (
    id CHAR(26) NOT NULL PRIMARY KEY, at DATETIME(3) NOT NULL, who VARCHAR(100) NOT NULL, action VARCHAR(16) NOT NULL,
    resource VARCHAR(32) NOT NULL, resource_id CHAR(26) NOT NULL, \`before\` LONGTEXT NULL, \`after\` LONGTEXT NULL,
    KEY audit_entry_resource (resource_id), KEY audit_entry_at (at)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS channel (${RESOURCE},
    name VARCHAR(100) NOT NULL, description VARCHAR(1000) NOT NULL, UNIQUE KEY channel_name (name)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS data_source (${RESOURCE},
    name VARCHAR(100) NOT NULL, kind VARCHAR(16) NOT NULL, host VARCHAR(255) NOT NULL, port INT UNSIGNED NOT NULL,
    \`user\` VARCHAR(128) NOT NULL, password_sealed TEXT NOT NULL, tls VARCHAR(16) NOT NULL, tls_ca TEXT NULL,
    UNIQUE KEY data_source_name (name)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS pipeline (${RESOURCE},
    channel_id CHAR(26) NOT NULL, name VARCHAR(100) NOT NULL, source_id CHAR(26) NOT NULL, target_id CHAR(26) NOT NULL,
    parameters LONGTEXT NOT NULL, start LONGTEXT NOT NULL, revision INT UNSIGNED NOT NULL,
    UNIQUE KEY pipeline_name (name),
    CONSTRAINT pipeline_channel FOREIGN KEY (channel_id) REFERENCES channel (id),
    CONSTRAINT pipeline_source FOREIGN KEY (source_id) REFERENCES data_source (id),
    CONSTRAINT pipeline_target FOREIGN KEY (target_id) REFERENCES data_source (id)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS mapping (${RESOURCE},
    pipeline_id CHAR(26) NOT NULL, source LONGTEXT NOT NULL, target LONGTEXT NOT NULL, columns LONGTEXT NOT NULL,
    CONSTRAINT mapping_pipeline FOREIGN KEY (pipeline_id) REFERENCES pipeline (id)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS definition (
    pipeline_id CHAR(26) NOT NULL PRIMARY KEY, revision INT UNSIGNED NOT NULL, body LONGTEXT NOT NULL,
    is_published TINYINT NOT NULL, is_removed TINYINT NOT NULL) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS statistic_minute (
    pipeline_id CHAR(26) NOT NULL, minute INT UNSIGNED NOT NULL,
    ${['inserted', 'updated', 'deleted', 'skipped', 'conflicts', 'transactions', 'processes', 'source_bytes', 'failures', 'warnings'].map((name) => `${name} BIGINT UNSIGNED NOT NULL`).join(', ')},
    delay_ms_p50 DOUBLE NULL, delay_ms_p99 DOUBLE NULL,
    PRIMARY KEY (pipeline_id, minute), KEY statistic_minute_minute (minute)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS statistic_state (pipeline_id CHAR(26) NOT NULL PRIMARY KEY, state LONGTEXT NOT NULL) ${OPTIONS}`,
];

export class CreateTables1795200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  /** There is no way back: configuration would be lost. */
  down(): Promise<void> {
    return Promise.reject(new Error('The first tables are not removed: drop the database'));
  }
}
