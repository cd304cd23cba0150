import type { Scenario } from './scenario.ts';

const BAG = 'CREATE TABLE #t (a INT, b VARCHAR(20), c DATETIME(3))';

/** Tables without a key: each change is about one row of possibly many equal ones. */
export const KEY_LESS: readonly Scenario[] = [
  {
    name: 'key-less: equal rows are counted',
    tables: [BAG],
    sql: [
      `INSERT INTO #t VALUES (1, 'x', NULL), (1, 'x', NULL), (1, 'x', NULL), (2, 'y', '2024-01-01'), (2, 'y', '2024-01-01');
       DELETE FROM #t WHERE a = 1 LIMIT 1; UPDATE #t SET b = 'z' WHERE a = 2 LIMIT 1; INSERT INTO #t SELECT * FROM #t`,
    ],
  },
  {
    name: 'key-less: rows of NULLs',
    tables: [BAG],
    sql: [
      `INSERT INTO #t VALUES (NULL, NULL, NULL), (NULL, NULL, NULL), (NULL, '', NULL), (0, NULL, NULL);
       UPDATE #t SET a = 5 WHERE a IS NULL AND b IS NULL LIMIT 1; DELETE FROM #t WHERE b = ''; UPDATE #t SET c = '2024-01-01 00:00:00.5' WHERE a = 0`,
    ],
  },
  {
    name: 'key-less: one row through many changes in one transaction',
    tables: [BAG],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', NULL), (1, 'a', NULL);
       BEGIN; UPDATE #t SET a = 2 LIMIT 1; UPDATE #t SET a = 3 WHERE a = 2; INSERT INTO #t VALUES (2, 'a', NULL); UPDATE #t SET a = 1 WHERE a = 3; DELETE FROM #t WHERE a = 1 LIMIT 1; COMMIT`,
    ],
  },
  {
    name: 'key-less: text that is equal in the collation only',
    tables: ['CREATE TABLE #t (v VARCHAR(10) COLLATE utf8mb4_unicode_ci, n INT) CHARACTER SET utf8mb4'],
    sql: [
      `INSERT INTO #t VALUES ('a', 1), ('A', 1), ('á', 1), ('a ', 1), ('ss', 2), ('ß', 2);
       UPDATE #t SET n = 10 WHERE BINARY v = 'A'; DELETE FROM #t WHERE BINARY v = 'á'; UPDATE #t SET v = UPPER(v) WHERE n = 2; DELETE FROM #t WHERE BINARY v = 'a '`,
    ],
  },
  {
    name: 'key-less: numbers of all kinds',
    tables: ['CREATE TABLE #t (f FLOAT, d DOUBLE, x DECIMAL(20,10), b BIT(9), u BIGINT UNSIGNED)'],
    sql: [
      `INSERT INTO #t VALUES (0.1, 0.1, 0.1, 1, 18446744073709551615), (1e10, 1e-10, -1, 511, 0), (16777217, 1e308, NULL, NULL, 1), (-0e0, 0, 0, 0, 0);
       UPDATE #t SET u = u - 1 WHERE u > 5; UPDATE #t SET f = f / 3 WHERE b = 1; DELETE FROM #t WHERE d > 1e300; UPDATE #t SET d = d * 2 WHERE b = 511`,
    ],
  },
  {
    name: 'key-less: long values, bytes and JSON',
    tables: ["CREATE TABLE #t (t LONGTEXT, b LONGBLOB, j JSON, e ENUM('x','y'), s SET('p','q'))"],
    sql: [
      `INSERT INTO #t VALUES (REPEAT('x', 70000), REPEAT(x'00', 70000), '{"a": 1.50, "b": [1, 2]}', 'x', 'p,q'), ('', '', '[]', NULL, ''), (NULL, NULL, NULL, 'y', NULL);
       UPDATE #t SET t = CONCAT(t, 'end') WHERE e = 'x'; UPDATE #t SET j = '{"b": 1}' WHERE s = ''; DELETE FROM #t WHERE t IS NULL`,
    ],
  },
  {
    name: 'key-less: times',
    tables: ['CREATE TABLE #t (d DATE, t TIME(6), dt DATETIME(6), ts TIMESTAMP(3) NULL, y YEAR)'],
    sql: [
      `SET time_zone = '+05:30'; INSERT INTO #t VALUES ('2024-02-29', '-838:59:59', '9999-12-31 23:59:59.999999', '2024-01-01 00:00:00.123', 1999), (NULL, '00:00:00.000001', NULL, NULL, NULL);
       UPDATE #t SET ts = '2024-06-01 12:00:00' WHERE y = 1999; UPDATE #t SET d = '2020-01-01' WHERE d IS NULL; DELETE FROM #t WHERE y = 1999`,
    ],
  },
  {
    name: 'key-less: a nullable unique index',
    tables: ['CREATE TABLE #t (u INT NULL, v INT, UNIQUE KEY (u))'],
    sql: [
      `INSERT INTO #t VALUES (1, 1), (2, 2), (NULL, 3), (NULL, 3);
       BEGIN; UPDATE #t SET u = NULL WHERE u = 1; UPDATE #t SET u = 1 WHERE u = 2; UPDATE #t SET u = 2 WHERE v = 1; COMMIT; DELETE FROM #t WHERE u IS NULL LIMIT 1`,
    ],
  },
  {
    name: 'key-less: a unique index over a prefix',
    tables: ['CREATE TABLE #t (v VARCHAR(50) NOT NULL, n INT, UNIQUE KEY (v(3)))'],
    sql: [
      `INSERT INTO #t VALUES ('abcd', 1), ('xyz', 2), ('q', 3); UPDATE #t SET n = n + 10; UPDATE #t SET v = 'abc' WHERE n = 11; DELETE FROM #t WHERE n = 12; INSERT INTO #t VALUES ('xyzzz', 5)`,
    ],
  },
  {
    name: 'key-less: generated columns',
    tables: ['CREATE TABLE #t (a INT, v INT AS (a + 1) VIRTUAL, s INT AS (a * 2) STORED, b INT)'],
    sql: [
      `INSERT INTO #t (a, b) VALUES (1, 1), (1, 1), (2, 2); UPDATE #t SET b = v WHERE a = 1 LIMIT 1; DELETE FROM #t WHERE s = 4; UPDATE #t SET a = 9 WHERE b = 1`,
    ],
  },
  {
    name: 'key-less: a thousand equal rows beside a keyed table',
    tables: [BAG, 'CREATE TABLE #u (id INT PRIMARY KEY, n INT)'],
    sql: [
      `INSERT INTO #t VALUES (1, 'x', NULL); ${'INSERT INTO #t SELECT * FROM #t; '.repeat(10)} DELETE FROM #t LIMIT 300;
       BEGIN; INSERT INTO #u VALUES (1, 1), (2, 2); UPDATE #t SET a = 2 LIMIT 100; UPDATE #u SET n = 5; DELETE FROM #t WHERE a = 2 LIMIT 50; COMMIT`,
    ],
  },
  {
    name: 'key-less: one transaction after another over the same rows',
    tables: [BAG],
    sql: [
      `INSERT INTO #t VALUES (0, 'n', NULL), (0, 'n', NULL); ${'UPDATE #t SET a = a + 1 ORDER BY a LIMIT 1; '.repeat(60)} INSERT INTO #t SELECT a, CONCAT(b, a), c FROM #t`,
    ],
  },
];
