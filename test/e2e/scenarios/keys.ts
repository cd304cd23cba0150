import type { Scenario } from './scenario.ts';

/** What identifies a row, and how keys change. */
export const KEYS: readonly Scenario[] = [
  {
    name: 'auto increment, filled by the source',
    tables: ['CREATE TABLE #t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)'],
    sql: [
      `INSERT INTO #t (v) VALUES (1), (2), (3); INSERT INTO #t VALUES (10, 4), (NULL, 5), (0, 6);
       SET auto_increment_increment = 7; INSERT INTO #t (v) VALUES (7), (8);
       INSERT INTO #t (v) SELECT v + 100 FROM #t; DELETE FROM #t WHERE v = 2`,
    ],
  },
  {
    name: 'auto increment with a zero of its own',
    tables: ['CREATE TABLE #t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)'],
    sql: [
      `SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; INSERT INTO #t VALUES (0, 1), (5, 2); UPDATE #t SET v = 9 WHERE id = 0; INSERT INTO #t (v) VALUES (3)`,
    ],
  },
  {
    name: 'composite key, in another order than its columns',
    tables: ['CREATE TABLE #t (a INT, v INT, b VARCHAR(5), c DATE, PRIMARY KEY (c, a, b))'],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 'x', '2024-01-01'), (1, 2, 'y', '2024-01-01'), (2, 3, 'x', '2024-01-01'), (1, 4, 'x', '2024-01-02');
       UPDATE #t SET v = v * 10 WHERE a = 1 AND c = '2024-01-01'; UPDATE #t SET b = 'z' WHERE v = 20;
       DELETE FROM #t WHERE a = 2`,
    ],
  },
  {
    name: 'composite key whose parts could be read two ways',
    tables: ['CREATE TABLE #t (a VARCHAR(10), b VARCHAR(10), v INT, PRIMARY KEY (a, b))'],
    sql: [
      `INSERT INTO #t VALUES ('a', 'bc', 1), ('ab', 'c', 2), ('abc', '', 3), ('', 'abc', 4);
       UPDATE #t SET v = v + 10 WHERE CONCAT(a, b) = 'abc'; DELETE FROM #t WHERE b = 'c'; INSERT INTO #t VALUES ('ab', 'c', 5)`,
    ],
  },
  {
    name: 'text key, unicode_ci: equal letters in other writing',
    tables: ['CREATE TABLE #t (k VARCHAR(20) PRIMARY KEY, v INT) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci'],
    sql: [
      `INSERT INTO #t VALUES ('a', 1), ('e', 2), ('ss', 3), ('z', 4);
       UPDATE #t SET k = 'Á' WHERE k = 'a'; UPDATE #t SET k = 'É ' WHERE k = 'e'; UPDATE #t SET k = 'ß', v = 30 WHERE k = 'ss';
       INSERT INTO #t VALUES ('A', 5) ON DUPLICATE KEY UPDATE v = v + 100; DELETE FROM #t WHERE k = 'Z'`,
    ],
  },
  {
    name: 'text key, unicode_ci: delete and insert again in other case',
    tables: ['CREATE TABLE #t (k VARCHAR(20) PRIMARY KEY, v INT) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci'],
    sql: [
      `INSERT INTO #t VALUES ('a', 1), ('b', 2), ('é', 3);
       BEGIN; DELETE FROM #t WHERE k = 'a'; INSERT INTO #t VALUES ('A', 10); DELETE FROM #t WHERE k = 'é'; INSERT INTO #t VALUES ('E', 30); COMMIT;
       BEGIN; UPDATE #t SET k = 'c' WHERE k = 'b'; INSERT INTO #t VALUES ('B', 20); COMMIT`,
    ],
  },
  {
    name: 'text key, general_ci, blanks at the end',
    tables: ['CREATE TABLE #t (k VARCHAR(20) PRIMARY KEY, v INT) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci'],
    sql: [
      `INSERT INTO #t VALUES ('a ', 1), ('b', 2), ('', 3);
       UPDATE #t SET k = 'a' WHERE v = 1; UPDATE #t SET k = 'b   ' WHERE v = 2; UPDATE #t SET k = '  ' WHERE v = 3;
       REPLACE INTO #t VALUES ('A', 11); DELETE FROM #t WHERE k = 'B'`,
    ],
  },
  {
    name: 'text key, bin collation: case, accents and blanks',
    tables: ['CREATE TABLE #t (k VARCHAR(20) PRIMARY KEY, v INT) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'],
    sql: [
      `INSERT INTO #t VALUES ('a', 1), ('A', 2), ('á', 3), ('b', 4), ('ss', 5), ('ß', 6);
       UPDATE #t SET v = -v WHERE k IN ('a', 'á'); UPDATE #t SET k = 'B' WHERE k = 'b'; DELETE FROM #t WHERE k = 'A'; DELETE FROM #t WHERE k = 'ß'`,
    ],
  },
  {
    name: 'text key in latin1',
    tables: ['CREATE TABLE #t (k CHAR(10) PRIMARY KEY, v INT) CHARACTER SET latin1 COLLATE latin1_swedish_ci'],
    sql: [
      `INSERT INTO #t VALUES ('ä', 1), ('ö', 2), ('u', 3), ('y', 4);
       UPDATE #t SET k = 'Ä' WHERE k = 'ä'; INSERT IGNORE INTO #t VALUES ('Æ', 5); UPDATE IGNORE #t SET k = 'ü' WHERE k = 'u'; DELETE FROM #t WHERE k = 'Ö'`,
    ],
  },
  {
    name: 'text key in latin1_german2_ci, where one letter equals two',
    tables: ['CREATE TABLE #t (k VARCHAR(10) PRIMARY KEY, v INT) CHARACTER SET latin1 COLLATE latin1_german2_ci'],
    sql: [
      `INSERT INTO #t VALUES ('ae', 1), ('oe', 2), ('ss', 3);
       UPDATE #t SET k = 'ä' WHERE k = 'ae'; BEGIN; DELETE FROM #t WHERE k = 'oe'; INSERT INTO #t VALUES ('ö', 20); COMMIT;
       INSERT IGNORE INTO #t VALUES ('ß', 4); REPLACE INTO #t VALUES ('ß', 30)`,
    ],
  },
  {
    name: 'text key in utf8mb4_unicode_520_ci with supplementary characters',
    tables: ['CREATE TABLE #t (k VARCHAR(10) PRIMARY KEY, v INT) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci'],
    sql: [
      `INSERT INTO #t VALUES ('😀', 1), ('😁', 2), ('æ', 3), ('o', 4);
       UPDATE #t SET v = v + 1 WHERE k = '😀'; UPDATE #t SET k = '😂' WHERE k = '😁'; UPDATE IGNORE #t SET k = 'Æ' WHERE k = 'æ'; UPDATE #t SET k = 'ø' WHERE k = 'o'; DELETE FROM #t WHERE k = '😀'`,
    ],
  },
  {
    name: 'text key in a collation without padding',
    only: 'mysql',
    tables: ['CREATE TABLE #t (k VARCHAR(10) PRIMARY KEY, v INT) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci'],
    sql: [
      `INSERT INTO #t VALUES ('a', 1), ('a ', 2), (' a', 3), ('e', 4), ('ss', 5);
       UPDATE #t SET v = 10 WHERE k = 'a'; UPDATE #t SET k = 'A  ' WHERE k = 'a '; UPDATE #t SET k = 'é' WHERE k = 'e'; UPDATE #t SET k = 'ß' WHERE k = 'ss'; DELETE FROM #t WHERE k = ' a'`,
    ],
  },
  {
    name: 'text key in utf8mb4_0900_as_cs and utf8mb4_0900_bin',
    only: 'mysql',
    tables: [
      'CREATE TABLE #t (k VARCHAR(10) COLLATE utf8mb4_0900_as_cs, b VARCHAR(10) COLLATE utf8mb4_0900_bin, v INT, PRIMARY KEY (k), UNIQUE KEY (b)) CHARACTER SET utf8mb4',
    ],
    sql: [
      `INSERT INTO #t VALUES ('a', 'x', 1), ('A', 'x ', 2), ('á', 'X', 3);
       BEGIN; UPDATE #t SET b = 'y' WHERE k = 'a'; UPDATE #t SET b = 'x' WHERE k = 'A'; UPDATE #t SET b = 'x ' WHERE k = 'á'; COMMIT; DELETE FROM #t WHERE k = 'a'`,
    ],
  },
  {
    name: 'text key in uca1400 and in a nopad collation',
    only: 'mariadb',
    tables: [
      'CREATE TABLE #t (k VARCHAR(10) COLLATE utf8mb4_uca1400_ai_ci, n VARCHAR(10) COLLATE utf8mb4_nopad_bin, v INT, PRIMARY KEY (k), UNIQUE KEY (n)) CHARACTER SET utf8mb4',
    ],
    sql: [
      `INSERT INTO #t VALUES ('a', 'x', 1), ('e', 'x ', 2), ('ss', 'X', 3);
       UPDATE #t SET k = 'Á' WHERE k = 'a'; BEGIN; DELETE FROM #t WHERE n = 'x'; UPDATE #t SET n = 'x' WHERE n = 'x '; UPDATE #t SET k = 'ß' WHERE k = 'ss'; COMMIT`,
    ],
  },
  {
    name: 'binary key with zeros, quotes and backslashes',
    tables: ['CREATE TABLE #t (k VARBINARY(16) PRIMARY KEY, v INT)'],
    sql: [
      `INSERT INTO #t VALUES (x'', 1), (x'00', 2), (x'0000', 3), (x'27', 4), (x'5c', 5), (x'ff', 6), (x'41', 7), (x'61', 8);
       UPDATE #t SET v = v + 10 WHERE k IN (x'00', x'41'); UPDATE #t SET k = x'2727' WHERE k = x'27'; DELETE FROM #t WHERE k IN (x'', x'5c')`,
    ],
  },
  {
    name: 'blob key by a prefix as long as its values',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, b BLOB NOT NULL, v INT, UNIQUE KEY (b(20)))'],
    sql: [
      `INSERT INTO #t VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3);
       BEGIN; UPDATE #t SET b = 'free' WHERE id = 1; UPDATE #t SET b = 'one' WHERE id = 2; UPDATE #t SET b = 'two' WHERE id = 1; COMMIT; DELETE FROM #t WHERE id = 3`,
    ],
  },
  {
    name: 'unique not null key instead of a primary key',
    tables: ['CREATE TABLE #t (a INT NOT NULL, b VARCHAR(10) NOT NULL, v INT, UNIQUE KEY one (a, b))'],
    sql: [
      `INSERT INTO #t VALUES (1, 'x', 1), (1, 'y', 2), (2, 'x', 3); UPDATE #t SET v = 20 WHERE b = 'y'; UPDATE #t SET a = 3 WHERE v = 3; DELETE FROM #t WHERE v = 1`,
    ],
  },
  {
    name: 'primary key beside several unique indexes',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a INT NOT NULL, b VARCHAR(10) NULL, c DECIMAL(5,2) NULL, UNIQUE KEY (a), UNIQUE KEY (b), UNIQUE KEY (b, c), UNIQUE KEY (c, a))',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 'a', 1), (2, 2, 'b', 2), (3, 3, NULL, 3), (4, 4, NULL, NULL);
       BEGIN; UPDATE #t SET a = 9 WHERE id = 1; UPDATE #t SET a = 1, b = 'x' WHERE id = 2; UPDATE #t SET a = 2, b = 'b' WHERE id = 1; COMMIT;
       UPDATE #t SET b = 'a' WHERE id = 3; DELETE FROM #t WHERE id = 4; INSERT INTO #t VALUES (5, 4, 'c', 1.5)`,
    ],
  },
  {
    name: 'nullable unique key: many NULLs',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, u INT NULL, w VARCHAR(5) NULL, UNIQUE KEY (u, w))'],
    sql: [
      `INSERT INTO #t VALUES (1, NULL, NULL), (2, NULL, 'a'), (3, NULL, 'a'), (4, 1, NULL), (5, 1, NULL), (6, 1, 'a');
       UPDATE #t SET u = 2 WHERE id = 2; UPDATE #t SET u = NULL WHERE id = 6; UPDATE #t SET u = 1 WHERE id = 3; DELETE FROM #t WHERE w IS NULL AND u IS NULL`,
    ],
  },
  {
    name: 'unique key over a prefix of text',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, t VARCHAR(100) CHARACTER SET utf8mb4, UNIQUE KEY (t(3)))'],
    sql: [
      `INSERT INTO #t VALUES (1, 'abcdef'), (2, 'xyz'), (3, 'ab');
       BEGIN; UPDATE #t SET t = 'free' WHERE id = 1; UPDATE #t SET t = 'abcxxx' WHERE id = 2; UPDATE #t SET t = 'xyzabc' WHERE id = 1; COMMIT;
       BEGIN; DELETE FROM #t WHERE id = 2; INSERT INTO #t VALUES (4, 'abc'); COMMIT`,
    ],
  },
  {
    name: 'unique key over a generated column',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, a INT, m INT AS (a % 10) VIRTUAL, UNIQUE KEY (m))'],
    sql: [
      `INSERT INTO #t (id, a) VALUES (1, 1), (2, 2), (3, 3);
       BEGIN; UPDATE #t SET a = 9 WHERE id = 1; UPDATE #t SET a = 11 WHERE id = 2; UPDATE #t SET a = 12 WHERE id = 1; COMMIT;
       BEGIN; DELETE FROM #t WHERE id = 3; INSERT INTO #t (id, a) VALUES (4, 13); COMMIT`,
    ],
  },
  {
    name: 'functional unique index',
    only: 'mysql',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a INT, b VARCHAR(10), UNIQUE KEY ((a % 10)), UNIQUE KEY ((LOWER(b)), a))',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 'A'), (2, 2, 'B'), (3, 3, NULL);
       BEGIN; UPDATE #t SET a = 9 WHERE id = 1; UPDATE #t SET a = 11 WHERE id = 2; UPDATE #t SET a = 12 WHERE id = 1; COMMIT;
       BEGIN; DELETE FROM #t WHERE id = 3; INSERT INTO #t VALUES (4, 13, 'a'); COMMIT`,
    ],
  },
  {
    name: 'key of float and double columns',
    tables: ['CREATE TABLE #t (d DOUBLE NOT NULL, i INT NOT NULL, v INT, PRIMARY KEY (d, i))'],
    sql: [
      `INSERT INTO #t VALUES (0.1, 1, 1), (1e308, 1, 2), (-0.5, 1, 3), (3.141592653589793, 2, 4); UPDATE #t SET v = v + 1; UPDATE #t SET d = d / 3 WHERE d = 0.1; DELETE FROM #t WHERE d < 0`,
    ],
  },
  {
    name: 'key of an enum and a bit',
    tables: ["CREATE TABLE #t (e ENUM('x','y','z'), b BIT(4), v INT, PRIMARY KEY (e, b))"],
    sql: [
      `INSERT INTO #t VALUES ('x', 1, 1), ('y', 1, 2), ('z', 15, 3); UPDATE #t SET e = 'z' WHERE v = 2; UPDATE #t SET b = b'0010' WHERE e = 'x'; DELETE FROM #t WHERE b = 15`,
    ],
  },
  {
    name: 'key of a timestamp with microseconds',
    tables: [
      'CREATE TABLE #t (t TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), n INT, v INT, PRIMARY KEY (t, n))',
    ],
    sql: [
      `SET time_zone = '+02:00'; INSERT INTO #t VALUES ('2024-03-31 02:30:00.000001', 1, 1), ('2024-03-31 02:30:00.000002', 1, 2);
       SET time_zone = '-08:00'; UPDATE #t SET v = v * 2; UPDATE #t SET t = t + INTERVAL 1 HOUR WHERE v = 2; DELETE FROM #t WHERE v = 4`,
    ],
  },
  {
    name: 'every column is in the key',
    tables: ['CREATE TABLE #t (a INT, b INT, PRIMARY KEY (a, b))'],
    sql: [
      `INSERT INTO #t VALUES (1, 1), (1, 2), (2, 1); UPDATE #t SET b = b + 10 WHERE a = 1; DELETE FROM #t WHERE a = 2; UPDATE #t SET a = 3, b = 3 WHERE b = 12`,
    ],
  },
  {
    name: 'a chain of key changes upwards',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, v INT)'],
    sql: [
      `INSERT INTO #t VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5); UPDATE #t SET id = id + 1 ORDER BY id DESC; UPDATE #t SET id = id + 1 ORDER BY id DESC`,
    ],
  },
  {
    name: 'a chain of key changes of one row in one transaction',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, v INT)'],
    sql: [
      `INSERT INTO #t VALUES (1, 1), (9, 9); BEGIN; UPDATE #t SET id = 2 WHERE id = 1; UPDATE #t SET id = 3, v = 3 WHERE id = 2; UPDATE #t SET v = v + 1 WHERE id = 3; UPDATE #t SET id = 1 WHERE id = 3; COMMIT`,
    ],
  },
  {
    name: 'a key that another row has just left',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, v VARCHAR(5))'],
    sql: [
      `INSERT INTO #t VALUES (1, 'one'), (2, 'two'), (3, 'three'); BEGIN; UPDATE #t SET id = 4 WHERE id = 1; UPDATE #t SET id = 1 WHERE id = 2; INSERT INTO #t VALUES (2, 'new'); DELETE FROM #t WHERE id = 4; UPDATE #t SET id = 4 WHERE id = 3; COMMIT`,
    ],
  },
  {
    name: 'swap of two primary keys through a third value',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, v VARCHAR(5))'],
    sql: [
      `INSERT INTO #t VALUES (1, 'one'), (2, 'two'); BEGIN; UPDATE #t SET id = 0 WHERE id = 1; UPDATE #t SET id = 1 WHERE id = 2; UPDATE #t SET id = 2 WHERE id = 0; COMMIT`,
    ],
  },
  {
    name: 'a ring of twenty keys',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, v INT)'],
    sql: [
      `INSERT INTO #t VALUES ${Array.from({ length: 20 }, (_, n) => `(${String(n)}, ${String(n)})`).join(', ')};
       BEGIN; UPDATE #t SET id = 100 WHERE id = 19; UPDATE #t SET id = id + 1 WHERE id < 19 ORDER BY id DESC; UPDATE #t SET id = 0 WHERE id = 100; COMMIT;
       UPDATE #t SET v = v + id`,
    ],
  },
  {
    name: 'key change and other columns in one statement',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, a INT, b TEXT)'],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c'); UPDATE #t SET id = id * 100, a = a + id, b = CONCAT(b, id); DELETE FROM #t WHERE id = 200; INSERT INTO #t VALUES (2, 0, '')`,
    ],
  },
  {
    name: 'key changes while other columns of the same key change before and after',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, a INT, b INT)'],
    sql: [
      `INSERT INTO #t VALUES (1, 0, 0); BEGIN; UPDATE #t SET a = 1 WHERE id = 1; UPDATE #t SET id = 5 WHERE id = 1; UPDATE #t SET b = 1 WHERE id = 5; INSERT INTO #t VALUES (1, 7, 7); UPDATE #t SET a = 8 WHERE id = 1; DELETE FROM #t WHERE id = 5; COMMIT; UPDATE #t SET id = 5 WHERE id = 1`,
    ],
  },
  {
    name: 'delete and insert of one key in one transaction',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, a INT, b INT DEFAULT 5)'],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 1), (2, 2, 2); BEGIN; DELETE FROM #t WHERE id = 1; INSERT INTO #t (id, a) VALUES (1, 10); DELETE FROM #t WHERE id = 1; INSERT INTO #t (id, a) VALUES (1, 100); DELETE FROM #t WHERE id = 2; COMMIT`,
    ],
  },
  {
    name: 'insert, update and delete of one key in one transaction',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, a INT)'],
    sql: [
      `BEGIN; INSERT INTO #t VALUES (1, 1); UPDATE #t SET a = 2 WHERE id = 1; UPDATE #t SET a = 3 WHERE id = 1; INSERT INTO #t VALUES (2, 2); DELETE FROM #t WHERE id = 1; COMMIT; INSERT INTO #t VALUES (1, 4)`,
    ],
  },
  {
    name: 'a hot row, changed three hundred times',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, n INT, note TEXT)'],
    sql: [
      `INSERT INTO #t VALUES (1, 0, 'begin'), (2, 0, 'other'); ${'UPDATE #t SET n = n + 1 WHERE id = 1; '.repeat(300)} UPDATE #t SET note = CONCAT(note, n)`,
    ],
  },
];
