// Goal: the judges of the chaos run can fail. A target that is a true copy passes; each violation that is planted in it is
// reported by the sampler, by the comparison, or by both.
// Method: a short workload on a real source; its rows are copied to a target schema as they are; then one statement spoils it.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runSql, testServers, waitUntil } from '@lutra/testing';
import type { Connection } from 'mysql2';
import type { ChaosDatabases, SitesVerdict } from '../../src/chaos/chaos-types.ts';
import { compareSites } from '../../src/chaos/judge/compare-sites.ts';
import { HeartbeatWatch } from '../../src/chaos/judge/heartbeat-watch.ts';
import { readSnapshot } from '../../src/chaos/judge/read-snapshot.ts';
import type { Violation } from '../../src/chaos/judge/schema-snapshot.ts';
import { TargetSampler } from '../../src/chaos/judge/target-sampler.ts';
import { TransactionalRules } from '../../src/chaos/judge/transactional-rules.ts';
import { CHAOS_TABLES } from '../../src/chaos/workload/chaos-tables.ts';
import { ChaosWorkload, WRITERS_PER_PIPELINE } from '../../src/chaos/workload/chaos-workload.ts';
import { ask, openDirect } from '../../src/chaos/workload/direct-connection.ts';

const WORK_MS = 2_500;
const schema = `planted_${randomBytes(4).toString('hex')}`;
const { mariadbSource: source, mariadbTarget: target } = testServers();
const databases: ChaosDatabases = {
  source,
  target,
  pipelines: [{ name: 'transactional', applyMode: 'transactional', schema }],
};

let atTarget: Connection;
/** The source's rows as INSERT statements, by table. */
let copies: readonly string[];

async function copyOf(table: string, connection: Connection): Promise<string> {
  const rows = await ask<Record<string, unknown>>(connection, `SELECT * FROM \`${schema}\`.${table}`);
  if (rows.length === 0) return 'DO 0';
  return `INSERT INTO ${table} VALUES ${rows.map((row) => `(${connection.escape(Object.values(row))})`).join(', ')}`;
}

async function plant(...statements: readonly string[]): Promise<void> {
  await runSql(target, [`USE \`${schema}\``, 'SET foreign_key_checks = 0', ...statements]);
}

async function sampled(): Promise<Violation[]> {
  const marks = new Map<number, number>();
  const request = { schema, writers: WRITERS_PER_PIPELINE, marks, withLogCounts: true };
  return new TransactionalRules().check(await readSnapshot(atTarget, request));
}

const compared = (): Promise<SitesVerdict> => compareSites(databases, 0);

beforeAll(async () => {
  const workload = new ChaosWorkload(databases, { seed: 11, ratePerSecond: 200, bulkEveryMs: 500 });
  await workload.prepare();
  workload.start();
  await waitUntil(
    () => workload.counts.seconds * 1_000 > WORK_MS && (workload.counts.transactionsByKind['bulk'] ?? 0) > 3,
    {
      what: 'some work to be done',
      timeoutMs: 60_000,
    },
  );
  await workload.stop();
  const atSource = await openDirect(source);
  try {
    const statements: string[] = [];
    for (const table of CHAOS_TABLES) statements.push(await copyOf(table, atSource));
    copies = statements;
  } finally {
    atSource.destroy();
  }
  atTarget = await openDirect(target);
});

beforeEach(async () => {
  await plant(...CHAOS_TABLES.map((table) => `DELETE FROM ${table}`), ...copies);
});

afterAll(async () => {
  atTarget.destroy();
  for (const server of [source, target]) await runSql(server, [`DROP DATABASE IF EXISTS \`${schema}\``]);
});

