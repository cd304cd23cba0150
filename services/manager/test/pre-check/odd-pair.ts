import type { OwnServer } from '@lutra/testing';

/** Two tables of one name at both sides that differ in everything that a pre-check can find. */
export const atSource = (schema: string, gone: string): readonly string[] => [
  `CREATE DATABASE ${schema}`,
  `CREATE DATABASE ${gone}`,
  `CREATE TABLE ${gone}.t (id INT PRIMARY KEY, note VARCHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci)`,
  `CREATE TABLE ${schema}.missing_one (id BIGINT UNSIGNED PRIMARY KEY, label ENUM('a','it''s'), at DATETIME(6))`,
  `CREATE TABLE ${schema}.types (id INT AUTO_INCREMENT PRIMARY KEY, a BIGINT NULL, b VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
    c DECIMAL(12,4), d DATETIME(6), e ENUM('a','b','c') CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, f TIME(3) NOT NULL,
    g INT UNSIGNED, h LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, n INT NULL)`,
  `CREATE TABLE ${schema}.texts (id INT PRIMARY KEY, name VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    UNIQUE KEY by_name (name))`,
  `CREATE TABLE ${schema}.names (name VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY)`,
  `CREATE TABLE ${schema}.fills (id INT PRIMARY KEY, \`own \`\` one\` INT NULL)`,
  `CREATE TABLE ${schema}.keyless (id INT PRIMARY KEY, v INT)`,
  `CREATE TABLE ${schema}.keyed (a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a))`,
  `CREATE TABLE ${schema}.engine (id INT PRIMARY KEY)`,
  `CREATE TABLE ${schema}.triggered (id INT PRIMARY KEY, v INT)`,
  `CREATE TABLE ${schema}.parent (id INT PRIMARY KEY)`,
  `CREATE TABLE ${schema}.child (id INT PRIMARY KEY, parent_id INT, outside_id INT,
    CONSTRAINT ${schema}_of FOREIGN KEY (parent_id) REFERENCES parent (id))`,
  `CREATE TABLE ${schema}.computed (id INT PRIMARY KEY, v INT)`,
];

export const atTarget = (schema: string): readonly string[] => [
  `CREATE DATABASE ${schema}`,
  `CREATE DATABASE ${schema}_outside`,
  `CREATE TABLE ${schema}_outside.other (id INT PRIMARY KEY)`,
  `CREATE TABLE ${schema}.types (id INT AUTO_INCREMENT PRIMARY KEY, a INT NULL DEFAULT 5 COMMENT 'it''s, a NOT NULL',
    b VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci DEFAULT 'q', c DECIMAL(10,2), d DATETIME,
    e ENUM('a','b') CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci DEFAULT 'b', f DATE NOT NULL, g INT,
    h TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, n INT NOT NULL DEFAULT 0)`,
  `CREATE TABLE ${schema}.texts (id INT PRIMARY KEY, name VARCHAR(50) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL DEFAULT 'x',
    UNIQUE KEY by_name (name))`,
  `CREATE TABLE ${schema}.names (name VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY)`,
  `CREATE TABLE ${schema}.fills (id INT PRIMARY KEY, extra VARCHAR(10) NOT NULL)`,
  `CREATE TABLE ${schema}.keyless (id INT NOT NULL, v INT)`,
  `CREATE TABLE ${schema}.keyed (a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a, b), UNIQUE KEY by_b (b))`,
  `CREATE TABLE ${schema}.engine (id INT PRIMARY KEY) ENGINE = MyISAM`,
  `CREATE TABLE ${schema}.triggered (id INT PRIMARY KEY, v INT)`,
  `CREATE TRIGGER ${schema}.fires AFTER INSERT ON ${schema}.triggered FOR EACH ROW SET @seen = 1`,
  `CREATE TABLE ${schema}.parent (id INT PRIMARY KEY)`,
  `CREATE TABLE ${schema}.child (id INT PRIMARY KEY, parent_id INT, outside_id INT,
    CONSTRAINT ${schema}_of FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE,
    CONSTRAINT ${schema}_out FOREIGN KEY (outside_id) REFERENCES ${schema}_outside.other (id))`,
  `CREATE TABLE ${schema}.computed (id INT PRIMARY KEY, v INT GENERATED ALWAYS AS (id * 2) STORED)`,
];

/** Settings that a source should not have. */
export const settingsAtSource = ({ kind }: OwnServer): readonly string[] => [
  "SET GLOBAL binlog_format = 'MIXED'",
  "SET GLOBAL binlog_row_image = 'MINIMAL'",
  "SET GLOBAL binlog_row_metadata = 'MINIMAL'",
  'SET GLOBAL max_allowed_packet = 67108864',
  "SET GLOBAL time_zone = '+05:30'",
  "SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ENGINE_SUBSTITUTION'",
  'SET GLOBAL server_id = 77',
  'SET GLOBAL binlog_expire_logs_seconds = 3600',
  ...(kind === 'mysql'
    ? [
        "SET GLOBAL binlog_row_value_options = 'PARTIAL_JSON'",
        'SET GLOBAL gtid_mode = ON_PERMISSIVE',
        'SET GLOBAL gtid_mode = OFF_PERMISSIVE',
        'SET GLOBAL gtid_mode = OFF',
        'SET GLOBAL enforce_gtid_consistency = OFF',
      ]
    : ['SET GLOBAL gtid_strict_mode = OFF']),
];

/** Settings that a target should not have beside such a source. */
export const settingsAtTarget: readonly string[] = [
  'SET GLOBAL max_allowed_packet = 16777216',
  "SET GLOBAL time_zone = '-03:30'",
  "SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_ENGINE_SUBSTITUTION'",
  'SET GLOBAL server_id = 77',
  'SET GLOBAL read_only = ON',
];
