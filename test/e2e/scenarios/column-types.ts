import type { Scenario } from './scenario.ts';

/** Every column type, each with INSERT of several rows, UPDATE and DELETE; values at the ends of what the type holds. */
export const COLUMN_TYPES: readonly Scenario[] = [
  {
    name: 'TINYINT',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, s TINYINT, u TINYINT UNSIGNED, z TINYINT(3) ZEROFILL)'],
    sql: [
      `INSERT INTO #t VALUES (1, -128, 0, 7), (2, 127, 255, 255), (3, NULL, NULL, NULL), (4, 0, 128, 0);
       UPDATE #t SET s = -s - 1, u = 255 - u WHERE id < 3;
       UPDATE #t SET s = 1, z = 10 WHERE s IS NULL;
       DELETE FROM #t WHERE u = 128`,
    ],
  },
  {
    name: 'SMALLINT',
    tables: ['CREATE TABLE #t (id SMALLINT UNSIGNED PRIMARY KEY, s SMALLINT NOT NULL, u SMALLINT UNSIGNED)'],
    sql: [
      `INSERT INTO #t VALUES (0, -32768, 65535), (65535, 32767, 0), (32768, -1, 32768), (7, 0, NULL);
       UPDATE #t SET u = u DIV 2, s = s + 1 WHERE s < 0;
       UPDATE #t SET id = 65534 WHERE id = 65535;
       DELETE FROM #t WHERE id = 7`,
    ],
  },
  {
    name: 'MEDIUMINT',
    tables: ['CREATE TABLE #t (id MEDIUMINT PRIMARY KEY, u MEDIUMINT UNSIGNED, z MEDIUMINT(8) UNSIGNED ZEROFILL)'],
    sql: [
      `INSERT INTO #t VALUES (-8388608, 0, 1), (8388607, 16777215, 16777215), (-1, 8388608, NULL);
       UPDATE #t SET id = -id WHERE id = -1;
       UPDATE #t SET u = u - 1 WHERE u > 0;
       DELETE FROM #t WHERE id = 8388607`,
    ],
  },
  {
    name: 'INT',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, u INT UNSIGNED, z INT(10) UNSIGNED ZEROFILL, d INT NOT NULL DEFAULT 42)',
    ],
    sql: [
      `INSERT INTO #t (id, u, z) VALUES (-2147483648, 0, 12), (2147483647, 4294967295, 4294967295), (0, 2147483648, NULL);
       UPDATE #t SET d = id WHERE id <> 0;
       UPDATE #t SET u = u ^ 4294967295;
       DELETE FROM #t WHERE id = 0`,
    ],
  },
  {
    name: 'BIGINT',
    tables: ['CREATE TABLE #t (id BIGINT PRIMARY KEY, u BIGINT UNSIGNED)'],
    sql: [
      `INSERT INTO #t VALUES (-9223372036854775808, 0), (9223372036854775807, 18446744073709551615), (9007199254740993, 9007199254740993);
       UPDATE #t SET u = u - 1 WHERE u > 0;
       UPDATE #t SET id = id + 1 WHERE id = 9007199254740993;
       DELETE FROM #t WHERE id < 0`,
    ],
  },
  {
    name: 'BIGINT UNSIGNED as key',
    tables: ['CREATE TABLE #t (id BIGINT UNSIGNED PRIMARY KEY, note VARCHAR(10))'],
    sql: [
      `INSERT INTO #t VALUES (18446744073709551615, 'max'), (18446744073709551614, 'less'), (9223372036854775808, 'mid'), (1, 'one');
       UPDATE #t SET note = CONCAT(note, '!') WHERE id > 9223372036854775807;
       DELETE FROM #t WHERE id = 18446744073709551614;
       UPDATE #t SET id = 9223372036854775807 WHERE id = 9223372036854775808`,
    ],
  },
  {
    name: 'BOOLEAN',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, yes BOOLEAN NOT NULL DEFAULT TRUE, maybe BOOL NULL)'],
    sql: [
      `INSERT INTO #t VALUES (1, TRUE, NULL), (2, FALSE, TRUE), (3, DEFAULT, 7);
       UPDATE #t SET yes = NOT yes;
       UPDATE #t SET maybe = maybe IS NOT TRUE WHERE id <= 2;
       DELETE FROM #t WHERE maybe = 7`,
    ],
  },
  {
    name: 'DECIMAL',
    tables: [
      'CREATE TABLE #t (id DECIMAL(10,3) PRIMARY KEY, big DECIMAL(65,30), whole DECIMAL(65,0), u DECIMAL(9,9) UNSIGNED)',
    ],
    sql: [
      `INSERT INTO #t VALUES (0.001, 99999999999999999999999999999999999.999999999999999999999999999999, 12345678901234567890123456789012345678901234567890123456789012345, 0.999999999),
         (-0.001, -0.000000000000000000000000000001, -1, 0), (1, NULL, NULL, 0.000000001);
       UPDATE #t SET big = -big, whole = whole - 1;
       UPDATE #t SET id = id * 2000 WHERE id < 0.01;
       DELETE FROM #t WHERE u = 0.000000001`,
    ],
  },
  {
    name: 'FLOAT and DOUBLE',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, f FLOAT, d DOUBLE, fm FLOAT(10,4), dm DOUBLE(20,10))'],
    sql: [
      `INSERT INTO #t VALUES (1, 0.1, 0.1, 1.00005, 3.14159265358979), (2, -3.4028234e38, 1.7976931348623157e308, 0, 0), (3, 1e-45, 4.9e-324, NULL, NULL),
         (4, 16777217, 9007199254740993, -1, -1e-10), (5, 1.17549435e-38, 2.2250738585072014e-308, 1, 1);
       UPDATE #t SET f = f / 3, d = d / 3 WHERE id IN (1, 4);
       UPDATE #t SET d = -0e0 WHERE id = 2;
       DELETE FROM #t WHERE id = 5`,
    ],
  },
  {
    name: 'BIT',
    tables: ['CREATE TABLE #t (id BIT(8) PRIMARY KEY, one BIT, many BIT(64), odd BIT(33))'],
    sql: [
      `INSERT INTO #t VALUES (b'0', b'1', b'1111111111111111111111111111111111111111111111111111111111111111', 1), (b'11111111', b'0', 0, NULL), (b'101', NULL, 9223372036854775808, 8589934591);
       UPDATE #t SET many = many ^ 255, one = NOT one;
       UPDATE #t SET id = b'110' WHERE id = b'101';
       DELETE FROM #t WHERE id = b'0'`,
    ],
  },
  {
    name: 'CHAR',
    tables: [
      'CREATE TABLE #t (id CHAR(8) PRIMARY KEY, c CHAR(255) CHARACTER SET utf8mb4, l CHAR(4) CHARACTER SET latin1) CHARACTER SET utf8mb4',
    ],
    sql: [
      `INSERT INTO #t VALUES ('a', 'x', 'é'), ('b ', '', ''), ('', REPEAT('😀', 255), 'öß'), ('d', NULL, NULL);
       UPDATE #t SET c = CONCAT(c, 'end') WHERE id IN ('a', 'b');
       UPDATE #t SET id = 'E' WHERE id = 'd';
       DELETE FROM #t WHERE id = ''`,
    ],
  },
  {
    name: 'VARCHAR',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, v VARCHAR(1000) CHARACTER SET utf8mb4, l VARCHAR(255) CHARACTER SET latin1, w VARCHAR(256) CHARACTER SET latin1)',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 'trailing  ', REPEAT('ÿ', 255), REPEAT('x', 256)), (2, '', '', ''), (3, 'it''s \\\\ "x"\\n\\t\\0end', NULL, 'a'), (4, REPEAT('日本', 500), 'b', 'b');
       UPDATE #t SET v = REVERSE(v) WHERE id > 2;
       UPDATE #t SET l = UPPER(LEFT(w, 255)), w = LEFT(l, 200) WHERE id IN (1, 4);
       DELETE FROM #t WHERE v = ''`,
    ],
  },
  {
    name: 'TEXT of all sizes',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, a TINYTEXT, b TEXT, c MEDIUMTEXT, d LONGTEXT) CHARACTER SET utf8mb4',
    ],
    sql: [
      `INSERT INTO #t VALUES (1, REPEAT('a', 255), REPEAT('b', 65535), REPEAT('c', 70000), REPEAT('d', 200000)), (2, '', '', '', ''), (3, NULL, NULL, NULL, NULL);
       UPDATE #t SET d = CONCAT(d, 'é') WHERE id = 1;
       UPDATE #t SET a = 'é', b = '日', c = '😀', d = x'c3a9' WHERE id = 3;
       DELETE FROM #t WHERE id = 2`,
    ],
  },
  {
    name: 'BINARY and VARBINARY',
    tables: ['CREATE TABLE #t (id BINARY(4) PRIMARY KEY, b BINARY(10), v VARBINARY(300))'],
    sql: [
      `INSERT INTO #t VALUES (x'00', x'', x''), (x'00000001', x'ff00', x'00ff00'), ('abc', 'abc       ', REPEAT(x'27', 300)), (x'61626300', NULL, x'5c27') ON DUPLICATE KEY UPDATE v = x'64';
       UPDATE #t SET b = x'0a0d1a5c2722', v = CONCAT(v, x'00') WHERE id IN (x'00000000', x'00000001');
       UPDATE #t SET id = x'20202020' WHERE id = x'00000001';
       DELETE FROM #t WHERE id = x'00000000'`,
    ],
  },
  {
    name: 'BLOB of all sizes',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, a TINYBLOB, b BLOB, c MEDIUMBLOB, d LONGBLOB)'],
    sql: [
      `INSERT INTO #t VALUES (1, REPEAT(x'00', 255), REPEAT(x'ff', 65535), REPEAT(x'27', 70000), REPEAT(x'5c', 300000)), (2, '', '', '', ''), (3, NULL, NULL, NULL, x'e9');
       UPDATE #t SET a = x'e9', d = CONCAT(c, x'00') WHERE id = 1;
       UPDATE #t SET b = UNHEX(SHA2(id, 512)) WHERE id > 1;
       DELETE FROM #t WHERE id = 2`,
    ],
  },
  {
    name: 'ENUM',
    tables: [
      "CREATE TABLE #t (id ENUM('a','b','c') PRIMARY KEY, e ENUM('1','2','b''a','é') CHARACTER SET utf8mb4 NULL, n ENUM('x','y') NOT NULL DEFAULT 'y')",
    ],
    sql: [
      `INSERT INTO #t VALUES ('a', '2', 'x'), ('b', 'b''a', DEFAULT), ('c', NULL, 'y');
       UPDATE #t SET e = 'é' WHERE id = 'c';
       UPDATE #t SET e = 1, n = 1 WHERE id = 'b';
       DELETE FROM #t WHERE id = 'a'`,
    ],
  },
  {
    name: 'SET',
    tables: [
      "CREATE TABLE #t (id INT PRIMARY KEY, s SET('x','y z','ü') CHARACTER SET utf8mb4, k SET('a','b') NOT NULL)",
    ],
    sql: [
      `INSERT INTO #t VALUES (1, 'x,ü', 'a,b'), (2, '', ''), (3, NULL, 'b'), (4, 'y z', 'a');
       UPDATE #t SET s = CONCAT_WS(',', s, 'y z') WHERE id = 1;
       UPDATE #t SET s = 7, k = 3 WHERE id = 3;
       DELETE FROM #t WHERE FIND_IN_SET('a', k) AND id = 4`,
    ],
  },
  {
    name: 'DATE and YEAR',
    tables: ['CREATE TABLE #t (id DATE PRIMARY KEY, d DATE NULL, y YEAR NULL)'],
    sql: [
      `INSERT INTO #t VALUES ('1000-01-01', '9999-12-31', 1901), ('2024-02-29', NULL, 2155), ('1970-01-01', '0001-01-01', NULL), ('2023-12-31', '2023-12-31', 2023);
       UPDATE #t SET id = id + INTERVAL 1 DAY WHERE id = '2023-12-31';
       UPDATE #t SET y = 0, d = '1582-10-04' WHERE y IS NULL;
       DELETE FROM #t WHERE id = '1000-01-01'`,
    ],
  },
  {
    name: 'TIME',
    tables: ['CREATE TABLE #t (id TIME(3) PRIMARY KEY, t0 TIME, t6 TIME(6))'],
    sql: [
      `INSERT INTO #t VALUES ('-838:59:59', '838:59:59', '-838:59:58.999999'), ('00:00:00.001', '-00:00:01', '-00:00:00.000001'), ('12:34:56.789', NULL, '23:59:59.999999');
       UPDATE #t SET id = ADDTIME(id, '00:00:00.001') WHERE id > 0;
       UPDATE #t SET t6 = SUBTIME(t6, '00:00:00.5') WHERE t6 > 0;
       DELETE FROM #t WHERE t0 = '838:59:59'`,
    ],
  },
  {
    name: 'DATETIME',
    tables: ['CREATE TABLE #t (id DATETIME(6) PRIMARY KEY, d0 DATETIME, d3 DATETIME(3))'],
    sql: [
      `INSERT INTO #t VALUES ('1000-01-01 00:00:00', '9999-12-31 23:59:59', NULL), ('2024-02-29 23:59:59.999999', NULL, '2024-02-29 23:59:59.999'), ('1969-12-31 23:59:59', '1970-01-01', '2038-01-19 03:14:08.5');
       UPDATE #t SET d0 = id, d3 = id + INTERVAL 1 MICROSECOND;
       UPDATE #t SET id = id - INTERVAL 1 MICROSECOND WHERE id > '2000-01-01';
       DELETE FROM #t WHERE id < '1900-01-01'`,
    ],
  },
  {
    name: 'TIMESTAMP',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, t TIMESTAMP NULL DEFAULT NULL, t6 TIMESTAMP(6) NULL DEFAULT NULL, u TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3))',
    ],
    sql: [
      `SET time_zone = '+00:00';
       INSERT INTO #t (id, t, t6) VALUES (1, '1970-01-01 00:00:01', '2038-01-19 03:14:07.999999'), (2, NULL, '2024-10-27 01:30:00.000001'), (3, NOW(), NOW(6));
       UPDATE #t SET t = t6 WHERE id = 2;
       UPDATE #t SET t6 = NULL, u = '2001-01-01' WHERE id = 1;
       DELETE FROM #t WHERE id = 3`,
    ],
  },
  {
    name: 'zero dates',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, d DATE, dt DATETIME(2), ts TIMESTAMP NULL)'],
    sql: [
      `SET sql_mode = '';
       INSERT INTO #t VALUES (1, '0000-00-00', '0000-00-00', '0000-00-00'), (2, '2024-00-00', '2024-05-00 10:00:00', NULL), (3, '2024-02-31', '2024-13-01', '2024-01-01 00:00:00');
       UPDATE #t SET d = '2024-00-01' WHERE id = 1;
       UPDATE #t SET dt = NULL, ts = 0 WHERE id = 3;
       DELETE FROM #t WHERE id = 2`,
    ],
  },
  {
    name: 'JSON',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, j JSON, k JSON NOT NULL)'],
    sql: [
      `INSERT INTO #t VALUES (1, '{"a": [1, 2.50, -3e10, "é😀\\\\u0000", null, true], "b": {}}', '[]'), (2, NULL, '"text"'), (3, '18446744073709551615', 'null'), (4, '[]', '{}');
       UPDATE #t SET j = JSON_SET(j, '$.a[0]', 'one', '$.c', JSON_ARRAY(1, 'x')) WHERE id = 1;
       UPDATE #t SET k = JSON_ARRAY_APPEND(k, '$', 1), j = NULL WHERE id = 3;
       DELETE FROM #t WHERE id = 4`,
    ],
  },
  {
    name: 'GEOMETRY of all kinds',
    tables: [
      'CREATE TABLE #t (id INT PRIMARY KEY, p POINT, l LINESTRING, s POLYGON, mp MULTIPOINT, ml MULTILINESTRING, ms MULTIPOLYGON, c GEOMETRYCOLLECTION, g GEOMETRY)',
    ],
    sql: [
      `INSERT INTO #t (id, p, l, s) VALUES (1, ST_GeomFromText('POINT(1.5 -2)'), ST_GeomFromText('LINESTRING(0 0,1 1,2 2)'), ST_GeomFromText('POLYGON((0 0,0 4,4 4,4 0,0 0),(1 1,1 2,2 2,2 1,1 1))')), (2, NULL, NULL, NULL);
       UPDATE #t SET mp = ST_GeomFromText('MULTIPOINT(0 0,20 20)'), ml = ST_GeomFromText('MULTILINESTRING((0 0,1 1),(5 5,6 6))') WHERE id = 1;
       UPDATE #t SET ms = ST_GeomFromText('MULTIPOLYGON(((0 0,0 1,1 1,0 0)))'), c = ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))'), g = ST_GeomFromText('POINT(3 3)') WHERE id = 2;
       INSERT INTO #t (id, g) SELECT 3, l FROM #t WHERE id = 1; DELETE FROM #t WHERE id = 3`,
    ],
  },
  {
    name: 'columns of many types beside NULLs',
    tables: [
      `CREATE TABLE #t (a INT NULL, b VARCHAR(5) NULL, c DATETIME NULL, d DECIMAL(5,2) NULL, e BLOB NULL, f DOUBLE NULL, g BIT(3) NULL, h ENUM('x') NULL, i YEAR NULL, id INT NOT NULL PRIMARY KEY)`,
    ],
    sql: [
      `INSERT INTO #t (id) VALUES (1), (2), (3);
       UPDATE #t SET a = 1, c = '2024-01-01', e = 'e', g = 5, i = 2000 WHERE id = 1;
       UPDATE #t SET b = '', d = 0, f = 0, h = 'x' WHERE id IN (1, 2);
       UPDATE #t SET a = NULL, b = NULL, c = NULL, d = NULL WHERE id = 1;
       DELETE FROM #t WHERE a IS NULL AND b IS NULL AND id = 3`,
    ],
  },
  {
    name: 'a table of three hundred columns',
    tables: [
      `CREATE TABLE #t (id INT PRIMARY KEY, ${Array.from({ length: 300 }, (_, n) => `c${String(n)} INT`).join(', ')})`,
    ],
    sql: [
      `INSERT INTO #t (id, c0, c299) VALUES (1, 0, 299), (2, NULL, 1), (3, 3, NULL);
       UPDATE #t SET c100 = 100, c200 = c299 WHERE id < 3;
       UPDATE #t SET c0 = c100, c299 = NULL WHERE id = 1;
       DELETE FROM #t WHERE id = 3`,
    ],
  },
  {
    name: 'UUID, INET4 and INET6',
    only: 'mariadb',
    tables: ['CREATE TABLE #t (id UUID PRIMARY KEY, six INET6, four INET4)'],
    sql: [
      `INSERT INTO #t VALUES ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329', '10.0.0.1'), ('00000000-0000-0000-0000-000000000000', '::', '0.0.0.0'), ('ffffffff-ffff-ffff-ffff-ffffffffffff', NULL, NULL);
       UPDATE #t SET six = '::ffff:192.0.2.128', four = '255.255.255.255' WHERE six IS NULL;
       UPDATE #t SET id = '123e4567-e89b-12d3-a456-426655440001' WHERE id = '123e4567-e89b-12d3-a456-426655440000';
       DELETE FROM #t WHERE six = '::'`,
    ],
  },
  {
    name: 'VECTOR',
    only: 'mysql',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, v VECTOR(3))'],
    sql: [
      `INSERT INTO #t VALUES (1, STRING_TO_VECTOR('[1,2.5,-3]')), (2, NULL), (3, STRING_TO_VECTOR('[0,0,0]'));
       UPDATE #t SET v = STRING_TO_VECTOR('[0.1,0.2,0.3]') WHERE id = 2;
       DELETE FROM #t WHERE id = 3`,
    ],
  },
  {
    name: 'GEOMETRY with a spatial reference system',
    only: 'mysql',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, p POINT NOT NULL SRID 4326, SPATIAL INDEX (p))'],
    sql: [
      `INSERT INTO #t VALUES (1, ST_GeomFromText('POINT(10 20)', 4326)), (2, ST_GeomFromText('POINT(-10 -20)', 4326)), (3, ST_GeomFromText('POINT(0 0)', 4326));
       UPDATE #t SET p = ST_GeomFromText('POINT(1 2)', 4326) WHERE id = 2;
       DELETE FROM #t WHERE id = 3`,
    ],
  },
  {
    name: 'compressed columns',
    only: 'mariadb',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, b BLOB COMPRESSED, v VARCHAR(1000) COMPRESSED, n TEXT COMPRESSED)'],
    sql: [
      `INSERT INTO #t VALUES (1, REPEAT('b', 5000), REPEAT('v', 1000), REPEAT('é', 3000)), (2, '', '', ''), (3, NULL, 'short', 'x');
       UPDATE #t SET b = CONCAT(b, 'end'), v = LEFT(n, 900) WHERE id = 1;
       UPDATE #t SET n = REPEAT('long', 1000) WHERE id = 3;
       DELETE FROM #t WHERE id = 2`,
    ],
  },
];