describe('the judges', () => {
  it('find nothing in a true copy', async () => {
    expect(await sampled()).toEqual([]);
    const { tables, ...rest } = await compared();
    expect(rest).toEqual({ lost: 0, doubled: 0, violations: [] });
    expect(tables.map(({ isEqual }) => isEqual)).toEqual(CHAOS_TABLES.map(() => true));
    expect(tables.find(({ table }) => table === `${schema}.bulk`)?.targetRows).toBeGreaterThan(5_000);
  });

  const lastTransfer = "(SELECT * FROM (SELECT MAX(seq) FROM tx_log WHERE writer = 1 AND kind = 'transfer') AS t)";
  it.each<[string, string, { readonly rule: string; readonly table: string }, readonly string[]]>([
    [
      'a missing ledger row',
      'whole-transactions',
      { rule: 'promises', table: 'ledger' },
      [`DELETE FROM ledger WHERE writer = 1 AND seq = ${lastTransfer} LIMIT 1`],
    ],
    [
      'a doubled version',
      'version',
      { rule: 'newest history', table: 'counters' },
      ['UPDATE counters SET version = version + 1 WHERE version > 0 ORDER BY id LIMIT 1'],
    ],
    [
      'half a transaction',
      'sum',
      { rule: 'newest ledger', table: 'accounts' },
      [
        'UPDATE accounts a JOIN ledger l ON l.account = a.id AND l.version = a.version SET a.balance = l.balance_before WHERE a.id = 3',
      ],
    ],
    [
      'swapped unique values',
      'value',
      { rule: 'newest history', table: 'places' },
      [
        "UPDATE places SET token = 'x' WHERE version > 0 ORDER BY id LIMIT 1",
        "SET @free = (SELECT CONCAT('token-', c.id) FROM counters c LEFT JOIN places p ON p.token = CONCAT('token-', c.id) WHERE p.id IS NULL AND c.id < 32)",
        "SET @other = (SELECT MAX(id) FROM places WHERE version > 0), @mine = (SELECT id FROM places WHERE token = 'x')",
        'SET @taken = (SELECT token FROM places WHERE id = @other)',
        "UPDATE places SET token = 'y' WHERE id = @other",
        'UPDATE places SET token = @taken WHERE id = @mine',
        'UPDATE places SET token = @free WHERE id = @other',
      ],
    ],
    [
      'a token that is nowhere',
      'permutation',
      { rule: 'nobody has', table: 'places' },
      ["UPDATE places SET token = 'on the way 1' WHERE id = 5"],
    ],
    [
      'half a batch',
      'value',
      { rule: 'batch is not whole', table: 'bulk' },
      ['DELETE FROM bulk ORDER BY batch, number LIMIT 3000'],
    ],
    [
      'a batch of which half was changed',
      'batch',
      { rule: 'batch is not whole', table: 'bulk' },
      ['UPDATE bulk SET version = version + 1 ORDER BY batch, number LIMIT 10'],
    ],
    [
      'a row that a delete forgot',
      'version',
      { rule: 'deleted row', table: 'churn' },
      [
        "INSERT INTO churn SELECT 999, row_id, version, writer, seq, 1, '' FROM history WHERE table_name = 'churn' AND deed = 'D' AND row_id NOT IN (SELECT row_id FROM churn) ORDER BY row_id, version DESC LIMIT 1",
      ],
    ],
  ])(
    'find %s',
    async (_what, rule, expected, statements) => {
      await plant(...statements);
      expect((await sampled()).map((one) => one.rule)).toContain(rule);
      const { tables, violations } = await compared();
      expect(tables.filter(({ isEqual }) => !isEqual).map(({ table }) => table)).toEqual([
        `${schema}.${expected.table}`,
      ]);
      expect(violations.join('\n')).toContain(expected.rule);
    },
    180_000,
  );

  it('find a lost transaction, whole as it was', async () => {
    await plant(
      'SET @seq = (SELECT MAX(seq) - 2 FROM tx_log WHERE writer = 2)',
      ...['tx_log', 'ledger', 'history'].map((table) => `DELETE FROM ${table} WHERE writer = 2 AND seq = @seq`),
    );
    expect((await sampled()).map(({ rule }) => rule)).toContain('order');
    expect(await compared()).toMatchObject({ lost: 1, doubled: 0 });
  });

  it('find a transaction that the source never had', async () => {
    await plant("INSERT INTO tx_log SELECT 2, MAX(seq) + 1, 'count', 0, 0, NOW(6) FROM tx_log WHERE writer = 2");
    expect(await compared()).toMatchObject({ lost: 0, doubled: 1 });
  });

  it.each([
    ['the last digit of a decimal', 'accounts', 'UPDATE accounts SET balance = balance + 0.0000000001 WHERE id = 1'],
    ['the sign of a zero', 'counters', 'UPDATE counters SET measure = -0e0 WHERE id = 1'],
    [
      'the last bit of a double',
      'counters',
      'UPDATE counters SET measure = COALESCE(measure, 1) * 1.0000000000000003 WHERE id = 1',
    ],
    ['the case of a letter', 'accounts', 'UPDATE accounts SET owner = UPPER(owner) WHERE id = 1'],
    [
      'a microsecond',
      'tx_log',
      'UPDATE tx_log SET written_at = written_at + INTERVAL 1 MICROSECOND WHERE writer = 1 AND seq = 1',
    ],
    ['NULL for an empty value', 'counters', "UPDATE counters SET payload = IF(payload IS NULL, '', NULL) WHERE id = 2"],
    [
      'a blank in a JSON document',
      'counters',
      "UPDATE counters SET doc = CONCAT(COALESCE(doc, '{}'), ' ') WHERE id = 3",
    ],
  ])(
    'tell apart %s',
    async (_what, table, statement) => {
      await plant(statement);
      const { tables } = await compared();
      const unequal = tables.filter(({ isEqual }) => !isEqual);
      expect(unequal.map((one) => one.table)).toEqual([`${schema}.${table}`]);
      expect(unequal[0]?.differences).toHaveLength(1);
    },
    180_000,
  );

  it('sample all the time, say when and where it broke first, and go on', async () => {
    const sampler = TargetSampler.start(databases, 20);
    try {
      await waitUntil(() => sampler.samples > 3, { what: 'samples', timeoutMs: 60_000 });
      expect(sampler.violations).toEqual([]);
      await plant('UPDATE accounts SET balance = balance + 1 WHERE id = 7');
      await waitUntil(() => sampler.violations.length > 0, { what: 'a violation', timeoutMs: 60_000 });
      const { samples } = sampler;
      await waitUntil(() => sampler.samples > samples + 5, { what: 'more samples', timeoutMs: 60_000 });
    } finally {
      await sampler.stop();
    }
    expect(sampler.violations[0]).toMatch(/^transactional, sample \d+ at 20\S+ \(second \d+\.\d\), sum: /);
    expect(sampler.violations.join('\n')).toMatch(/balance: account 7 differs from its ledger entry \d+/);
  });

  it('see a heartbeat only when it has arrived', async () => {
    await plant('DELETE FROM heartbeat');
    const watch = HeartbeatWatch.start(databases);
    try {
      expect(await watch.waitRecovered(performance.now(), 2_000)).toEqual({ transactional: null });
      const since = performance.now();
      const waiting = watch.waitRecovered(since, 30_000);
      await plant('INSERT INTO heartbeat VALUES (1, 1000000, NOW(6))');
      expect((await waiting)['transactional']).toBeGreaterThanOrEqual(0);
    } finally {
      await watch.stop();
      await runSql(source, [`DELETE FROM \`${schema}\`.heartbeat`]);
    }
  });
});
