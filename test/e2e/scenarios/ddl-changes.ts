import type { DdlText } from './ddl-text.ts';

const ITEM = 'CREATE TABLE #t (id INT PRIMARY KEY, a INT, b VARCHAR(20))';
const ROWS = "INSERT INTO #t VALUES (1, 10, 'one'), (2, 20, 'two'), (3, NULL, NULL)";

/** ALTER TABLE and indexes. */
export const DDL_CHANGES: readonly DdlText[] = [
  {
    name: 'ADD COLUMN first, behind another one, several',
    sql: [
      ITEM,
      ROWS,
      'ALTER TABLE #t ADD COLUMN c INT NOT NULL DEFAULT 5 FIRST',
      'ALTER TABLE #t ADD d VARCHAR(9) AFTER a, ADD COLUMN (e INT, f INT DEFAULT 1)',
      "UPDATE #t SET d = 'd', e = id",
      "INSERT INTO #t VALUES (6, 4, 40, 'd', 'four', 7, 8)",
    ],
  },
  {
    name: 'ADD COLUMN that is filled with the time of the statement',
    sql: [
      "SET SESSION time_zone = '+05:00', timestamp = 1700000000.654321",
      ITEM,
      ROWS,
      'ALTER TABLE #t ADD COLUMN made DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), ADD seen TIMESTAMP DEFAULT CURRENT_TIMESTAMP',
      "ALTER TABLE #t ADD COLUMN since TIMESTAMP NOT NULL DEFAULT '2020-06-01 12:00:00'",
    ],
  },
  {
    name: 'DROP COLUMN among rows',
    sql: [
      ITEM,
      ROWS,
      'ALTER TABLE #t DROP COLUMN a',
      "INSERT INTO #t VALUES (4, 'four')",
      'DELETE FROM #t WHERE id = 1',
    ],
  },
  {
    name: 'MODIFY COLUMN to another type and place',
    sql: [
      ITEM,
      ROWS,
      'ALTER TABLE #t MODIFY a BIGINT UNSIGNED NULL, MODIFY COLUMN b VARCHAR(300) CHARACTER SET utf8mb4 FIRST',
      "INSERT INTO #t VALUES (REPEAT('é', 200), 5, 18446744073709551615)",
    ],
  },
  {
    name: 'CHANGE COLUMN to another name and type',
    sql: [
      ITEM,
      ROWS,
      "ALTER TABLE #t CHANGE a amount DECIMAL(12,2) DEFAULT 0.00, CHANGE COLUMN b `te xt` TEXT COMMENT 'new'",
      "INSERT INTO #t VALUES (4, 4.25, 'four')",
    ],
  },
  {
    name: 'RENAME COLUMN, two that swap their names',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a INT, b INT)',
      'INSERT INTO #t VALUES (1, 10, 100)',
      'ALTER TABLE #t RENAME COLUMN a TO b, RENAME COLUMN b TO a',
      'INSERT INTO #t (id, a, b) VALUES (2, 1, 2)',
      'ALTER TABLE #t RENAME COLUMN id TO `key`',
      'UPDATE #t SET a = 7 WHERE `key` = 1',
    ],
  },
  {
    name: 'defaults of columns',
    sql: [
      ITEM,
      "ALTER TABLE #t ALTER COLUMN a SET DEFAULT 9, ALTER b SET DEFAULT 'x'",
      'INSERT INTO #t (id) VALUES (1)',
      'ALTER TABLE #t ALTER a DROP DEFAULT',
      'INSERT INTO #t (id, a) VALUES (2, 2)',
    ],
  },
  {
    name: 'indexes by ALTER TABLE',
    sql: [
      ITEM,
      ROWS,
      'ALTER TABLE #t ADD INDEX i (a), ADD UNIQUE KEY u (b), ADD KEY (b(3), a)',
      'ALTER TABLE #t RENAME INDEX i TO j, ADD FULLTEXT INDEX words (b), ALGORITHM = COPY',
      'ALTER TABLE #t DROP INDEX u, DROP KEY words',
      "INSERT INTO #t VALUES (4, 10, 'two')",
    ],
  },
  {
    name: 'indexes by CREATE INDEX and DROP INDEX',
    sql: [
      ITEM,
      'CREATE INDEX i ON #t (a DESC, b(5))',
      'CREATE UNIQUE INDEX u USING BTREE ON #t (b)',
      "CREATE FULLTEXT INDEX words ON #t (b) COMMENT 'search'",
      ROWS,
      'DROP INDEX words ON #t',
      'DROP INDEX `u` ON #t',
      "INSERT INTO #t VALUES (4, 1, 'one')",
    ],
  },
  {
    name: 'algorithms and locks',
    sql: [
      ITEM,
      ROWS,
      'ALTER TABLE #t ADD COLUMN c INT, ALGORITHM = INSTANT',
      'ALTER TABLE #t ADD INDEX i (c), ALGORITHM = INPLACE, LOCK = NONE',
      'ALTER TABLE #t MODIFY c BIGINT, ALGORITHM = COPY, LOCK = SHARED',
      'UPDATE #t SET c = 5000000000 WHERE id = 2',
    ],
  },
  {
    name: 'character sets of table and columns',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY, v VARCHAR(20), w TEXT) DEFAULT CHARSET = latin1',
      "INSERT INTO #t VALUES (1, 'café', 'naïve')",
      'ALTER TABLE #t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
      "INSERT INTO #t VALUES (2, '日本', '😀')",
      'ALTER TABLE #t DEFAULT CHARACTER SET latin1, ADD COLUMN x VARCHAR(9)',
      'ALTER TABLE #t MODIFY v VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci',
    ],
  },
  {
    name: 'options of a table',
    sql: [
      'CREATE TABLE #t (id INT AUTO_INCREMENT PRIMARY KEY)',
      'INSERT INTO #t VALUES (1)',
      "ALTER TABLE #t AUTO_INCREMENT = 1000 COMMENT = 'a, b' ROW_FORMAT = COMPACT",
      'INSERT INTO #t VALUES (DEFAULT)',
      'ALTER TABLE #t ENGINE = InnoDB, FORCE',
      'ALTER TABLE #t STATS_PERSISTENT = 1',
    ],
  },
  {
    name: 'another primary key',
    sql: [
      ITEM,
      "INSERT INTO #t VALUES (1, 10, 'one'), (2, 20, 'two')",
      'ALTER TABLE #t DROP PRIMARY KEY, ADD PRIMARY KEY (a)',
      "UPDATE #t SET b = 'changed' WHERE a = 20; INSERT INTO #t VALUES (1, 30, 'one')",
      'ALTER TABLE #t DROP PRIMARY KEY, MODIFY id INT NOT NULL, ADD PRIMARY KEY (a, id)',
      'DELETE FROM #t WHERE a = 10; UPDATE #t SET id = 9 WHERE a = 30',
    ],
  },
  {
    name: 'foreign keys and checks come and go',
    sql: [
      'CREATE TABLE #p (id INT PRIMARY KEY)',
      'CREATE TABLE #c (id INT PRIMARY KEY, p INT)',
      'INSERT INTO #p VALUES (1), (2); INSERT INTO #c VALUES (1, 1), (2, 2)',
      'ALTER TABLE #c ADD CONSTRAINT #f FOREIGN KEY (p) REFERENCES #p (id) ON DELETE SET NULL, ADD CONSTRAINT #k CHECK (id > 0)',
      'DELETE FROM #p WHERE id = 2',
      'ALTER TABLE #c DROP FOREIGN KEY #f, DROP CONSTRAINT #k',
      'INSERT INTO #c VALUES (3, 77)',
    ],
  },
  {
    name: 'partitions come, go and are divided',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))',
      'INSERT INTO #t VALUES (1), (11), (12)',
      'ALTER TABLE #t ADD PARTITION (PARTITION p2 VALUES LESS THAN (30), PARTITION p3 VALUES LESS THAN (40))',
      'INSERT INTO #t VALUES (25), (35)',
      'ALTER TABLE #t REORGANIZE PARTITION p2 INTO (PARTITION p2a VALUES LESS THAN (25), PARTITION p2b VALUES LESS THAN (30))',
      'ALTER TABLE #t TRUNCATE PARTITION p1',
      'ALTER TABLE #t DROP PARTITION p0, p3',
      'INSERT INTO #t VALUES (15)',
    ],
  },
  {
    name: 'a partition is exchanged with a table',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))',
      'CREATE TABLE #u (id INT PRIMARY KEY, a INT)',
      'INSERT INTO #t VALUES (1, 1), (11, 11); INSERT INTO #u VALUES (12, 12)',
      'ALTER TABLE #t EXCHANGE PARTITION p1 WITH TABLE #u',
      'INSERT INTO #t VALUES (13, 13); DELETE FROM #u WHERE id = 11',
    ],
  },
  {
    name: 'a table gets partitions and loses them',
    sql: [
      ITEM,
      ROWS,
      'ALTER TABLE #t PARTITION BY HASH (id) PARTITIONS 3',
      'ALTER TABLE #t COALESCE PARTITION 1',
      'ALTER TABLE #t REMOVE PARTITIONING',
      "INSERT INTO #t VALUES (4, 4, 'four')",
    ],
  },
  {
    name: 'generated columns come and go',
    sql: [
      ITEM,
      ROWS,
      "ALTER TABLE #t ADD COLUMN g INT AS (a + 1) STORED AFTER id, ADD h VARCHAR(30) GENERATED ALWAYS AS (CONCAT(b, '!')) VIRTUAL, ADD KEY (g)",
      "INSERT INTO #t (id, a, b) VALUES (4, 4, 'four')",
      'ALTER TABLE #t DROP COLUMN h',
      'UPDATE #t SET a = 5 WHERE id = 4',
    ],
  },
  {
    name: 'ALTER TABLE … RENAME',
    sql: [
      ITEM,
      ROWS,
      'ALTER TABLE #t RENAME TO #u, ADD COLUMN c INT',
      "INSERT INTO #u VALUES (4, 4, 'four', 4)",
      'ALTER TABLE #u RENAME AS #v',
      'ALTER TABLE #v RENAME #w',
      'DELETE FROM #w WHERE id = 1',
    ],
  },
  {
    name: 'a statement that fails is none',
    sql: [
      ITEM,
      "INSERT INTO #t VALUES (1, 1, 'x'), (2, 1, 'x')",
      '?ALTER TABLE #t ADD UNIQUE (b)',
      '?ALTER TABLE #t ADD COLUMN a INT',
      '?CREATE TABLE #t (id INT)',
      '?DROP TABLE #nothing',
      'ALTER TABLE #t ADD COLUMN c INT',
      'UPDATE #t SET c = id',
    ],
  },
  {
    name: 'an ALTER in the middle of a transaction, and rows of others around it',
    sql: [
      ITEM,
      'BEGIN',
      ROWS,
      'ALTER TABLE #t ADD COLUMN c INT DEFAULT 3',
      'UPDATE #t SET c = 4 WHERE id = 1',
      'ALTER TABLE #t DROP COLUMN c, ADD COLUMN d INT',
      'UPDATE #t SET d = 5 WHERE id = 2',
      'INSERT INTO #t SELECT id + 100, a, b, d FROM #t',
      'ALTER TABLE #t MODIFY d VARCHAR(9)',
      "UPDATE #t SET d = 'x' WHERE id > 100",
    ],
  },
  {
    name: 'system versioning and sequences of partitions',
    only: 'mariadb',
    sql: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a INT)',
      'INSERT INTO #t VALUES (1, 1)',
      'ALTER TABLE #t ADD COLUMN IF NOT EXISTS b INT NULL AFTER a, ADD INDEX IF NOT EXISTS i (b)',
      'ALTER TABLE #t ALTER INDEX i IGNORED',
      'ALTER ONLINE TABLE #t ADD COLUMN c INT',
      'DROP INDEX IF EXISTS nothing ON #t',
      'INSERT INTO #t VALUES (2, 2, 2, 2)',
    ],
  },
];
