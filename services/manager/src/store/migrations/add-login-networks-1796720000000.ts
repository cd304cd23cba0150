import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Networks that users have logged in from, hashed. Each statement may run again. */
const CREATE = `CREATE TABLE IF NOT EXISTS login_network (
  user_id CHAR(26) NOT NULL, network CHAR(64) NOT NULL, ends_at DATETIME(3) NOT NULL,
  PRIMARY KEY (user_id, network), KEY login_network_ends_at (ends_at),
  CONSTRAINT login_network_user FOREIGN KEY (user_id) REFERENCES \`user\` (id) ON DELETE CASCADE
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

export class AddLoginNetworks1796720000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE login_network');
  }
}
