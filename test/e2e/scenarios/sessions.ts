import type { Scenario } from './scenario.ts';

const WIDE = 'CREATE TABLE #t (id INT PRIMARY KEY, a INT, b VARCHAR(20), c TEXT, d BLOB, u INT NULL, UNIQUE KEY (u))';
const ROWS = `INSERT INTO #t VALUES (1, 1, 'b1', 'c1', 'd1', 1), (2, 2, 'b2', 'c2', 'd2', 2), (3, 3, 'b3', 'c3', 'd3', 3), (4, NULL, NULL, NULL, NULL, NULL)`;

/** What the session at the source may be set to. */
export const SESSIONS: readonly Scenario[] = [
  {
    name: 'row image MINIMAL',
    tables: [WIDE],
    sql: [
      `SET SESSION binlog_row_image = 'MINIMAL'; ${ROWS}; UPDATE #t SET a = 10 WHERE id = 1; UPDATE #t SET b = NULL, c = 'x' WHERE id = 2; UPDATE #t SET d = 'y' WHERE id = 4; DELETE FROM #t WHERE id = 3; INSERT INTO #t (id, b) VALUES (5, 'only b')`,
    ],
  },
  {
    name: 'row image NOBLOB',
    tables: [WIDE],
    sql: [
      `SET SESSION binlog_row_image = 'NOBLOB'; ${ROWS}; UPDATE #t SET a = 10 WHERE id = 1; UPDATE #t SET c = 'x', b = 'bb' WHERE id = 2; UPDATE #t SET d = NULL WHERE id = 3; DELETE FROM #t WHERE id = 4; INSERT INTO #t (id, b) VALUES (5, 'only b')`,
    ],
  },
  {
    name: 'row image MINIMAL: the key changes',
    tables: [WIDE],
    sql: [
      `${ROWS}; SET SESSION binlog_row_image = 'MINIMAL'; UPDATE #t SET id = 40 WHERE id = 4; UPDATE #t SET id = id + 100, a = id WHERE id < 3; BEGIN; UPDATE #t SET id = 3 - 2 WHERE id = 3; UPDATE #t SET b = 'end' WHERE id = 1; COMMIT`,
    ],
  },
  {
    name: 'row image MINIMAL: one row changes often',
    tables: [WIDE],
    sql: [
      `${ROWS}; SET SESSION binlog_row_image = 'MINIMAL'; BEGIN; UPDATE #t SET a = 5 WHERE id = 1; UPDATE #t SET b = 'five' WHERE id = 1; UPDATE #t SET a = 6, c = NULL WHERE id = 1; UPDATE #t SET d = 'six' WHERE id = 1; COMMIT; UPDATE #t SET a = a + 1`,
    ],
  },
  {
    name: 'row image MINIMAL: insert, update and delete of one key',
    tables: [WIDE],
    sql: [
      `SET SESSION binlog_row_image = 'MINIMAL'; BEGIN; INSERT INTO #t (id, a) VALUES (1, 1), (2, 2); UPDATE #t SET b = 'b' WHERE id = 1; UPDATE #t SET c = 'c' WHERE id = 2; DELETE FROM #t WHERE id = 2; INSERT INTO #t (id, d) VALUES (2, 'new'); UPDATE #t SET a = NULL WHERE id = 2; COMMIT`,
    ],
  },
  {
    name: 'row image MINIMAL: a unique value is taken over',
    tables: [WIDE],
    sql: [
      `${ROWS}; SET SESSION binlog_row_image = 'MINIMAL'; BEGIN; UPDATE #t SET u = NULL WHERE id = 1; UPDATE #t SET u = 1 WHERE id = 2; UPDATE #t SET u = 2 WHERE id = 1; DELETE FROM #t WHERE id = 3; INSERT INTO #t (id, u) VALUES (9, 3); COMMIT`,
    ],
  },
  {
    name: 'row image NOBLOB: a unique value is taken over',
    tables: [WIDE],
    sql: [
      `${ROWS}; SET SESSION binlog_row_image = 'NOBLOB'; BEGIN; DELETE FROM #t WHERE u = 1; UPDATE #t SET u = 1 WHERE u = 2; UPDATE #t SET u = 2, c = 'moved' WHERE u = 3; COMMIT`,
    ],
  },
  {
    name: 'row images of all kinds in one transaction',
    tables: [WIDE],
    sql: [
      `${ROWS}; UPDATE #t SET a = 5 WHERE id = 1; SET SESSION binlog_row_image = 'MINIMAL'; UPDATE #t SET b = 'min' WHERE id = 1; SET SESSION binlog_row_image = 'NOBLOB'; UPDATE #t SET a = 6 WHERE id = 1; SET SESSION binlog_row_image = 'FULL'; UPDATE #t SET c = 'full' WHERE id = 1`,
    ],
  },
  {
    name: 'row image MINIMAL: a table with a unique key and NULLs beside a key',
    tables: ['CREATE TABLE #t (a INT NOT NULL, b INT NULL, c INT, UNIQUE KEY (a), UNIQUE KEY (b))'],
    sql: [
      `SET SESSION binlog_row_image = 'MINIMAL'; INSERT INTO #t VALUES (1, 1, 1), (2, NULL, 2), (3, 3, 3); UPDATE #t SET c = 0 WHERE a = 1; UPDATE #t SET b = 2 WHERE a = 2; UPDATE #t SET a = 30 WHERE b = 3; DELETE FROM #t WHERE a = 1`,
    ],
  },
  {
    name: 'row image MINIMAL: columns that the clock and defaults fill',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, n INT DEFAULT 5, at DATETIME DEFAULT CURRENT_TIMESTAMP, ts TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), note TEXT)',
    ],
    sql: [
      `SET SESSION binlog_row_image = 'MINIMAL', TIMESTAMP = 1000000000; INSERT INTO #t (id) VALUES (1), (2), (3); INSERT INTO #t (id, n) VALUES (4, NULL); SET TIMESTAMP = 1100000000; UPDATE #t SET n = 6 WHERE id = 1; UPDATE #t SET n = 7, ts = ts WHERE id IN (2, 3); UPDATE #t SET note = 'x', ts = '2001-01-01' WHERE id = 4; DELETE FROM #t WHERE id = 3`,
    ],
  },
  {
    name: 'ON UPDATE CURRENT_TIMESTAMP that the source has kept',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, n INT, a TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP, b DATETIME(2) ON UPDATE CURRENT_TIMESTAMP(2))',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 1, NULL, NULL), (2, 2, '2001-01-01', '2001-01-01'), (3, 3, '2002-01-01', NULL); UPDATE #t SET n = n + 1, a = a, b = b; UPDATE #t SET n = 9, b = b WHERE id = 2; UPDATE #t SET id = 30, a = a, b = '2003-01-01' WHERE id = 3; UPDATE #t SET n = n WHERE id = 1`,
    ],
  },
  {
    name: 'time zones: each session its own',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, ts TIMESTAMP(3) NULL, dt DATETIME(3))'],
    sql: [
      `SET time_zone = '+05:30'; INSERT INTO #t VALUES (1, '2024-06-01 12:00:00.123', '2024-06-01 12:00:00.123'); SET time_zone = '-11:00'; INSERT INTO #t SELECT 2, ts, ts FROM #t; UPDATE #t SET dt = ts WHERE id = 1; SET time_zone = '+00:00'; INSERT INTO #t VALUES (3, FROM_UNIXTIME(1), FROM_UNIXTIME(2147483647)); UPDATE #t SET ts = dt WHERE id = 3; DELETE FROM #t WHERE id = 2`,
    ],
  },
  {
    name: 'an hour that summer time has twice',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, ts TIMESTAMP NULL)'],
    sql: [
      `SET time_zone = '+00:00'; INSERT INTO #t VALUES (1, '2024-10-27 00:30:00'), (2, '2024-10-27 01:30:00'), (3, '2024-03-31 01:30:00'); SET time_zone = '+02:00'; UPDATE #t SET ts = ts + INTERVAL 1 HOUR WHERE id < 3; DELETE FROM #t WHERE ts = '2024-03-31 03:30:00'`,
    ],
  },
  {
    name: 'SET TIMESTAMP in the past',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, at DATETIME DEFAULT CURRENT_TIMESTAMP, ts TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, n INT)',
    ],
    sql: [
      `SET TIMESTAMP = 86400; INSERT INTO #t (id) VALUES (1), (2); SET TIMESTAMP = 1000000000; UPDATE #t SET n = 1 WHERE id = 1; SET TIMESTAMP = DEFAULT; INSERT INTO #t (id) VALUES (3); UPDATE #t SET n = 2, ts = ts WHERE id = 2`,
    ],
  },
  {
    name: "sql_mode '': values that are cut",
    tables: [`CREATE TABLE #t (id INT PRIMARY KEY, v VARCHAR(3), n TINYINT, d DATE, e ENUM('a'))`],
    sql: [
      `SET sql_mode = ''; INSERT INTO #t VALUES (1, 'too long', 1000, 'no date', 'a'), (2, 12345, 'x', '2024-02-30', 1); UPDATE #t SET n = -1000 WHERE id = 1; INSERT INTO #t (id) VALUES ('3abc')`,
    ],
  },
  {
    name: 'sql_mode ANSI_QUOTES and NO_BACKSLASH_ESCAPES',
    tables: [WIDE],
    sql: [
      `SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; INSERT INTO "#t" VALUES (1, 1, 'back\\slash\\', 'a\\n''b', 'q"q', 1), (2, 2, '%_', '\\\\', x'5c27', 2); UPDATE "#t" SET "b" = CONCAT("b", '\\') WHERE "id" = 2; DELETE FROM "#t" WHERE "b" = 'none'`,
    ],
  },
  {
    name: 'sql_mode PAD_CHAR_TO_FULL_LENGTH and IGNORE_SPACE',
    tables: ['CREATE TABLE #t (id CHAR(5) PRIMARY KEY, c CHAR(10), v VARCHAR(20))'],
    sql: [
      `SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,IGNORE_SPACE'; INSERT INTO #t VALUES ('a', 'x', 'v'), ('b', '', ''); UPDATE #t SET v = CONCAT (c, '|') WHERE id = 'a'; UPDATE #t SET id = 'c' WHERE id = 'b'; DELETE FROM #t WHERE id = 'none'`,
    ],
  },
  {
    name: 'connection charsets: latin1, gbk, utf8mb4',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, v VARCHAR(20) CHARACTER SET utf8mb4, l VARCHAR(20) CHARACTER SET latin1)',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 'é€日', 'é'); SET NAMES latin1; INSERT INTO #t VALUES (2, _utf8mb4 x'c3a9', _latin1 x'e9'); UPDATE #t SET l = _latin1 x'80ff' WHERE id = 1; SET NAMES gbk; INSERT INTO #t VALUES (3, _gbk x'c4e3', 'x'); SET NAMES utf8mb4; UPDATE #t SET v = CONCAT(v, '😀')`,
    ],
  },
  {
    name: 'columns of many charsets',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET gbk, b VARCHAR(20) CHARACTER SET sjis, c VARCHAR(20) CHARACTER SET utf16, d VARCHAR(20) CHARACTER SET ucs2, e VARCHAR(20) CHARACTER SET cp1251, f VARCHAR(20) CHARACTER SET koi8r, g VARCHAR(20) CHARACTER SET ascii, h VARCHAR(20) CHARACTER SET binary)',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, _utf8mb4'中文', _utf8mb4'日本', _utf8mb4'😀é', _utf8mb4'é日', _utf8mb4'Привет', _utf8mb4'мир', 'ascii', x'00ff'), (2, '', '', '', '', '', '', '', ''); UPDATE #t SET c = d, d = a, a = b WHERE id = 1; UPDATE #t SET e = f, f = e WHERE id = 1; DELETE FROM #t WHERE id = 2`,
    ],
  },
  {
    name: 'last_insert_id and found rows are of no matter',
    tables: ['CREATE TABLE #t (id INT AUTO_INCREMENT PRIMARY KEY, p INT)'],
    sql: [
      `INSERT INTO #t (p) VALUES (0); INSERT INTO #t (p) VALUES (LAST_INSERT_ID()); UPDATE #t SET p = LAST_INSERT_ID(p + 100) WHERE id = 1; INSERT INTO #t (p) SELECT LAST_INSERT_ID(); DELETE FROM #t WHERE p = 0; INSERT INTO #t (p) VALUES (ROW_COUNT())`,
    ],
  },
  {
    name: 'compressed transactions',
    only: 'mysql',
    tables: [WIDE],
    sql: [
      `SET SESSION binlog_transaction_compression = ON; ${ROWS}; BEGIN; UPDATE #t SET c = REPEAT('x', 5000); DELETE FROM #t WHERE id = 2; INSERT INTO #t (id, u) VALUES (7, 2); COMMIT`,
    ],
  },
  {
    name: 'partial updates of JSON',
    only: 'mysql',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, j JSON, n INT)'],
    sql: [
      `INSERT INTO #t VALUES (1, JSON_OBJECT('a', REPEAT('x', 300), 'b', JSON_ARRAY(1, 2, 3)), 0), (2, '{"k": 1}', 0); SET SESSION binlog_row_value_options = 'PARTIAL_JSON'; UPDATE #t SET j = JSON_SET(j, '$.b[1]', 'two') WHERE id = 1; BEGIN; UPDATE #t SET j = JSON_REMOVE(j, '$.a'), n = 1; UPDATE #t SET j = JSON_SET(j, '$.c', 'new') WHERE id = 1; COMMIT; UPDATE #t SET n = 2`,
    ],
  },
  {
    name: 'a generated invisible primary key',
    only: 'mysql',
    tables: ['CREATE TABLE #t (my_row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT INVISIBLE PRIMARY KEY, a INT)'],
    sql: [
      `INSERT INTO #t (a) VALUES (1), (1), (2), (3); UPDATE #t SET a = a + 1 WHERE a = 1 LIMIT 1; DELETE FROM #t WHERE a = 3; INSERT INTO #t SELECT a * 10 FROM #t`,
    ],
  },
  {
    name: 'a sequence and its values',
    only: 'mariadb',
    tables: ['CREATE TABLE #t (id BIGINT PRIMARY KEY, v INT)'],
    atSource: ['CREATE SEQUENCE #seq START WITH 100 INCREMENT BY 10'],
    sql: [
      `INSERT INTO #t VALUES (NEXTVAL(#seq), 1), (NEXT VALUE FOR #seq, 2); UPDATE #t SET id = NEXTVAL(#seq) WHERE v = 1; DO SETVAL(#seq, 1000); INSERT INTO #t VALUES (NEXTVAL(#seq), 3); DELETE FROM #t WHERE v = 2`,
    ],
  },
];
