import type { Scenario } from './scenario.ts';

/** What tables may have beside columns and keys: generated columns, triggers, partitions, defaults, checks, names. */
export const TABLES: readonly Scenario[] = [
  {
    name: 'generated columns, virtual and stored',
    tables: [
      "CREATE TABLE #t (id INT PRIMARY KEY, a INT, v INT AS (a * 2) VIRTUAL, s VARCHAR(20) AS (CONCAT(a, '!')) STORED, z INT)",
    ],
    sql: [
      `INSERT INTO #t (id, a, z) VALUES (1, 1, 1), (2, 2, NULL), (3, NULL, 3); UPDATE #t SET a = a + 10; UPDATE #t SET z = v WHERE id = 1; DELETE FROM #t WHERE s = '12!'`,
    ],
  },
  {
    name: 'generated columns from JSON with an index',
    tables: [
      `CREATE TABLE #t (id INT PRIMARY KEY, j JSON, name VARCHAR(20) AS (JSON_UNQUOTE(JSON_EXTRACT(j, '$.name'))) STORED, KEY (name))`,
    ],
    sql: [
      `INSERT INTO #t (id, j) VALUES (1, '{"name": "a", "n": 1}'), (2, '{"name": "b"}'), (3, '{}'); UPDATE #t SET j = JSON_SET(j, '$.name', 'c') WHERE name = 'a'; DELETE FROM #t WHERE name IS NULL`,
    ],
  },
  {
    name: 'a generated column before the key',
    tables: [
      'CREATE TABLE #t (h CHAR(40) AS (REVERSE(name)) STORED, name VARCHAR(20) NOT NULL, n INT, PRIMARY KEY (name))',
    ],
    sql: [
      `INSERT INTO #t (name, n) VALUES ('a', 1), ('b', 2), ('c', 3); UPDATE #t SET name = 'z' WHERE name = 'a'; UPDATE #t SET n = n + 1; DELETE FROM #t WHERE h = 'c'`,
    ],
  },
  {
    name: 'a generated column beside a unique key of two',
    tables: [
      'CREATE TABLE #t (a INT NOT NULL, b INT NOT NULL, k INT AS (a * 1000 + b) STORED, n INT, UNIQUE KEY (a, b), KEY (k))',
    ],
    sql: [
      `INSERT INTO #t (a, b, n) VALUES (1, 1, 1), (1, 2, 2), (2, 1, 3); UPDATE #t SET b = 5 WHERE k = 1002; UPDATE #t SET n = k; DELETE FROM #t WHERE a = 2`,
    ],
  },
  {
    name: 'triggers of all kinds at the source',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, n INT, changed INT NOT NULL DEFAULT 0)',
      'CREATE TABLE #log (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40))',
    ],
    atSource: [
      'CREATE TRIGGER #bi BEFORE INSERT ON #t FOR EACH ROW SET NEW.n = COALESCE(NEW.n, -1)',
      "CREATE TRIGGER #ai AFTER INSERT ON #t FOR EACH ROW INSERT INTO #log (what) VALUES (CONCAT('insert ', NEW.id))",
      'CREATE TRIGGER #bu BEFORE UPDATE ON #t FOR EACH ROW SET NEW.changed = OLD.changed + 1',
      "CREATE TRIGGER #au AFTER UPDATE ON #t FOR EACH ROW INSERT INTO #log (what) VALUES (CONCAT('update ', OLD.n, ' ', NEW.n))",
      "CREATE TRIGGER #ad AFTER DELETE ON #t FOR EACH ROW INSERT INTO #log (what) VALUES (CONCAT('delete ', OLD.id))",
    ],
    sql: [
      `INSERT INTO #t (id, n) VALUES (1, 1), (2, NULL), (3, 3); UPDATE #t SET n = n + 1 WHERE id < 3; DELETE FROM #t WHERE id = 3; REPLACE INTO #t (id, n) VALUES (1, 50), (4, 4); INSERT INTO #t (id, n) VALUES (2, 0) ON DUPLICATE KEY UPDATE n = 7`,
    ],
  },
  {
    name: 'a trigger that keeps a sum in another table',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, account INT, amount INT)',
      'CREATE TABLE #sum (account INT PRIMARY KEY, total INT NOT NULL)',
    ],
    atSource: [
      'CREATE TRIGGER #i AFTER INSERT ON #t FOR EACH ROW INSERT INTO #sum VALUES (NEW.account, NEW.amount) ON DUPLICATE KEY UPDATE total = total + NEW.amount',
      'CREATE TRIGGER #d BEFORE DELETE ON #t FOR EACH ROW UPDATE #sum SET total = total - OLD.amount WHERE account = OLD.account',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 10), (2, 1, 20), (3, 2, 5); BEGIN; DELETE FROM #t WHERE id = 1; INSERT INTO #t VALUES (4, 2, 7), (5, 3, 1); COMMIT; DELETE FROM #t WHERE account = 2`,
    ],
  },
  {
    name: 'partitions by range: rows move between them',
    tables: [
      'CREATE TABLE #t (id INT, year INT, v INT, PRIMARY KEY (id, year)) PARTITION BY RANGE (year) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN (2020), PARTITION p2 VALUES LESS THAN MAXVALUE)',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 1999, 1), (2, 2005, 2), (3, 2030, 3); UPDATE #t SET year = 2010 WHERE id = 1; UPDATE #t SET v = v * 2; DELETE FROM #t PARTITION (p2); INSERT INTO #t PARTITION (p0) VALUES (9, 1, 9)`,
    ],
  },
  {
    name: 'partitions by hash and by list of columns',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 4',
      "CREATE TABLE #u (id INT, land VARCHAR(2), PRIMARY KEY (id, land)) PARTITION BY LIST COLUMNS (land) (PARTITION a VALUES IN ('cz', 'sk'), PARTITION b VALUES IN ('de', 'at'))",
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5); UPDATE #t SET id = id + 10 WHERE v > 3; INSERT INTO #u VALUES (1, 'cz'), (2, 'de'); UPDATE #u SET land = 'at' WHERE id = 1; DELETE FROM #t WHERE v = 1`,
    ],
  },
  {
    name: 'partitions by key with subpartitions',
    tables: [
      'CREATE TABLE #t (id INT, d DATE, v INT, PRIMARY KEY (id, d)) PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (MONTH(d)) SUBPARTITIONS 2 (PARTITION a VALUES LESS THAN (2020), PARTITION b VALUES LESS THAN (2030))',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, '2019-01-01', 1), (2, '2025-02-01', 2); UPDATE #t SET d = '2021-12-31' WHERE id = 1; UPDATE #t SET v = 20 WHERE id = 2; DELETE FROM #t WHERE id = 1; INSERT INTO #t SELECT id + 5, d, v FROM #t`,
    ],
  },
  {
    name: 'defaults by expressions',
    tables: [
      `CREATE TABLE #t (id INT PRIMARY KEY, u CHAR(36) DEFAULT (UUID()), r DOUBLE DEFAULT (RAND()), j JSON DEFAULT (JSON_ARRAY()), d DATE DEFAULT (CURRENT_DATE + INTERVAL 1 DAY))`,
    ],
    sql: [
      `INSERT INTO #t (id) VALUES (1), (2), (3); UPDATE #t SET r = DEFAULT(r) + 1 WHERE id = 1; UPDATE #t SET u = UUID() WHERE id = 2; DELETE FROM #t WHERE id = 3`.replace(
        'r = DEFAULT(r) + 1',
        'r = RAND() + 1',
      ),
    ],
  },
  {
    name: 'check constraints',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, n INT CHECK (n > 0), a INT, b INT, CONSTRAINT CHECK (a < b))'],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 1, 2), (2, NULL, NULL, 0); INSERT IGNORE INTO #t VALUES (3, -1, 1, 2), (4, 1, 1, 2); UPDATE #t SET a = a - 10, b = b + 1; DELETE FROM #t WHERE n IS NULL`,
    ],
  },
  {
    name: 'invisible columns',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, a INT, hidden INT INVISIBLE DEFAULT 7, z INT)'],
    sql: [
      `INSERT INTO #t VALUES (1, 1, 1), (2, 2, 2); INSERT INTO #t (id, hidden) VALUES (3, 30); UPDATE #t SET hidden = hidden + 1; UPDATE #t SET a = hidden WHERE id = 3; DELETE FROM #t WHERE id = 2`,
    ],
  },
  {
    name: 'names with blanks, quotes, dots and keywords',
    tables: [
      'CREATE TABLE #order (`select` INT PRIMARY KEY, `a b` INT, `c.d` VARCHAR(10), `e``f` INT, `g"h` INT, `ž` INT, `%s ?` INT)',
    ],
    sql: [
      `INSERT INTO #order VALUES (1, 1, 'x', 1, 1, 1, 1), (2, NULL, '', 2, 2, 2, 2); UPDATE #order SET \`a b\` = \`select\`, \`c.d\` = '?', \`%s ?\` = 9 WHERE \`e\`\`f\` = 2; UPDATE #order SET \`select\` = 3 WHERE \`ž\` = 1; INSERT INTO #order (\`select\`) VALUES (4); DELETE FROM #order WHERE \`g"h\` = 2`,
    ],
  },
  {
    name: 'a name of sixty characters and columns that differ by one letter',
    tables: [`CREATE TABLE #${'n'.repeat(54)} (${'c'.repeat(63)}a INT PRIMARY KEY, ${'c'.repeat(63)}b INT)`],
    sql: [
      `INSERT INTO #${'n'.repeat(54)} VALUES (1, 10), (2, 20); UPDATE #${'n'.repeat(54)} SET ${'c'.repeat(63)}b = 11 WHERE ${'c'.repeat(63)}a = 1; DELETE FROM #${'n'.repeat(54)} WHERE ${'c'.repeat(63)}b = 20`,
    ],
  },
  {
    name: 'row formats and compression of pages',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, c TEXT) ROW_FORMAT=COMPACT',
      'CREATE TABLE #u (id INT PRIMARY KEY, c TEXT) ROW_FORMAT=REDUNDANT',
      'CREATE TABLE #v (id INT PRIMARY KEY, c TEXT) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, REPEAT('a', 20000)), (2, ''); INSERT INTO #u SELECT * FROM #t; INSERT INTO #v SELECT * FROM #u; UPDATE #v SET c = CONCAT(c, id); DELETE FROM #u WHERE id = 2`,
    ],
  },
  {
    name: 'a fulltext and a spatial index',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, body TEXT, p POINT NOT NULL, FULLTEXT KEY (body), SPATIAL KEY (p))'],
    sql: [
      `INSERT INTO #t VALUES (1, 'the quick brown fox', ST_GeomFromText('POINT(1 1)')), (2, 'jumps', ST_GeomFromText('POINT(2 2)')); UPDATE #t SET body = 'over the lazy dog' WHERE MATCH (body) AGAINST ('quick'); UPDATE #t SET p = ST_GeomFromText('POINT(9 9)') WHERE id = 2; DELETE FROM #t WHERE ST_X(p) = 1`,
    ],
  },
  {
    name: 'spatial functions',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, g GEOMETRY, area DOUBLE, wkt TEXT)'],
    sql: [
      `INSERT INTO #t (id, g) VALUES (1, ST_GeomFromText('POLYGON((0 0,0 3,3 3,3 0,0 0))')), (2, ST_GeomFromText('LINESTRING(0 0,5 5)')); UPDATE #t SET area = ST_Area(g), wkt = ST_AsText(g) WHERE id = 1; UPDATE #t SET g = ST_Envelope(g), area = ST_Length(g) WHERE id = 2; INSERT INTO #t (id, g) SELECT 3, ST_Centroid(g) FROM #t WHERE id = 1; DELETE FROM #t WHERE id = 2`,
    ],
  },
  {
    name: 'JSON functions: merge, arrays, tables',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, j JSON)',
      'CREATE TABLE #u (id INT, n INT, v VARCHAR(20), PRIMARY KEY (id, n))',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, '{"a": [{"v": "x"}, {"v": "y"}], "b": 1}'), (2, '{"a": []}'); UPDATE #t SET j = JSON_MERGE_PATCH(j, '{"b": null, "c": {"d": [1.10, -0.0]}}') WHERE id = 1; UPDATE #t SET j = JSON_MERGE_PRESERVE(j, '{"a": [true]}') WHERE id = 2; INSERT INTO #u SELECT t.id, x.n, x.v FROM #t t, JSON_TABLE(t.j, '$.a[*]' COLUMNS (n FOR ORDINALITY, v VARCHAR(20) PATH '$.v')) x; UPDATE #t SET j = JSON_ARRAY_INSERT(j, '$.a[0]', JSON_QUOTE('q"')) WHERE id = 2`,
    ],
  },
  {
    name: 'JSON with deep and odd values',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, j JSON)'],
    sql: [
      `INSERT INTO #t VALUES (1, '[[[[[[1]]]]]]'), (2, '{"": 1, "é": "\\\\ud83d\\\\ude00", "long": "${'x'.repeat(3000)}"}'), (3, '[9223372036854775807, -9223372036854775808, 1e300, 0.1]'); UPDATE #t SET j = JSON_OBJECT('k', j, 'null', NULL, 'true', TRUE) WHERE id = 1; UPDATE #t SET j = JSON_REMOVE(j, '$.long') WHERE id = 2; DELETE FROM #t WHERE id = 3`,
    ],
  },
  {
    name: 'rows made by the sequence engine',
    only: 'mariadb',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, v INT)'],
    sql: [
      `INSERT INTO #t SELECT seq, seq * seq FROM seq_1_to_2000; UPDATE #t SET v = -v WHERE id BETWEEN 100 AND 200; DELETE FROM #t WHERE id IN (SELECT seq FROM seq_1_to_2000_step_3)`,
    ],
  },
  {
    name: 'application time periods',
    only: 'mariadb',
    tables: [
      'CREATE TABLE #t (id INT, a DATE NOT NULL, b DATE NOT NULL, v INT, PERIOD FOR p (a, b), PRIMARY KEY (id, a))',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, '2024-01-01', '2024-12-31', 1), (2, '2024-01-01', '2024-06-30', 2); UPDATE #t FOR PORTION OF p FROM '2024-03-01' TO '2024-04-01' SET v = 10 WHERE id = 1; DELETE FROM #t FOR PORTION OF p FROM '2024-02-01' TO '2024-03-01' WHERE id = 2`,
    ],
  },
  {
    name: 'a multi-valued index',
    only: 'mysql',
    tables: ["CREATE TABLE #t (id INT PRIMARY KEY, j JSON, KEY zips ((CAST(j->'$.zip' AS UNSIGNED ARRAY))))"],
    sql: [
      `INSERT INTO #t VALUES (1, '{"zip": [1, 2]}'), (2, '{"zip": [2]}'), (3, NULL); UPDATE #t SET j = '{"zip": [9]}' WHERE 1 MEMBER OF (j->'$.zip'); DELETE FROM #t WHERE id = 2`,
    ],
  },
  {
    name: 'a check by a regular expression',
    tables: [`CREATE TABLE #t (id INT PRIMARY KEY, mail VARCHAR(50), CHECK (mail REGEXP '@'))`],
    sql: [
      `INSERT INTO #t VALUES (1, 'a@b'), (2, 'c@d'); UPDATE IGNORE #t SET mail = 'none' WHERE id = 1; UPDATE #t SET mail = REGEXP_REPLACE(mail, '@.*', '@x') WHERE id = 2; DELETE FROM #t WHERE mail LIKE 'a%'`,
    ],
  },
];
