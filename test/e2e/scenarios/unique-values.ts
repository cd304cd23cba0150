import type { Scenario } from './scenario.ts';

const PEOPLE =
  'CREATE TABLE #t (id INT PRIMARY KEY, mail VARCHAR(20) CHARACTER SET utf8mb4 NOT NULL, n INT, UNIQUE KEY (mail))';
const THREE = `INSERT INTO #t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)`;

/** Unique values that wander from row to row: the order between different keys matters. */
export const UNIQUE_VALUES: readonly Scenario[] = [
  {
    name: 'swap of two unique values through a third',
    tables: [PEOPLE],
    sql: [
      `${THREE}; BEGIN; UPDATE #t SET mail = 'tmp' WHERE id = 1; UPDATE #t SET mail = 'a' WHERE id = 2; UPDATE #t SET mail = 'b' WHERE id = 1; COMMIT`,
    ],
  },
  {
    name: 'swap of two unique values in three transactions',
    tables: [PEOPLE],
    sql: [
      `${THREE}; UPDATE #t SET mail = 'tmp' WHERE id = 1; UPDATE #t SET mail = 'a' WHERE id = 2; UPDATE #t SET mail = 'b', n = 20 WHERE id = 1`,
    ],
  },
  {
    name: 'swap through NULL',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, u INT NULL, UNIQUE KEY (u))'],
    sql: [
      `INSERT INTO #t VALUES (1, 1), (2, 2); BEGIN; UPDATE #t SET u = NULL WHERE id = 1; UPDATE #t SET u = 1 WHERE id = 2; UPDATE #t SET u = 2 WHERE id = 1; COMMIT`,
    ],
  },
  {
    name: 'swap back and forth many times',
    tables: [PEOPLE],
    sql: [
      `${THREE}; ${`BEGIN; UPDATE #t SET mail = 'tmp' WHERE mail = 'a'; UPDATE #t SET mail = 'a' WHERE mail = 'b'; UPDATE #t SET mail = 'b', n = n + 1 WHERE mail = 'tmp'; COMMIT; `.repeat(21)}`,
    ],
  },
  {
    name: 'a unique value goes round three rows',
    tables: [PEOPLE],
    sql: [
      `${THREE}; BEGIN; UPDATE #t SET mail = 't' WHERE id = 1; UPDATE #t SET mail = 'a' WHERE id = 2; UPDATE #t SET mail = 'b' WHERE id = 3; UPDATE #t SET mail = 'c' WHERE id = 1; COMMIT; DELETE FROM #t WHERE mail = 'a'`,
    ],
  },
  {
    name: 'delete and insert of a unique value under another key in one transaction',
    tables: [PEOPLE],
    sql: [
      `${THREE}; BEGIN; DELETE FROM #t WHERE id = 1; INSERT INTO #t VALUES (10, 'a', 10); DELETE FROM #t WHERE id = 10; INSERT INTO #t VALUES (1, 'a', 100); COMMIT`,
    ],
  },
  {
    name: 'delete and insert of a unique value under another key in two transactions',
    tables: [PEOPLE],
    sql: [
      `${THREE}; DELETE FROM #t WHERE mail = 'b'; INSERT INTO #t VALUES (20, 'b', 20); DELETE FROM #t WHERE mail = 'b'; INSERT INTO #t VALUES (200, 'b', 200); UPDATE #t SET n = n + 1`,
    ],
  },
  {
    name: 'a unique value is taken over in other case',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, mail VARCHAR(20) COLLATE utf8mb4_unicode_ci NOT NULL, UNIQUE KEY (mail)) CHARACTER SET utf8mb4',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 'ann'), (2, 'bob'), (3, 'čep'); BEGIN; UPDATE #t SET mail = 'free' WHERE id = 1; UPDATE #t SET mail = 'ANN ' WHERE id = 2; UPDATE #t SET mail = 'Bob' WHERE id = 1; COMMIT;
       BEGIN; DELETE FROM #t WHERE id = 3; INSERT INTO #t VALUES (4, 'CEP'); COMMIT`,
    ],
  },
  {
    name: 'a unique value is taken over with an accent',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, k VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL, UNIQUE KEY (k)) CHARACTER SET utf8mb4',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 'e'), (2, 'x'); BEGIN; UPDATE #t SET k = 'y' WHERE id = 1; UPDATE #t SET k = 'É' WHERE id = 2; UPDATE #t SET k = 'X' WHERE id = 1; COMMIT; BEGIN; DELETE FROM #t WHERE id = 2; INSERT INTO #t VALUES (3, 'ê'); COMMIT`,
    ],
  },
  {
    name: 'unique value taken over by the row whose key changes',
    tables: [PEOPLE],
    sql: [
      `${THREE}; BEGIN; UPDATE #t SET mail = 'old' WHERE id = 1; UPDATE #t SET id = 9, mail = 'a' WHERE id = 2; INSERT INTO #t VALUES (2, 'b', 22); COMMIT`,
    ],
  },
  {
    name: 'two unique indexes exchanged at once',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, u INT NOT NULL, w INT NOT NULL, UNIQUE KEY (u), UNIQUE KEY (w))'],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 10), (2, 2, 20), (3, 3, 30); BEGIN; UPDATE #t SET u = -1, w = -1 WHERE id = 1; UPDATE #t SET u = 1, w = 10 WHERE id = 2; UPDATE #t SET u = 2, w = 30 + 1 WHERE id = 1; UPDATE #t SET w = 20 WHERE id = 3; COMMIT`,
    ],
  },
  {
    name: 'one unique value under many keys, one after another',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, u INT NOT NULL, UNIQUE KEY (u))'],
    sql: [
      Array.from(
        { length: 40 },
        (_, n) =>
          `INSERT INTO #t VALUES (${String(n)}, 1); ${n % 3 === 0 ? 'UPDATE #t SET u = 1 WHERE u = 1' : `UPDATE #t SET u = ${String(100 + n)} WHERE u = 1`}; DELETE FROM #t WHERE u = 1`,
      ).join('; '),
    ],
  },
  {
    name: 'shift of all unique values by one',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, position INT NOT NULL, UNIQUE KEY (position))'],
    sql: [
      `INSERT INTO #t VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5); UPDATE #t SET position = position + 1 ORDER BY position DESC; INSERT INTO #t VALUES (6, 1); UPDATE #t SET position = position - 1 ORDER BY position`,
    ],
  },
  {
    name: 'move of one row in an ordered list',
    tables: [
      'CREATE TABLE #t (list INT, position INT, item VARCHAR(10), PRIMARY KEY (list, item), UNIQUE KEY (list, position))',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 'a'), (1, 2, 'b'), (1, 3, 'c'), (1, 4, 'd'), (2, 1, 'a');
       BEGIN; UPDATE #t SET position = -1 WHERE list = 1 AND item = 'd'; UPDATE #t SET position = position + 1 WHERE list = 1 AND position BETWEEN 2 AND 3 ORDER BY position DESC; UPDATE #t SET position = 2 WHERE list = 1 AND item = 'd'; COMMIT`,
    ],
  },
  {
    name: 'unique values under insert, update to free, insert again',
    tables: [PEOPLE],
    sql: [
      `BEGIN; INSERT INTO #t VALUES (1, 'x', 1); UPDATE #t SET mail = 'y' WHERE id = 1; INSERT INTO #t VALUES (2, 'x', 2); UPDATE #t SET mail = 'z' WHERE id = 2; INSERT INTO #t VALUES (3, 'x', 3); COMMIT`,
    ],
  },
  {
    name: 'unique values freed by delete of many rows and filled by one statement',
    tables: [PEOPLE],
    sql: [
      `${THREE}; BEGIN; DELETE FROM #t; INSERT INTO #t VALUES (4, 'a', 4), (5, 'b', 5), (6, 'c', 6); UPDATE #t SET mail = CONCAT(mail, id); INSERT INTO #t VALUES (7, 'a', 7), (1, 'b', 1); COMMIT`,
    ],
  },
  {
    name: 'a unique decimal and its other spelling',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, d DECIMAL(10,4) NOT NULL, UNIQUE KEY (d))'],
    sql: [
      `INSERT INTO #t VALUES (1, 1.5), (2, 2); BEGIN; DELETE FROM #t WHERE d = 1.50; INSERT INTO #t VALUES (3, 1.5000); UPDATE #t SET d = 2.0001 WHERE d = 2.0; INSERT INTO #t VALUES (4, 2); COMMIT`,
    ],
  },
  {
    name: 'a unique time and date that is taken over',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, t TIME(2) NOT NULL, d DATETIME(1) NOT NULL, UNIQUE KEY (t), UNIQUE KEY (d))',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, '10:00:00.5', '2024-01-01 10:00:00.5'), (2, '11:00:00', '2024-01-01'); BEGIN; UPDATE #t SET t = '12:00:00', d = '2025-01-01' WHERE id = 1; UPDATE #t SET t = '10:00:00.50', d = '2024-01-01 10:00:00.5' WHERE id = 2; COMMIT;
       BEGIN; DELETE FROM #t WHERE id = 2; INSERT INTO #t VALUES (3, '10:00:00.5', '2024-01-01 10:00:00.5'); COMMIT`,
    ],
  },
  {
    name: 'a unique float that is taken over',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, d DOUBLE NULL, UNIQUE KEY (d))'],
    sql: [
      `INSERT INTO #t VALUES (1, 0.1), (2, 0.2), (3, 0); BEGIN; UPDATE #t SET d = NULL WHERE id = 1; UPDATE #t SET d = 0.1 WHERE id = 2; UPDATE #t SET d = 0.2 WHERE id = 1; DELETE FROM #t WHERE id = 3; INSERT INTO #t VALUES (4, -0e0); COMMIT`,
    ],
  },
  {
    name: 'a unique composite of text and number',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a VARCHAR(5) COLLATE utf8mb4_unicode_ci, b INT, UNIQUE KEY (a, b)) CHARACTER SET utf8mb4',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 'x', 1), (2, 'x', 2), (3, NULL, 1), (4, NULL, 1); BEGIN; UPDATE #t SET b = 3 WHERE id = 1; UPDATE #t SET a = 'X', b = 1 WHERE id = 2; UPDATE #t SET a = 'X', b = 2 WHERE id = 3; COMMIT`,
    ],
  },
  {
    name: 'INSERT … ON DUPLICATE KEY UPDATE that meets two unique indexes',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, u INT NOT NULL, n INT NOT NULL DEFAULT 0, UNIQUE KEY (u))'],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 0), (2, 2, 0); INSERT INTO #t VALUES (1, 2, 5) ON DUPLICATE KEY UPDATE n = n + 1; INSERT INTO #t VALUES (3, 2, 5) ON DUPLICATE KEY UPDATE u = 7; INSERT INTO #t VALUES (4, 2, 9)`,
    ],
  },
  {
    name: 'REPLACE that removes two rows',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, u INT NOT NULL, n INT NOT NULL DEFAULT 0, UNIQUE KEY (u))'],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 0), (2, 2, 0), (3, 3, 0); REPLACE INTO #t VALUES (1, 2, 9); REPLACE INTO #t VALUES (4, 3, 1), (3, 1, 1), (2, 2, 2)`,
    ],
  },
  {
    name: 'many tables, the same values, in one transaction',
    tables: [PEOPLE, PEOPLE.replace('#t', '#u'), PEOPLE.replace('#t', '#v')],
    sql: [
      `BEGIN; ${THREE}; ${THREE.replace('#t', '#u')}; ${THREE.replace('#t', '#v')}; UPDATE #t SET mail = 'd' WHERE id = 1; UPDATE #u SET mail = 'd' WHERE id = 2; UPDATE #v SET mail = 'd' WHERE id = 3; UPDATE #t SET mail = 'a' WHERE id = 2; DELETE FROM #u WHERE mail = 'a'; INSERT INTO #u VALUES (9, 'a', 9); COMMIT`,
    ],
  },
];
