import type { MigrationInterface, QueryRunner } from 'typeorm';

const OPTIONS = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

/** Users, their sessions, and the count of attempts to log in. Each statement may run again. */
const STATEMENTS = [
  `CREATE TABLE IF NOT EXISTS \`user\` (
    id CHAR(26) NOT NULL PRIMARY KEY, version INT UNSIGNED NOT NULL,
    created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NOT NULL,
    name VARCHAR(100) NOT NULL, role VARCHAR(16) NOT NULL, channel_ids LONGTEXT NULL, password_hash VARCHAR(255) NOT NULL,
    UNIQUE KEY user_name (name)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS session (
    id CHAR(26) NOT NULL PRIMARY KEY, user_id CHAR(26) NOT NULL,
    last_used_at DATETIME(3) NOT NULL, ends_at DATETIME(3) NOT NULL,
    KEY session_ends_at (ends_at), KEY session_last_used_at (last_used_at),
    CONSTRAINT session_user FOREIGN KEY (user_id) REFERENCES \`user\` (id) ON DELETE CASCADE) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS session_token (
    hash CHAR(64) NOT NULL PRIMARY KEY, session_id CHAR(26) NOT NULL, is_current TINYINT NOT NULL,
    CONSTRAINT session_token_session FOREIGN KEY (session_id) REFERENCES session (id) ON DELETE CASCADE) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS login_attempt (
    id CHAR(64) NOT NULL PRIMARY KEY, count INT UNSIGNED NOT NULL, ends_at DATETIME(3) NOT NULL,
    KEY login_attempt_ends_at (ends_at)) ${OPTIONS}`,
];

export class AddUsers1795820000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['login_attempt', 'session_token', 'session', 'user'])
      await runner.query(`DROP TABLE \`${table}\``);
  }
}
