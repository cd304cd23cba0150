import type { Connection } from 'mysql2';
import { OPENING_BALANCE } from '../workload/chaos-tables.ts';
import { ask } from '../workload/direct-connection.ts';
import { readSnapshot } from './read-snapshot.ts';
import { checkTokens } from './transactional-rules.ts';

/** Each query names, by ids alone, the rows that break a rule; the whole history counts, in either mode. */
const RULES: Readonly<Record<string, string>> = {
  'an account differs from its newest ledger entry': `SELECT a.id FROM accounts a LEFT JOIN ledger l ON l.account = a.id AND l.version = a.version
     WHERE a.version > 0 AND (l.version IS NULL OR l.balance_after <> a.balance)`,
  'an account has not one ledger entry for each version': `SELECT a.id FROM accounts a LEFT JOIN
     (SELECT account, COUNT(*) AS entries, MAX(version) AS newest FROM ledger GROUP BY account) l ON l.account = a.id
     WHERE COALESCE(l.entries, 0) <> a.version OR COALESCE(l.newest, 0) <> a.version`,
  'a ledger entry does not begin where the one before it ended': `SELECT CONCAT(l.account, ':', l.version) AS id FROM ledger l
     JOIN ledger b ON b.account = l.account AND b.version = l.version - 1 WHERE b.balance_after <> l.balance_before`,
  'a row has not one history entry for each version': `SELECT CONCAT(table_name, ' ', row_id) AS id FROM history
     GROUP BY table_name, row_id HAVING COUNT(*) <> MAX(version) OR MIN(version) <> 1`,
  'a transaction has not the rows that its log row promises': `SELECT CONCAT(t.writer, ':', t.seq) AS id FROM
     (SELECT writer, seq, MAX(ledger_rows) AS ledger_rows, MAX(history_rows) AS history_rows FROM tx_log GROUP BY writer, seq) t
     LEFT JOIN (SELECT writer, seq, COUNT(*) AS n FROM ledger GROUP BY writer, seq) l ON l.writer = t.writer AND l.seq = t.seq
     LEFT JOIN (SELECT writer, seq, COUNT(*) AS n FROM history GROUP BY writer, seq) h ON h.writer = t.writer AND h.seq = t.seq
     WHERE COALESCE(l.n, 0) <> t.ledger_rows OR COALESCE(h.n, 0) <> t.history_rows`,
  'a writer has a gap in its transactions':
    'SELECT writer AS id FROM tx_log GROUP BY writer HAVING MAX(seq) <> COUNT(DISTINCT seq)',
  'a row differs from its newest history entry': [
    'counters:id:total',
    'places:id:token',
    'chain:id:seat',
    'churn:row_id:place',
  ]
    .map((names) => {
      const [table = '', id = '', value = ''] = names.split(':');
      return `SELECT CONCAT('${table} ', r.${id}) AS id FROM ${table} r
        LEFT JOIN history h ON h.table_name = '${table}' AND h.row_id = r.${id} AND h.version = r.version
        WHERE r.version > 0 AND (h.version IS NULL OR h.deed = 'D' OR NOT (CAST(h.value AS BINARY) <=> CAST(CONCAT(r.${value}, '') AS BINARY)))`;
    })
    .join(' UNION ALL '),
  'a deleted row is there, or a living one is not': `SELECT CONCAT('churn ', n.row_id) AS id FROM
     (SELECT row_id, MAX(version) AS version FROM history WHERE table_name = 'churn' GROUP BY row_id) n
     JOIN history h ON h.table_name = 'churn' AND h.row_id = n.row_id AND h.version = n.version
     LEFT JOIN churn c ON c.row_id = n.row_id WHERE (h.deed = 'D') = (c.row_id IS NOT NULL)`,
  'a batch is not whole': `SELECT h.row_id AS id FROM
     (SELECT row_id, MAX(version) AS version FROM history WHERE table_name = 'bulk' GROUP BY row_id) n
     JOIN history h ON h.table_name = 'bulk' AND h.row_id = n.row_id AND h.version = n.version
     LEFT JOIN (SELECT batch, COUNT(*) AS n, MIN(version) AS low, MAX(version) AS high FROM bulk GROUP BY batch) b ON b.batch = h.row_id
     WHERE COALESCE(b.n, 0) <> h.value OR (b.n > 0 AND (b.low <> h.version OR b.high <> h.version))`,
};
const EXAMPLES_MAX = 5;

/** Rules that one schema breaks when nothing is on its way any more: sentences. The caller's connection reads `REPEATABLE READ` or not: nothing changes now. */
export async function brokenAtTheEnd(connection: Connection, schema: string): Promise<string[]> {
  await connection.promise().query(`USE \`${schema}\``);
  const sentences: string[] = [];
  for (const [rule, sql] of Object.entries(RULES)) {
    const rows = await ask<{ id: number | string }>(connection, `${sql} LIMIT 1000`);
    if (rows.length > 0) {
      const examples = rows.slice(0, EXAMPLES_MAX).map(({ id }) => String(id));
      sentences.push(
        `${schema}: ${rule} (${rows.length}: ${examples.join(', ')}${rows.length > EXAMPLES_MAX ? ', …' : ''})`,
      );
    }
  }
  const snapshot = await readSnapshot(connection, { schema, writers: 0, marks: new Map(), withLogCounts: false });
  checkTokens(snapshot, (_rule, text) => sentences.push(`${schema}: ${text}`));
  const sums = await ask<{ wrong: number }>(
    connection,
    `SELECT SUM(balance) <> COUNT(*) * ${OPENING_BALANCE} AS wrong FROM accounts`,
  );
  if (sums[0]?.wrong !== 0) sentences.push(`${schema}: the sum of all balances has changed`);
  return sentences;
}
