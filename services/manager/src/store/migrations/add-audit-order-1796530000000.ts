import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Entries of a resource in the order in which they are listed. With the resource alone in the index, a server may go through the
 * log of all resources from its end, until it has met enough of this one.
 */
export class AddAuditOrder1796530000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    if (!(await hasIndex(runner, 'audit_entry_resource_number')))
      await runner.query('ALTER TABLE audit_entry ADD KEY audit_entry_resource_number (resource_id, number)');
    if (await hasIndex(runner, 'audit_entry_resource'))
      await runner.query('ALTER TABLE audit_entry DROP KEY audit_entry_resource');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE audit_entry ADD KEY audit_entry_resource (resource_id), DROP KEY audit_entry_resource_number',
    );
  }
}

async function hasIndex(runner: QueryRunner, name: string): Promise<boolean> {
  const found = (await runner.query(
    'SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND INDEX_NAME = ?',
    ['audit_entry', name],
  )) as readonly unknown[];
  return found.length > 0;
}
