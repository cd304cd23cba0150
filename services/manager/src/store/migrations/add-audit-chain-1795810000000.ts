import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CHAIN_START, hashOfEntry } from '../../audit/audit-chain.ts';
import type { ChainedEntry } from '../../audit/audit-chain.ts';

const PAGE_ENTRIES = 500;

/** A number and a hash for each entry of the audit log; those of earlier versions get theirs in the order of their ids. */
export class AddAuditChain1795810000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle goes on behind the entries that have a number. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE IF NOT EXISTS audit_head (id INT NOT NULL PRIMARY KEY, number BIGINT UNSIGNED NOT NULL, ' +
        'hash CHAR(64) NOT NULL) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
    );
    await runner.query('INSERT IGNORE INTO audit_head (id, number, hash) VALUES (1, 0, ?)', [CHAIN_START]);
    if (!(await runner.hasColumn('audit_entry', 'number')))
      await runner.query(
        'ALTER TABLE audit_entry ADD COLUMN number BIGINT UNSIGNED NULL, ADD COLUMN who_id CHAR(26) NULL, ' +
          'ADD COLUMN hash CHAR(64) NULL, ADD UNIQUE KEY audit_entry_number (number)',
      );
    while ((await chainPage(runner)) > 0);
    await runner.query(
      'ALTER TABLE audit_entry MODIFY COLUMN number BIGINT UNSIGNED NOT NULL, MODIFY COLUMN hash CHAR(64) NOT NULL',
    );
  }

  /** There is no way back: what proves the log would be lost. */
  down(): Promise<void> {
    return Promise.reject(new Error('The chain of the audit log is not removed'));
  }
}

/** Chains the oldest entries without a number, in one transaction with the head; answers how many. */
async function chainPage(runner: QueryRunner): Promise<number> {
  await runner.startTransaction();
  const [head] = (await runner.query('SELECT number, hash FROM audit_head WHERE id = 1 FOR UPDATE')) as {
    readonly number: string | number;
    readonly hash: string;
  }[];
  let [number, hash] = [Number(head?.number ?? 0), head?.hash ?? CHAIN_START];
  const entries = (await runner.query(
    `SELECT id, at, who_id AS whoId, who, action, resource, resource_id AS resourceId, \`before\`, \`after\`
      FROM audit_entry WHERE number IS NULL ORDER BY id LIMIT ${String(PAGE_ENTRIES)}`,
  )) as Omit<ChainedEntry, 'number'>[];
  for (const entry of entries) {
    number += 1;
    hash = hashOfEntry(hash, { ...entry, number });
    await runner.query('UPDATE audit_entry SET number = ?, hash = ? WHERE id = ?', [number, hash, entry.id]);
  }
  await runner.query('UPDATE audit_head SET number = ?, hash = ? WHERE id = 1', [number, hash]);
  await runner.commitTransaction();
  return entries.length;
}
