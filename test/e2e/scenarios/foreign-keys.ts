import type { Scenario } from './scenario.ts';

const PARENT = 'CREATE TABLE #p (id INT PRIMARY KEY, code VARCHAR(10) NULL UNIQUE, n INT NOT NULL DEFAULT 0)';
const child = (rule: string, column = 'INT'): string =>
  `CREATE TABLE #c (id INT PRIMARY KEY, p ${column}, n INT NOT NULL DEFAULT 0, FOREIGN KEY (p) REFERENCES #p (id) ${rule})`;
const FAMILY = `INSERT INTO #p VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3); INSERT INTO #c VALUES (10, 1, 0), (11, 1, 0), (20, 2, 0), (30, 3, 0)`;

/** Foreign keys that the tables at both sides have. */
export const FOREIGN_KEYS: readonly Scenario[] = [
  {
    name: 'RESTRICT: parents first, children first',
    tables: [PARENT, child('ON DELETE RESTRICT', 'INT NOT NULL')],
    sql: [
      `${FAMILY}; BEGIN; DELETE FROM #c WHERE p = 1; DELETE FROM #p WHERE id = 1; COMMIT; BEGIN; INSERT INTO #p (id) VALUES (4); INSERT INTO #c VALUES (40, 4, 0); UPDATE #c SET p = 4 WHERE p = 2; DELETE FROM #p WHERE id = 2; COMMIT`,
    ],
  },
  {
    name: 'NO ACTION over three tables',
    tables: [
      PARENT,
      child('ON DELETE NO ACTION ON UPDATE NO ACTION'),
      'CREATE TABLE #g (id INT PRIMARY KEY, c INT, FOREIGN KEY (c) REFERENCES #c (id))',
    ],
    sql: [
      `BEGIN; ${FAMILY}; INSERT INTO #g VALUES (100, 10), (101, 11), (102, NULL); COMMIT; BEGIN; DELETE FROM #g WHERE c = 10; DELETE FROM #c WHERE id = 10; UPDATE #g SET c = 20; DELETE FROM #c WHERE id = 11; DELETE FROM #p WHERE id = 1; COMMIT`,
    ],
  },
  {
    name: 'a key of the parent that is no primary key',
    tables: [PARENT, 'CREATE TABLE #c (id INT PRIMARY KEY, code VARCHAR(10), FOREIGN KEY (code) REFERENCES #p (code))'],
    sql: [
      `INSERT INTO #p VALUES (1, 'a', 1), (2, 'b', 2); INSERT INTO #c VALUES (10, 'a'), (11, 'B'), (12, NULL); BEGIN; UPDATE #c SET code = 'b' WHERE id = 10; UPDATE #p SET code = 'z' WHERE id = 1; UPDATE #c SET code = 'z' WHERE id = 11; COMMIT`,
    ],
  },
  {
    name: 'a composite foreign key',
    tables: [
      'CREATE TABLE #p (a INT, b INT, v INT, PRIMARY KEY (a, b))',
      'CREATE TABLE #c (id INT PRIMARY KEY, a INT, b INT, FOREIGN KEY (a, b) REFERENCES #p (a, b))',
    ],
    sql: [
      `INSERT INTO #p VALUES (1, 1, 0), (1, 2, 0), (2, 1, 0); INSERT INTO #c VALUES (1, 1, 1), (2, 1, 2), (3, NULL, 9); BEGIN; UPDATE #c SET b = 1 WHERE id = 2; DELETE FROM #p WHERE a = 1 AND b = 2; INSERT INTO #p VALUES (3, 3, 3); UPDATE #c SET a = 3, b = 3 WHERE id = 3; COMMIT`,
    ],
  },
  {
    name: 'a table that refers to itself',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, boss INT NULL, FOREIGN KEY (boss) REFERENCES #t (id))'],
    sql: [
      `INSERT INTO #t VALUES (1, NULL), (2, 1), (3, 2), (4, 4); BEGIN; INSERT INTO #t VALUES (5, 3); UPDATE #t SET boss = 5 WHERE id = 2; UPDATE #t SET boss = NULL WHERE id >= 3; DELETE FROM #t WHERE id = 4; COMMIT; DELETE FROM #t WHERE id = 2; DELETE FROM #t WHERE id = 1`,
    ],
  },
  {
    name: 'two tables that refer to each other',
    tables: [
      'CREATE TABLE #a (id INT PRIMARY KEY, b INT NULL)',
      'CREATE TABLE #b (id INT PRIMARY KEY, a INT NULL, FOREIGN KEY (a) REFERENCES #a (id))',
    ],
    sql: [
      `BEGIN; INSERT INTO #a VALUES (1, NULL), (2, NULL); INSERT INTO #b VALUES (1, 1), (2, 2), (3, 1); UPDATE #a SET b = id; COMMIT; BEGIN; UPDATE #b SET a = 3 - a; UPDATE #a SET b = NULL WHERE id = 1; DELETE FROM #b WHERE a = 1; DELETE FROM #a WHERE id = 1; COMMIT`,
    ],
  },
  {
    name: 'foreign_key_checks off: children before parents, orphans that stay',
    tables: [PARENT, child('ON DELETE RESTRICT')],
    sql: [
      `SET foreign_key_checks = 0; INSERT INTO #c VALUES (1, 1, 0), (2, 2, 0), (3, 99, 0); INSERT INTO #p VALUES (1, 'a', 1), (2, 'b', 2); DELETE FROM #p WHERE id = 2; SET foreign_key_checks = 1; UPDATE #c SET n = 1; UPDATE #c SET p = 1 WHERE id = 3`,
    ],
  },
  {
    name: 'unique_checks off',
    tables: [PARENT],
    sql: [
      `SET unique_checks = 0, foreign_key_checks = 0; INSERT INTO #p VALUES (1, 'a', 1), (2, 'b', 2), (3, NULL, 3); UPDATE #p SET code = CONCAT(code, 'x') ORDER BY id; DELETE FROM #p WHERE id = 2; SET unique_checks = 1; INSERT INTO #p VALUES (4, 'b', 4)`,
    ],
  },
  {
    name: 'parents replaced by ON DUPLICATE KEY UPDATE under their children',
    tables: [PARENT, child('ON DELETE RESTRICT')],
    sql: [
      `${FAMILY}; INSERT INTO #p VALUES (1, 'x', 5), (4, 'd', 4) ON DUPLICATE KEY UPDATE n = n + 10; UPDATE #p SET code = 'one' WHERE id = 1; INSERT INTO #c SELECT id + 100, p, 1 FROM #c`,
    ],
  },
];

