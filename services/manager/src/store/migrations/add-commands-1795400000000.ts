import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Commands with their outcome, besides their audit entries; those of earlier versions are taken over. */
const STATEMENTS = [
  // Parts of a channel's command and names of instances are longer than one id.
  'ALTER TABLE audit_entry MODIFY COLUMN resource_id VARCHAR(128) NOT NULL',
  `CREATE TABLE IF NOT EXISTS command (
    id VARCHAR(64) NOT NULL PRIMARY KEY, pipeline_id CHAR(26) NOT NULL, kind VARCHAR(16) NOT NULL,
    author VARCHAR(100) NOT NULL, issued_at DATETIME(3) NOT NULL, body LONGTEXT NOT NULL, whole LONGTEXT NULL,
    request_key CHAR(64) NULL, request_hash CHAR(64) NULL, is_sent TINYINT NOT NULL,
    outcome VARCHAR(16) NULL, decided_at DATETIME(3) NULL,
    UNIQUE KEY command_request (request_key, pipeline_id), KEY command_pipeline (pipeline_id, issued_at),
    KEY command_issued_at (issued_at)) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  `INSERT IGNORE INTO command (id, pipeline_id, kind, author, issued_at, body, is_sent)
    SELECT resource_id, JSON_UNQUOTE(JSON_EXTRACT(\`after\`, '$.pipelineId')), JSON_UNQUOTE(JSON_EXTRACT(\`after\`, '$.kind')),
      who, at, \`after\`, 1 FROM audit_entry WHERE resource = 'command'`,
];

export class AddCommands1795400000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    // The audit entries stay as they are: longer ids must not be cut.
    await runner.query('DROP TABLE command');
  }
}
