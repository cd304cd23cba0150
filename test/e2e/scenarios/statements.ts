import type { Scenario } from './scenario.ts';

const ITEM = 'CREATE TABLE #t (id INT PRIMARY KEY, name VARCHAR(20), n INT NOT NULL DEFAULT 0)';
const DIGITS =
  '(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)';

/** Every form of statement that changes rows. */
export const STATEMENTS: readonly Scenario[] = [
  {
    name: 'INSERT of one row, of many rows, of SET form',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t VALUES (1, 'one', 1); INSERT INTO #t (id, name) VALUES (2, 'two'), (3, NULL), (4, DEFAULT); INSERT INTO #t SET id = 5, name = 'five', n = id * 2`,
    ],
  },
  {
    name: 'INSERT … SELECT of a thousand rows',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t SELECT a.d * 100 + b.d * 10 + c.d, CONCAT('name ', a.d, b.d, c.d), c.d FROM ${DIGITS} a, ${DIGITS} b, ${DIGITS} c; UPDATE #t SET n = n + 1 WHERE id % 3 = 0; DELETE FROM #t WHERE id % 7 = 0`,
    ],
  },
  {
    name: 'INSERT … SELECT from itself and from another table',
    tables: [ITEM, ITEM.replace('#t', '#u')],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3); INSERT INTO #t SELECT id + 10, UPPER(name), n FROM #t; INSERT INTO #u SELECT * FROM #t WHERE n > 1; INSERT INTO #u (id, name) SELECT t.id + u.id * 100, t.name FROM #t t JOIN #u u ON t.n = u.n`,
    ],
  },
  {
    name: 'INSERT … SELECT with a recursive common table expression',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t WITH RECURSIVE r (i, f) AS (SELECT 1, 1 UNION ALL SELECT i + 1, f * (i + 1) FROM r WHERE i < 10) SELECT i, CONCAT('f', i), f FROM r`,
    ],
  },
  {
    name: 'INSERT … ON DUPLICATE KEY UPDATE with VALUES()',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t VALUES (1, 'one', 1), (2, 'two', 2); INSERT INTO #t VALUES (1, 'uno', 10), (3, 'tres', 30), (2, 'two', 2) ON DUPLICATE KEY UPDATE name = VALUES(name), n = n + VALUES(n); INSERT INTO #t VALUES (3, '', 0) ON DUPLICATE KEY UPDATE id = 33`,
    ],
  },
  {
    name: 'INSERT … ON DUPLICATE KEY UPDATE that changes nothing',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t VALUES (1, 'one', 1); INSERT INTO #t VALUES (1, 'other', 5) ON DUPLICATE KEY UPDATE n = n; INSERT INTO #t VALUES (1, 'x', 9), (2, 'two', 2) ON DUPLICATE KEY UPDATE name = name`,
    ],
  },
  {
    name: 'INSERT … SELECT … ON DUPLICATE KEY UPDATE as a counter',
    tables: [ITEM, ITEM.replace('#t', '#u')],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', 1), (2, 'b', 1), (3, 'a', 1), (4, 'c', 5); INSERT INTO #u (id, name, n) SELECT ASCII(name), name, n FROM #t ON DUPLICATE KEY UPDATE n = #u.n + 1; INSERT INTO #u (id, name, n) SELECT ASCII(name), name, n FROM #t ON DUPLICATE KEY UPDATE n = #u.n + 1`,
    ],
  },
  {
    name: 'INSERT IGNORE of rows that are partly there',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t VALUES (1, 'one', 1), (3, 'three', 3); INSERT IGNORE INTO #t VALUES (1, 'x', 9), (2, 'two', 2), (3, 'x', 9), (4, 'a name that is too long for it', 4); INSERT IGNORE INTO #t (id, n) VALUES (5, NULL)`,
    ],
  },
  {
    name: 'REPLACE of rows that are there, that are equal, that are new',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t VALUES (1, 'one', 1), (2, 'two', 2); REPLACE INTO #t VALUES (1, 'uno', 1), (2, 'two', 2), (3, 'tres', 3); REPLACE INTO #t (id) VALUES (1); REPLACE INTO #t SET id = 2, name = 'dos'`,
    ],
  },
  {
    name: 'REPLACE … SELECT',
    tables: [ITEM, ITEM.replace('#t', '#u')],
    sql: [
      `INSERT INTO #t VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3); INSERT INTO #u VALUES (2, 'old', 0), (9, 'nine', 9); REPLACE INTO #u SELECT * FROM #t; REPLACE INTO #u SELECT id + 1, name, n FROM #t WHERE id = 3`,
    ],
  },
  {
    name: 'UPDATE of all rows, of some, of none, to the same values',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3); UPDATE #t SET n = n * 2; UPDATE #t SET name = 'x' WHERE n > 100; UPDATE #t SET name = name; UPDATE #t SET name = 'two', n = 2 WHERE id = 2`,
    ],
  },
  {
    name: 'UPDATE with ORDER BY and LIMIT',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', 5), (2, 'b', 4), (3, 'c', 3), (4, 'd', 2), (5, 'e', 1); UPDATE #t SET n = n + 100 ORDER BY n LIMIT 2; UPDATE #t SET name = CONCAT(name, '+') ORDER BY n DESC, id LIMIT 3`,
    ],
  },
  {
    name: 'UPDATE with a subquery and with CASE',
    tables: [ITEM, ITEM.replace('#t', '#u')],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3); INSERT INTO #u VALUES (2, 'B', 20), (3, 'C', 30); UPDATE #t SET name = COALESCE((SELECT u.name FROM #u u WHERE u.id = #t.id), 'none'); UPDATE #t SET n = CASE id WHEN 1 THEN 100 WHEN 2 THEN -n ELSE n END`,
    ],
  },
  {
    name: 'UPDATE of several tables',
    tables: [ITEM, ITEM.replace('#t', '#u')],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3); INSERT INTO #u VALUES (1, 'A', 10), (2, 'B', 20), (4, 'D', 40); UPDATE #t t JOIN #u u ON t.id = u.id SET t.n = u.n, u.name = t.name WHERE u.n > 10; UPDATE #t t LEFT JOIN #u u ON t.id = u.id SET t.name = 'alone' WHERE u.id IS NULL`,
    ],
  },
  {
    name: 'DELETE of some rows, with ORDER BY and LIMIT, of all',
    tables: [ITEM, ITEM.replace('#t', '#u')],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4); DELETE FROM #t WHERE id = 1; DELETE FROM #t ORDER BY n DESC LIMIT 1; INSERT INTO #u SELECT * FROM #t; DELETE FROM #u; DELETE FROM #t WHERE id = 77`,
    ],
  },
  {
    name: 'DELETE of several tables',
    tables: [ITEM, ITEM.replace('#t', '#u')],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3); INSERT INTO #u VALUES (1, 'A', 10), (2, 'B', 20), (3, 'C', 30); DELETE t, u FROM #t t JOIN #u u ON t.id = u.id WHERE u.n = 20; DELETE FROM #u USING #u JOIN #t ON #u.id = #t.id WHERE #t.n = 1`,
    ],
  },
  {
    name: 'DELETE with a subquery',
    tables: [ITEM, ITEM.replace('#t', '#u')],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 2); INSERT INTO #u VALUES (2, '', 0), (3, '', 0); DELETE FROM #t WHERE id IN (SELECT id FROM #u) AND n = 2; DELETE FROM #u WHERE NOT EXISTS (SELECT 1 FROM #t WHERE #t.id = #u.id)`,
    ],
  },
  {
    name: 'all kinds of change in one transaction over three tables',
    tables: [ITEM, ITEM.replace('#t', '#u'), ITEM.replace('#t', '#v')],
    sql: [
      `BEGIN; INSERT INTO #t VALUES (1, 'a', 1), (2, 'b', 2); INSERT INTO #u VALUES (1, 'a', 1); UPDATE #t SET n = 10 WHERE id = 1; INSERT INTO #v SELECT * FROM #t; DELETE FROM #u WHERE id = 1; INSERT INTO #u VALUES (2, 'c', 3); DELETE FROM #t WHERE id = 2; UPDATE #v SET name = 'v'; COMMIT`,
    ],
  },
  {
    name: 'rows of three kinds, interleaved',
    tables: [ITEM, ITEM.replace('#t', '#u')],
    sql: [
      `BEGIN; ${Array.from({ length: 30 }, (_, n) => `INSERT INTO #t VALUES (${String(n)}, 'n', ${String(n)}); INSERT INTO #u VALUES (${String(n)}, 'u', 0); UPDATE #t SET n = -n WHERE id = ${String(n - 2)}; DELETE FROM #u WHERE id = ${String(n - 3)}`).join('; ')}; COMMIT`,
    ],
  },
  {
    name: 'statement that fails in the middle leaves nothing',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t VALUES (1, 'one', 1); BEGIN; INSERT IGNORE INTO #t VALUES (2, 'two', 2); UPDATE IGNORE #t SET id = 1; INSERT IGNORE INTO #t SELECT id, 'again', n FROM #t; COMMIT`,
    ],
  },
  {
    name: 'through a view that can be updated',
    tables: [ITEM],
    atSource: ['CREATE VIEW #view AS SELECT id, name FROM #t WHERE id < 100 WITH CHECK OPTION'],
    sql: [
      `INSERT INTO #view VALUES (1, 'one'), (2, 'two'), (3, 'three'); UPDATE #view SET name = UPPER(name) WHERE id > 1; DELETE FROM #view WHERE id = 3`,
    ],
  },
  {
    name: 'a procedure with a loop',
    tables: [ITEM],
    atSource: [
      "CREATE PROCEDURE #p(IN upto INT) BEGIN DECLARE i INT DEFAULT 0; WHILE i < upto DO SET i = i + 1; INSERT INTO #t VALUES (i, CONCAT('p', i), i) ON DUPLICATE KEY UPDATE n = n + 1; END WHILE; END",
    ],
    sql: [`CALL #p(5); BEGIN; CALL #p(8); DELETE FROM #t WHERE id = 2; COMMIT`],
  },
  {
    name: 'a function that writes',
    tables: [ITEM, ITEM.replace('#t', '#u')],
    atSource: [
      'CREATE FUNCTION #f(x INT) RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN INSERT INTO #u (id, n) VALUES (x, x * x); RETURN x + 1; END',
    ],
    sql: [
      `INSERT INTO #t (id, n) SELECT id, #f(id) FROM (SELECT 1 AS id UNION SELECT 2 UNION SELECT 3) x; UPDATE #t SET n = #f(id + 10) WHERE id = 2`,
    ],
  },
  {
    name: 'LOAD DATA from a file',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, name VARCHAR(50) CHARACTER SET utf8mb4, d DATE NULL, x DECIMAL(8,3))',
    ],
    sql: [
      `LOAD DATA INFILE '{file}' INTO TABLE #t CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' LINES TERMINATED BY '\\n' IGNORE 1 LINES (id, name, @d, x) SET d = NULLIF(@d, '')`,
    ],
  },
  {
    name: 'LOAD DATA with REPLACE and with IGNORE',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, name VARCHAR(50) CHARACTER SET utf8mb4, d DATE NULL, x DECIMAL(8,3))',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 'old', '2000-01-01', 0), (4, 'four', NULL, 4);
       LOAD DATA INFILE '{file}' REPLACE INTO TABLE #t CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' IGNORE 1 LINES (id, name, @d, x);
       UPDATE #t SET name = 'kept'; LOAD DATA INFILE '{file}' IGNORE INTO TABLE #t CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' IGNORE 1 LINES (@id, name, @d, x) SET id = @id + 1`,
    ],
  },
  {
    name: 'prepared statements with parameters',
    tables: [ITEM],
    sql: [
      `PREPARE s FROM 'INSERT INTO #t VALUES (?, ?, ?)'; SET @a = 1, @b = 'it''s', @c = 5; EXECUTE s USING @a, @b, @c; SET @a = 2, @b = NULL; EXECUTE s USING @a, @b, @c; PREPARE d FROM 'DELETE FROM #t WHERE id = ?'; EXECUTE d USING @a`,
    ],
  },
  {
    name: 'values from user variables and from functions of chance',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, r DOUBLE, u CHAR(36), n DATETIME(6), c INT)'],
    sql: [
      `SET @n = 0; INSERT INTO #t SELECT @n := @n + 1, RAND(), UUID(), NOW(6), CONNECTION_ID() FROM ${DIGITS} x; UPDATE #t SET r = RAND(), n = SYSDATE(6) WHERE id % 2 = 0; DELETE FROM #t WHERE id = 5`,
    ],
  },
  {
    name: 'window functions as the source of rows',
    tables: [ITEM, 'CREATE TABLE #u (id INT PRIMARY KEY, place INT, total DECIMAL(20,4))'],
    sql: [
      `INSERT INTO #t VALUES (1, 'a', 3), (2, 'a', 5), (3, 'b', 1), (4, 'b', 9); INSERT INTO #u SELECT id, RANK() OVER (PARTITION BY name ORDER BY n DESC), SUM(n) OVER (PARTITION BY name) FROM #t; UPDATE #u JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY n) AS r FROM #t) x USING (id) SET #u.place = x.r`,
    ],
  },
  {
    name: 'UPDATE and DELETE of rows that are equal but for their key',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t (id, name) VALUES (1, 'same'), (2, 'same'), (3, 'same'), (4, 'same'); UPDATE #t SET n = 1 WHERE name = 'same' LIMIT 2; DELETE FROM #t WHERE n = 0 ORDER BY id LIMIT 1`,
    ],
  },
  {
    name: 'rows that grow and shrink between nothing and much',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, body LONGTEXT, more LONGBLOB)'],
    sql: [
      `INSERT INTO #t VALUES (1, REPEAT('x', 1000000), NULL), (2, '', REPEAT(x'00ff', 400000)); UPDATE #t SET body = '', more = body WHERE id = 1; UPDATE #t SET body = REPEAT('é', 300000) WHERE id = 2; UPDATE #t SET more = NULL WHERE id = 2; INSERT INTO #t VALUES (3, NULL, NULL)`,
    ],
  },
  {
    name: 'RETURNING',
    only: 'mariadb',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t VALUES (1, 'one', 1), (2, 'two', 2) RETURNING id, n; REPLACE INTO #t VALUES (1, 'uno', 11) RETURNING name; DELETE FROM #t WHERE id = 2 RETURNING *`,
    ],
  },
  {
    name: 'values named by an alias in ON DUPLICATE KEY UPDATE',
    only: 'mysql',
    tables: [ITEM],
    sql: [
      `INSERT INTO #t VALUES (1, 'one', 1); INSERT INTO #t VALUES (1, 'uno', 10), (2, 'dos', 20) AS new ON DUPLICATE KEY UPDATE name = new.name, n = #t.n + new.n; INSERT INTO #t TABLE #t ON DUPLICATE KEY UPDATE n = 0`,
    ],
  },
];