/** What the database itself changes in child rows. */
export const CASCADES: readonly Scenario[] = [
  {
    name: 'ON DELETE CASCADE',
    tables: [PARENT, child('ON DELETE CASCADE')],
    sql: [
      `${FAMILY}; DELETE FROM #p WHERE id = 1; BEGIN; UPDATE #c SET n = 5 WHERE p = 2; DELETE FROM #p WHERE id = 2; INSERT INTO #p VALUES (2, 'again', 2); INSERT INTO #c VALUES (21, 2, 0); COMMIT`,
    ],
  },
  {
    name: 'ON DELETE SET NULL',
    tables: [PARENT, child('ON DELETE SET NULL')],
    sql: [
      `${FAMILY}; DELETE FROM #p WHERE id IN (1, 2); UPDATE #c SET n = 7 WHERE p IS NULL; UPDATE #c SET p = 3 WHERE id = 10; DELETE FROM #p`,
    ],
  },
  {
    name: 'ON UPDATE CASCADE',
    tables: [PARENT, child('ON UPDATE CASCADE')],
    sql: [
      `${FAMILY}; UPDATE #p SET id = 100 WHERE id = 1; UPDATE #c SET n = 5 WHERE p = 100; BEGIN; UPDATE #p SET id = id + 1000; UPDATE #c SET n = n + p; COMMIT`,
    ],
  },
  {
    name: 'ON UPDATE SET NULL',
    tables: [PARENT, child('ON UPDATE SET NULL')],
    sql: [
      `${FAMILY}; UPDATE #p SET id = 9 WHERE id = 2; UPDATE #c SET n = 1 WHERE p IS NULL; UPDATE #p SET n = 5 WHERE id = 1`,
    ],
  },
  {
    name: 'CASCADE over three tables',
    tables: [
      PARENT,
      child('ON DELETE CASCADE ON UPDATE CASCADE'),
      'CREATE TABLE #g (id INT PRIMARY KEY, c INT, FOREIGN KEY (c) REFERENCES #c (id) ON DELETE CASCADE)',
    ],
    sql: [
      `${FAMILY}; INSERT INTO #g VALUES (1, 10), (2, 10), (3, 20), (4, 30); BEGIN; UPDATE #p SET id = 7 WHERE id = 3; DELETE FROM #p WHERE id = 1; COMMIT; UPDATE #c SET n = 3 WHERE p = 7; DELETE FROM #p WHERE id = 7`,
    ],
  },
  {
    name: 'CASCADE of a table onto itself',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, boss INT NULL, n INT, FOREIGN KEY (boss) REFERENCES #t (id) ON DELETE CASCADE)',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, NULL, 0), (2, 1, 0), (3, 2, 0), (4, 1, 0), (5, NULL, 0), (6, 5, 0); DELETE FROM #t WHERE id = 2; UPDATE #t SET boss = 6 WHERE id = 4; DELETE FROM #t WHERE id = 5; INSERT INTO #t VALUES (2, 1, 9)`,
    ],
  },
  {
    name: 'CASCADE and SET NULL onto one table',
    tables: [
      PARENT,
      PARENT.replace('#p', '#q'),
      'CREATE TABLE #c (id INT PRIMARY KEY, p INT, q INT, FOREIGN KEY (p) REFERENCES #p (id) ON DELETE CASCADE, FOREIGN KEY (q) REFERENCES #q (id) ON DELETE SET NULL)',
    ],
    sql: [
      `INSERT INTO #p (id) VALUES (1), (2); INSERT INTO #q (id) VALUES (1), (2); INSERT INTO #c VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, NULL); BEGIN; DELETE FROM #q WHERE id = 1; UPDATE #c SET q = 2 WHERE id = 3; DELETE FROM #p WHERE id = 1; COMMIT; DELETE FROM #q`,
    ],
  },
  {
    name: 'CASCADE with checks off does not reach the children',
    tables: [PARENT, child('ON DELETE CASCADE')],
    sql: [
      `${FAMILY}; SET foreign_key_checks = 0; DELETE FROM #p WHERE id = 1; SET foreign_key_checks = 1; DELETE FROM #p WHERE id = 2; INSERT INTO #p VALUES (1, 'back', 1); UPDATE #c SET n = 9 WHERE p = 1`,
    ],
  },
  {
    name: 'CASCADE in many transactions over the same family',
    tables: [PARENT, child('ON DELETE CASCADE ON UPDATE CASCADE')],
    sql: [
      Array.from(
        { length: 25 },
        (_, n) =>
          `INSERT INTO #p (id) VALUES (${String(n)}); INSERT INTO #c VALUES (${String(n * 2)}, ${String(n)}, 0), (${String(n * 2 + 1)}, ${String(n)}, 1); ${n % 3 === 0 ? `DELETE FROM #p WHERE id = ${String(n - 1)}` : `UPDATE #p SET id = id + 1000 WHERE id = ${String(n - 2)}`}`,
      ).join('; '),
    ],
  },
  {
    name: 'REPLACE of a parent removes its children',
    tables: [PARENT, child('ON DELETE CASCADE')],
    sql: [
      `${FAMILY}; REPLACE INTO #p VALUES (1, 'new', 1); INSERT INTO #c VALUES (12, 1, 0); REPLACE INTO #p VALUES (5, 'b', 5); INSERT INTO #c VALUES (50, 5, 0)`,
    ],
  },
];
