import type { Scenario } from './scenario.ts';

const T = 'CREATE TABLE #t (id INT PRIMARY KEY, n INT NOT NULL DEFAULT 0)';
const U = T.replace('#t', '#u');
const DIGITS =
  '(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)';

/** What belongs together at the source: transactions, savepoints, XA, temporary tables. */
export const TRANSACTIONS: readonly Scenario[] = [
  {
    name: 'autocommit, one row at a time',
    tables: [T],
    sql: [Array.from({ length: 50 }, (_, n) => `INSERT INTO #t (id) VALUES (${String(n)})`).join('; ')],
  },
  {
    name: 'autocommit off and COMMIT AND CHAIN',
    tables: [T],
    sql: [
      `SET autocommit = 0; INSERT INTO #t VALUES (1, 1); COMMIT AND CHAIN; INSERT INTO #t VALUES (2, 2); UPDATE #t SET n = 9; COMMIT; DELETE FROM #t WHERE id = 1; ROLLBACK; INSERT INTO #t VALUES (3, 3); COMMIT`,
    ],
  },
  {
    name: 'ROLLBACK leaves nothing',
    tables: [T],
    sql: [
      `INSERT INTO #t VALUES (1, 1); BEGIN; INSERT INTO #t VALUES (2, 2); UPDATE #t SET n = 5; DELETE FROM #t WHERE id = 1; ROLLBACK; INSERT INTO #t VALUES (3, 3)`,
    ],
  },
  {
    name: 'a session that ends without COMMIT leaves nothing',
    tables: [T],
    sql: [`BEGIN; INSERT INTO #t VALUES (1, 1), (2, 2)`, `INSERT INTO #t VALUES (3, 3)`],
  },
  {
    name: 'ROLLBACK TO a savepoint',
    tables: [T],
    sql: [
      `BEGIN; INSERT INTO #t VALUES (1, 1); SAVEPOINT a; INSERT INTO #t VALUES (2, 2); UPDATE #t SET n = 100 WHERE id = 1; ROLLBACK TO a; INSERT INTO #t VALUES (3, 3); COMMIT`,
    ],
  },
  {
    name: 'savepoints in each other, released and reused',
    tables: [T],
    sql: [
      `BEGIN; INSERT INTO #t VALUES (1, 1); SAVEPOINT a; INSERT INTO #t VALUES (2, 2); SAVEPOINT b; INSERT INTO #t VALUES (3, 3); SAVEPOINT a; INSERT INTO #t VALUES (4, 4); ROLLBACK TO a; INSERT INTO #t VALUES (5, 5); RELEASE SAVEPOINT a; ROLLBACK TO SAVEPOINT b; UPDATE #t SET n = n * 10; COMMIT`,
    ],
  },
  {
    name: 'ROLLBACK TO the very beginning',
    tables: [T],
    sql: [
      `INSERT INTO #t VALUES (1, 1); BEGIN; SAVEPOINT s; DELETE FROM #t; INSERT INTO #t VALUES (7, 7); ROLLBACK TO s; COMMIT; UPDATE #t SET n = 2`,
    ],
  },
  {
    name: 'rows that a failed statement takes back inside a transaction',
    tables: [T, U],
    atSource: [
      'CREATE PROCEDURE #p() BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; INSERT INTO #t VALUES (5, 5), (6, 6), (1, 1); UPDATE #t SET id = 2 WHERE id = 1; END',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 0), (2, 0); BEGIN; INSERT INTO #u VALUES (1, 1); CALL #p(); INSERT INTO #u VALUES (2, 2); UPDATE #t SET n = 3 WHERE id = 2; COMMIT`,
    ],
  },
  {
    name: 'XA in one phase',
    tables: [T],
    sql: [
      `XA START '{run}x'; INSERT INTO #t VALUES (1, 1), (2, 2); UPDATE #t SET n = 9 WHERE id = 2; XA END '{run}x'; XA COMMIT '{run}x' ONE PHASE; DELETE FROM #t WHERE id = 1`,
    ],
  },
  {
    name: 'XA prepared and committed, with others in between',
    tables: [T],
    sql: [
      `XA START '{run}x', 'b', 7; INSERT INTO #t VALUES (1, 1), (2, 2); XA END '{run}x', 'b', 7; XA PREPARE '{run}x', 'b', 7`,
      `INSERT INTO #t VALUES (3, 3); UPDATE #t SET n = 30 WHERE id = 3`,
      `XA COMMIT '{run}x', 'b', 7; UPDATE #t SET n = n + 100`,
    ],
  },
  {
    name: 'XA prepared and rolled back',
    tables: [T],
    sql: [
      `XA START '{run}x'; INSERT INTO #t VALUES (1, 1); XA END '{run}x'; XA PREPARE '{run}x'`,
      `INSERT INTO #t VALUES (2, 2)`,
      `XA ROLLBACK '{run}x'; INSERT INTO #t VALUES (1, 10)`,
    ],
  },
  {
    name: 'two XA transactions that are committed in the other order',
    tables: [T],
    sql: [
      `XA START '{run}x1'; INSERT INTO #t VALUES (1, 1); XA END '{run}x1'; XA PREPARE '{run}x1'`,
      `XA START '{run}x2'; INSERT INTO #t VALUES (2, 2); XA END '{run}x2'; XA PREPARE '{run}x2'`,
      `XA COMMIT '{run}x2'; UPDATE #t SET n = 20 WHERE id = 2; XA COMMIT '{run}x1'; UPDATE #t SET n = n + 1`,
    ],
  },
  {
    name: 'a transaction of five thousand rows',
    tables: [T],
    sql: [
      `BEGIN; INSERT INTO #t SELECT a.d * 1000 + b.d * 100 + c.d * 10 + e.d, e.d FROM ${DIGITS} a, ${DIGITS} b, ${DIGITS} c, ${DIGITS} e WHERE a.d < 5; UPDATE #t SET n = n + 10 WHERE id % 2 = 0; DELETE FROM #t WHERE id % 5 = 0; UPDATE #t SET id = id + 10000 WHERE id % 11 = 0; COMMIT`,
    ],
  },
  {
    name: 'a large transaction beside small ones of the same rows',
    tables: [T],
    sql: [
      `INSERT INTO #t SELECT a.d * 100 + b.d * 10 + c.d, 0 FROM ${DIGITS} a, ${DIGITS} b, ${DIGITS} c; UPDATE #t SET n = 1 WHERE id = 500; BEGIN; UPDATE #t SET n = n + 1; DELETE FROM #t WHERE id % 4 = 1; INSERT INTO #t SELECT id + 1000, n FROM #t; COMMIT; UPDATE #t SET n = 77 WHERE id = 1500; DELETE FROM #t WHERE id = 2`,
    ],
  },
  {
    name: 'temporary tables stay at the source, what is read from them does not',
    tables: [T],
    sql: [
      `CREATE TEMPORARY TABLE #temp (id INT PRIMARY KEY, n INT); INSERT INTO #temp VALUES (1, 1), (2, 2), (3, 3); UPDATE #temp SET n = n * 2; INSERT INTO #t SELECT * FROM #temp; UPDATE #t JOIN #temp USING (id) SET #t.n = #temp.n + 1 WHERE #temp.id > 1; DROP TEMPORARY TABLE #temp; DELETE FROM #t WHERE id = 1`,
    ],
  },
  {
    name: 'a temporary table that hides a table of the same name',
    tables: [T],
    sql: [
      `INSERT INTO #t VALUES (1, 1), (2, 2); CREATE TEMPORARY TABLE #t (id INT PRIMARY KEY, n INT); INSERT INTO #t VALUES (1, 100), (9, 900); DELETE FROM #t WHERE id = 9; DROP TEMPORARY TABLE #t; UPDATE #t SET n = 22 WHERE id = 2`,
    ],
  },
  {
    name: 'a transaction that changes nothing in the end',
    tables: [T],
    sql: [
      `INSERT INTO #t VALUES (1, 1); BEGIN; UPDATE #t SET n = 2 WHERE id = 1; UPDATE #t SET n = 1 WHERE id = 1; INSERT INTO #t VALUES (2, 2); DELETE FROM #t WHERE id = 2; COMMIT`,
    ],
  },
  {
    name: 'a read only transaction and an empty one between writes',
    tables: [T],
    sql: [
      `INSERT INTO #t VALUES (1, 1); BEGIN; COMMIT; START TRANSACTION READ ONLY; SELECT COUNT(*) FROM #t; COMMIT; UPDATE #t SET n = 2; BEGIN; SELECT * FROM #t FOR UPDATE; ROLLBACK`,
    ],
  },
  {
    name: 'READ COMMITTED and SERIALIZABLE',
    tables: [T],
    sql: [
      `SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; INSERT INTO #t VALUES (1, 1), (2, 2); UPDATE #t SET n = n + 1; SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN; INSERT INTO #t SELECT id + 10, n FROM #t; COMMIT; DELETE FROM #t WHERE n = 2`,
    ],
  },
  {
    name: 'GET_LOCK, LOCK TABLES and writes under them',
    tables: [T, U],
    sql: [
      `DO GET_LOCK('{run}lock', 1); LOCK TABLES #t WRITE, #u WRITE; INSERT INTO #t VALUES (1, 1), (2, 2); INSERT INTO #u VALUES (1, 1); UPDATE #t SET n = 5; UNLOCK TABLES; DELETE FROM #u; DO RELEASE_LOCK('{run}lock')`,
    ],
  },
];
