import type { Scenario } from './scenario.ts';

/** Dates that no calendar has: a source holds them when its clients allow them, and so does every replica of it. */
export const ODD_DATES: readonly Scenario[] = [
  {
    name: 'days that a month does not have',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, d DATE, dt DATETIME, d6 DATETIME(6))'],
    sql: [
      `SET sql_mode = 'ALLOW_INVALID_DATES';
       INSERT INTO #t VALUES (1, '2024-02-31', '2023-02-29 23:59:59', '2024-04-31 10:11:12.000001'), (2, '2024-11-31', '0000-02-30', NULL), (3, '0001-02-29', '9999-11-31 00:00:00', '2024-00-31 00:00:00.5');
       UPDATE #t SET d = '2023-02-30' WHERE id = 2;
       UPDATE #t SET dt = '2024-06-31 01:02:03', d6 = '2024-09-31 23:59:59.999999' WHERE id < 3;
       UPDATE #t SET d = '2024-02-28' WHERE id = 1;
       DELETE FROM #t WHERE id = 3`,
    ],
  },
  {
    name: 'a date as key that the calendar does not have',
    tables: ['CREATE TABLE #t (id DATE PRIMARY KEY, n INT, v DATE)'],
    sql: [
      `SET sql_mode = 'ALLOW_INVALID_DATES';
       INSERT INTO #t VALUES ('0000-00-00', 1, '2024-02-31'), ('2024-00-00', 2, '2024-02-31'), ('2024-02-00', 3, NULL), ('2024-02-31', 4, '0000-00-00'), ('2024-03-02', 5, NULL), ('2023-02-29', 6, NULL);
       UPDATE #t SET n = n + 10;
       UPDATE #t SET v = id WHERE n > 12;
       UPDATE #t SET id = '2024-02-30' WHERE id = '2024-02-31';
       DELETE FROM #t WHERE n IN (11, 12, 14)`,
    ],
  },
  {
    name: 'a moment as key that the calendar does not have, beside a number',
    tables: ['CREATE TABLE #t (a INT, id DATETIME(6), n INT, PRIMARY KEY (id, a))'],
    sql: [
      `SET sql_mode = 'ALLOW_INVALID_DATES';
       INSERT INTO #t VALUES (1, '0000-00-00', 1), (2, '0000-00-00', 2), (1, '2024-05-00 10:00:00.5', 3), (2, '2024-05-00 10:00:00.5', 4), (1, '2024-02-31 00:00:00', 5), (1, '2024-02-31 00:00:00.000001', 6), (1, '2024-03-02', 7);
       UPDATE #t SET n = n * 2;
       UPDATE #t SET id = '2023-02-29 23:59:59.999999' WHERE n = 10;
       DELETE FROM #t WHERE n IN (2, 6, 12)`,
    ],
  },
  {
    name: 'a unique date that the calendar does not have passes from row to row',
    tables: ['CREATE TABLE #t (id INT PRIMARY KEY, d DATE, UNIQUE KEY (d))'],
    sql: [
      `SET sql_mode = 'ALLOW_INVALID_DATES';
       INSERT INTO #t VALUES (1, '2024-02-31'), (2, '2024-00-00'), (3, '2024-03-02'), (4, '0000-00-00');
       BEGIN; UPDATE #t SET d = NULL WHERE id = 1; UPDATE #t SET d = '2024-02-31' WHERE id = 2; UPDATE #t SET d = '2024-00-00' WHERE id = 1; COMMIT;
       BEGIN; DELETE FROM #t WHERE id = 2; INSERT INTO #t VALUES (5, '2024-02-31'); COMMIT`,
    ],
  },
  {
    name: 'dates that the calendar does not have in a table without a key',
    tables: ['CREATE TABLE #t (d DATE, dt DATETIME(3), n INT)'],
    sql: [
      `SET sql_mode = 'ALLOW_INVALID_DATES';
       INSERT INTO #t VALUES ('2024-02-31', '2024-00-00 00:00:00.001', 1), ('2024-02-31', '2024-00-00 00:00:00.001', 1), ('0000-00-00', '2024-02-31', 2), (NULL, '0000-00-00', 3);
       UPDATE #t SET n = 4 WHERE n = 1 LIMIT 1;
       UPDATE #t SET dt = '2023-02-29 01:02:03.004' WHERE n = 2;
       DELETE FROM #t WHERE n IN (1, 3)`,
    ],
  },
];
