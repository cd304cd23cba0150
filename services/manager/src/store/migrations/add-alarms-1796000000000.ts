import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Columns of what the API creates and changes. */
const RESOURCE = `
  id CHAR(26) NOT NULL PRIMARY KEY,
  version INT UNSIGNED NOT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL`;
const OPTIONS = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

/** Alarm rules, alarms, their outbox, and who is told. */
const STATEMENTS = [
  `CREATE TABLE IF NOT EXISTS receiver (${RESOURCE},
    name VARCHAR(100) NOT NULL, kind VARCHAR(16) NOT NULL, is_enabled TINYINT NOT NULL,
    email LONGTEXT NULL, http LONGTEXT NULL, secrets_sealed MEDIUMTEXT NOT NULL, UNIQUE KEY receiver_name (name)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS receiver_state (receiver_id CHAR(26) NOT NULL PRIMARY KEY,
    last_sent_at DATETIME(3) NULL, last_failed_at DATETIME(3) NULL, failure_code VARCHAR(64) NOT NULL,
    failure_detail VARCHAR(1000) NOT NULL, failures_in_row INT UNSIGNED NOT NULL) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS alarm_rule (${RESOURCE},
    name VARCHAR(100) NOT NULL, kind VARCHAR(32) NOT NULL, severity VARCHAR(16) NOT NULL, is_enabled TINYINT NOT NULL,
    threshold DOUBLE NOT NULL, keyword VARCHAR(200) NULL, for_ms INT UNSIGNED NOT NULL, repeat_ms INT UNSIGNED NULL,
    pause_until DATETIME(3) NULL, scope LONGTEXT NULL, schedule LONGTEXT NULL, receiver_ids LONGTEXT NOT NULL,
    recovery LONGTEXT NULL, UNIQUE KEY alarm_rule_name (name)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS alarm_rule_fault (rule_id CHAR(26) NOT NULL PRIMARY KEY,
    since DATETIME(3) NOT NULL, problem VARCHAR(1000) NOT NULL) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS alarm (
    id CHAR(26) NOT NULL PRIMARY KEY, version INT UNSIGNED NOT NULL, open_key VARCHAR(191) NULL,
    rule_id CHAR(26) NOT NULL, rule_name VARCHAR(100) NOT NULL, kind VARCHAR(32) NOT NULL, severity VARCHAR(16) NOT NULL,
    threshold DOUBLE NOT NULL, subject_id VARCHAR(128) NOT NULL, subject VARCHAR(255) NOT NULL, pipeline_id CHAR(26) NULL,
    state VARCHAR(16) NOT NULL, since DATETIME(3) NOT NULL, fired_at DATETIME(3) NULL, told_at DATETIME(3) NULL,
    tellings INT UNSIGNED NOT NULL, resolved_at DATETIME(3) NULL, current_value DOUBLE NULL, message VARCHAR(1000) NOT NULL,
    unknown_reason VARCHAR(1000) NULL, acknowledged_by VARCHAR(100) NULL, acknowledged_at DATETIME(3) NULL,
    comment VARCHAR(1000) NULL, told_receiver_ids LONGTEXT NOT NULL,
    UNIQUE KEY alarm_open (open_key), KEY alarm_rule (rule_id, id), KEY alarm_pipeline (pipeline_id, id),
    KEY alarm_state (state, id), KEY alarm_resolved (resolved_at)) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS alarm_delivery (
    id CHAR(26) NOT NULL PRIMARY KEY, alarm_id CHAR(26) NOT NULL, sequence INT UNSIGNED NOT NULL,
    receiver_id VARCHAR(26) NOT NULL, body LONGTEXT NOT NULL, state VARCHAR(16) NOT NULL, attempts INT UNSIGNED NOT NULL,
    created_at DATETIME(3) NOT NULL, next_attempt_at DATETIME(3) NOT NULL, sent_at DATETIME(3) NULL,
    failure VARCHAR(1000) NOT NULL, UNIQUE KEY alarm_delivery_telling (alarm_id, receiver_id, sequence),
    KEY alarm_delivery_due (state, next_attempt_at), KEY alarm_delivery_receiver (receiver_id, state)) ${OPTIONS}`,
  // One row, from the first start on: how far the cycle has come.
  `CREATE TABLE IF NOT EXISTS alarm_cycle (id INT NOT NULL PRIMARY KEY, at DATETIME(3) NOT NULL) ${OPTIONS}`,
];

export class AddAlarms1796000000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [
      'alarm_cycle',
      'alarm_delivery',
      'alarm',
      'alarm_rule_fault',
      'alarm_rule',
      'receiver_state',
      'receiver',
    ])
      await runner.query(`DROP TABLE ${table}`);
  }
}
