import type { DdlText } from './ddl-text.ts';

/** CREATE TABLE in its forms, and names however they are written. */
export const DDL_CREATES: readonly DdlText[] = [
  {
    name: 'CREATE TABLE with options',
    sql: [
      "CREATE TABLE #t (id INT UNSIGNED NOT NULL AUTO_INCREMENT, v VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin NULL DEFAULT 'x' COMMENT 'a; b', PRIMARY KEY (id), KEY by_v (v)) ENGINE = InnoDB AUTO_INCREMENT = 100 DEFAULT CHARSET = utf8mb4 COMMENT = 'it''s; a -- table' ROW_FORMAT = DYNAMIC",
      "INSERT INTO #t (v) VALUES ('a'), (DEFAULT)",
    ],
  },
  {
    name: 'CREATE TABLE IF NOT EXISTS of what is there',
    sql: [
      'CREATE TABLE IF NOT EXISTS #t (id INT PRIMARY KEY, a INT)',
      'INSERT INTO #t VALUES (1, 1)',
      'CREATE TABLE IF NOT EXISTS #t (id INT PRIMARY KEY, b TEXT, c INT)',
      'INSERT INTO #t VALUES (2, 2)',
    ],
  },
  {
    name: 'CREATE TABLE … LIKE, with and without brackets',
    sql: [
      'CREATE TABLE #t (id INT AUTO_INCREMENT PRIMARY KEY, a INT UNIQUE, b VARCHAR(9), KEY (b), CHECK (a > 0))',
      'INSERT INTO #t (a, b) VALUES (1, 2)',
      'CREATE TABLE #u LIKE #t',
      'CREATE TABLE IF NOT EXISTS #v (LIKE #u)',
      'INSERT INTO #u SELECT * FROM #t',
      "INSERT INTO #v (a, b) VALUES (7, 'seven')",
    ],
  },
  {
    name: 'CREATE TABLE … SELECT',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a VARCHAR(9), n DECIMAL(9,2))',
      "INSERT INTO #t VALUES (1, 'a', 1.5), (2, 'b', 2.5), (3, NULL, NULL)",
      'CREATE TABLE #u (PRIMARY KEY (id)) AS SELECT id, a FROM #t',
      "INSERT INTO #u VALUES (9, 'nine')",
    ],
  },
  {
    name: 'CREATE TABLE … SELECT with columns of its own, and of no rows',
    sql: [
      `CREATE TABLE #t (id INT AUTO_INCREMENT PRIMARY KEY, x VARCHAR(5) NOT NULL, y INT, KEY (y)) ENGINE = InnoDB SELECT 1 AS y, 'a' AS x UNION ALL SELECT 2, 'b'`,
      'CREATE TABLE #u (id INT PRIMARY KEY) SELECT id, x FROM #t WHERE id < 0',
      "INSERT INTO #u VALUES (1, 'one')",
    ],
  },
  {
    name: 'CREATE TABLE … PARTITION BY RANGE',
    sql: [
      'CREATE TABLE #t (id INT NOT NULL, d DATE NOT NULL, PRIMARY KEY (id, d)) PARTITION BY RANGE (YEAR(d)) (PARTITION p0 VALUES LESS THAN (2020), PARTITION `p-1` VALUES LESS THAN MAXVALUE)',
      "INSERT INTO #t VALUES (1, '2019-05-05'), (2, '2024-02-29')",
    ],
  },
  {
    name: 'CREATE TABLE … PARTITION BY LIST, HASH, KEY and COLUMNS',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY) PARTITION BY LIST (id % 3) (PARTITION a VALUES IN (0), PARTITION b VALUES IN (1, 2))',
      'CREATE TABLE #u (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 4',
      'CREATE TABLE #v (id INT, s VARCHAR(9), PRIMARY KEY (id, s)) PARTITION BY KEY (s) PARTITIONS 2',
      "CREATE TABLE #w (id INT, s VARCHAR(9), PRIMARY KEY (id, s)) PARTITION BY RANGE COLUMNS (s) (PARTITION a VALUES LESS THAN ('m'), PARTITION b VALUES LESS THAN (MAXVALUE))",
      "INSERT INTO #t VALUES (1), (2), (3); INSERT INTO #u VALUES (1), (5); INSERT INTO #v VALUES (1, 'a'); INSERT INTO #w VALUES (1, 'z')",
    ],
  },
  {
    name: 'CREATE TABLE with generated columns',
    sql: [
      "CREATE TABLE #t (id INT PRIMARY KEY, a INT, b INT GENERATED ALWAYS AS (a * 2) VIRTUAL, c VARCHAR(40) AS (CONCAT('n', a)) STORED, KEY (b), UNIQUE KEY (c))",
      'INSERT INTO #t (id, a) VALUES (1, 10), (2, NULL)',
      'UPDATE #t SET a = 11 WHERE id = 1',
    ],
  },
  {
    name: 'CREATE TABLE with foreign keys',
    sql: [
      'CREATE TABLE #p (id INT PRIMARY KEY, code INT NOT NULL UNIQUE)',
      'CREATE TABLE #c (id INT PRIMARY KEY, p INT, q INT, CONSTRAINT #named FOREIGN KEY (p) REFERENCES #p (id) ON DELETE CASCADE ON UPDATE CASCADE, FOREIGN KEY (q) REFERENCES #p (code))',
      'INSERT INTO #p VALUES (1, 10), (2, 20)',
      'INSERT INTO #c VALUES (1, 1, 20), (2, 2, NULL)',
      'DELETE FROM #p WHERE id = 1',
    ],
  },
  {
    name: 'CREATE TABLE with a foreign key to what comes later',
    sql: [
      'SET SESSION foreign_key_checks = 0',
      'CREATE TABLE #c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES #p (id))',
      'CREATE TABLE #p (id INT PRIMARY KEY)',
      'SET SESSION foreign_key_checks = 1',
      'INSERT INTO #p VALUES (1); INSERT INTO #c VALUES (1, 1)',
    ],
  },
  {
    name: 'CREATE TABLE with checks',
    sql: [
      "CREATE TABLE #t (id INT PRIMARY KEY, a INT CHECK (a > 0), b VARCHAR(9), CONSTRAINT #size CHECK (CHAR_LENGTH(b) < 8 AND b <> 'x'))",
      "INSERT INTO #t VALUES (1, 1, 'a'), (2, NULL, NULL)",
    ],
  },
  {
    name: 'CREATE TABLE with defaults of all kinds',
    sql: [
      "CREATE TABLE #t (id INT PRIMARY KEY, a INT DEFAULT 7, b VARCHAR(9) DEFAULT '''', c DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), d TIMESTAMP NOT NULL DEFAULT '2020-01-01 00:00:00', e BIT(3) DEFAULT b'101', f INT DEFAULT (1 + 1))",
      'INSERT INTO #t (id) VALUES (1), (2)',
      'UPDATE #t SET a = 8',
    ],
  },
  {
    name: 'CREATE TABLE with types of all kinds',
    sql: [
      "CREATE TABLE #t (id BIGINT UNSIGNED PRIMARY KEY, e ENUM('a', 'b;', 'c,d') NOT NULL, s SET('x', 'y'), j JSON, g GEOMETRY, y YEAR, d DECIMAL(30,10), f FLOAT, b BLOB, t LONGTEXT, v VARBINARY(9), KEY (t(10)))",
      `INSERT INTO #t VALUES (1, 'b;', 'x,y', '{"a":[1]}', ST_GeomFromText('POINT(1 2)'), 2024, 1.5, 0.5, x'00ff', 'text', x'01')`,
    ],
  },
  {
    name: 'names of other characters, of words, in quotes',
    sql: [
      'CREATE TABLE `#t - a``b` (`order` INT PRIMARY KEY, `sel,ect` INT, `naïve ünï` VARCHAR(9), KEY `in dex` (`sel,ect`))',
      "INSERT INTO `#t - a``b` VALUES (1, 2, 'é')",
      'ALTER TABLE `#t - a``b` ADD COLUMN `after` INT AFTER `order`, ADD `first` INT FIRST',
      'RENAME TABLE `#t - a``b` TO `#table`',
      'CREATE TABLE `#日本` (id INT PRIMARY KEY)',
      'INSERT INTO `#日本` VALUES (1)',
    ],
  },
  {
    name: 'names in double quotes',
    sql: [
      "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
      `CREATE TABLE "#t" ("id" INT PRIMARY KEY, "or""der" VARCHAR(20) DEFAULT 'it''s "x"')`,
      'INSERT INTO "#t" ("id") VALUES (1)',
      'ALTER TABLE "#t" ADD COLUMN "b" INT DEFAULT 3, DROP PRIMARY KEY, ADD PRIMARY KEY ("id", "b")',
      'CREATE INDEX "i" ON "#t" ("b")',
      'TRUNCATE "#t"',
      'INSERT INTO "#t" ("id") VALUES (2)',
    ],
  },
  {
    name: 'names in other case are other tables',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a INT)',
      'CREATE TABLE #T (id INT PRIMARY KEY, A INT)',
      'INSERT INTO #t VALUES (1, 1); INSERT INTO #T VALUES (2, 2)',
      'ALTER TABLE #T ADD COLUMN b INT, MODIFY COLUMN a BIGINT',
      'TRUNCATE TABLE #t',
    ],
  },
  {
    name: 'comments, hints, line ends and case of words',
    sql: [
      '/* before */ cReAtE /* in; */ table -- the name follows\n #t ( # id\n id int primary key /* it */ , a int )\n/* behind */ ;',
      'ALTER TABLE #t /*!40101 ADD COLUMN b INT */ /* of the table */',
      'insert into #t values (1, 2, 3)',
      '\n\n\taLTER\n  TABLE\n`#t`\n  aDD c INT /* ; */',
      'RENAME /* gh-ost */ TABLE #t /* a */ TO /* b */ #u',
      '-- a comment; first\nTRUNCATE /* now */ #u',
      'INSERT INTO #u VALUES (4, 5, 6, 7)',
    ],
  },
  {
    name: 'several statements in one packet',
    sql: [
      "CREATE TABLE #t (id INT PRIMARY KEY); INSERT INTO #t VALUES (1); ALTER TABLE #t ADD a VARCHAR(9) DEFAULT ';'; INSERT INTO #t VALUES (2, 'x'); CREATE INDEX i ON #t (a); UPDATE #t SET a = 'y' WHERE id = 1",
    ],
  },
  {
    name: 'temporary tables stay where they are',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a INT)',
      'CREATE TEMPORARY TABLE #temp (id INT PRIMARY KEY, a INT)',
      'INSERT INTO #temp VALUES (1, 1), (2, 2)',
      'ALTER TABLE #temp ADD COLUMN b INT',
      'CREATE TEMPORARY TABLE #t (id INT PRIMARY KEY)',
      'TRUNCATE TABLE #t',
      'DROP TEMPORARY TABLE #t',
      'INSERT INTO #t SELECT id, a FROM #temp',
      'DROP TABLE #temp',
    ],
  },
  {
    name: 'TIMESTAMP columns without explicit defaults',
    sql: [
      'SET SESSION explicit_defaults_for_timestamp = 0',
      'CREATE TABLE #t (id INT PRIMARY KEY, a TIMESTAMP, b TIMESTAMP NULL)',
      "INSERT INTO #t (id, a) VALUES (1, '2024-01-01')",
    ],
  },
  {
    name: 'defaults that only a lax sql_mode takes',
    sql: [
      "SET SESSION sql_mode = ''",
      "CREATE TABLE #t (id INT PRIMARY KEY, d DATE NOT NULL DEFAULT '0000-00-00', v VARCHAR(3) NOT NULL)",
      "INSERT INTO #t (id, v) VALUES (1, 'abcdef')",
      'ALTER TABLE #t ADD COLUMN e DATETIME NOT NULL',
    ],
  },
  {
    name: 'OR REPLACE, IF NOT EXISTS of parts, settings for one statement',
    only: 'mariadb',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a INT)',
      'INSERT INTO #t VALUES (1, 1)',
      'CREATE OR REPLACE TABLE #t (id INT PRIMARY KEY, b VARCHAR(9))',
      "INSERT INTO #t VALUES (2, 'b')",
      'ALTER TABLE IF EXISTS #t ADD COLUMN IF NOT EXISTS b INT, ADD COLUMN IF NOT EXISTS c INT',
      'ALTER TABLE #t DROP COLUMN IF EXISTS nothing',
      'CREATE INDEX IF NOT EXISTS i ON #t (c)',
      'SET STATEMENT lock_wait_timeout = 3 FOR ALTER TABLE #t ADD d INT',
      'ALTER TABLE #t WAIT 3 ADD e INT INVISIBLE',
      'CREATE OR REPLACE TABLE #u AS SELECT id FROM #t',
      'INSERT INTO #t (id) VALUES (3)',
    ],
  },
  {
    name: 'invisible columns and indexes, functional keys',
    only: 'mysql',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a INT INVISIBLE, b VARCHAR(20), KEY f ((UPPER(b))), KEY g (a DESC) INVISIBLE)',
      "INSERT INTO #t (id, b) VALUES (1, 'x')",
      'ALTER TABLE #t ALTER COLUMN a SET VISIBLE, ALTER INDEX g VISIBLE, ADD COLUMN c JSON DEFAULT (JSON_ARRAY())',
      "INSERT INTO #t VALUES (2, 2, 'y', DEFAULT)",
    ],
  },
];
