/**
 * Records the golden binlog files beside it, by hand: `npm run build`, then
 * `node libs/binlog/test/golden/record.mjs`. Each recording is a log file that a real server wrote (servers of its own, which
 * it starts and removes); what no server at hand writes is built from the documentation and marked so in manifest.json.
 * Then delete the .json files, run golden-files.test.ts, and read what it writes before you commit it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { BinlogStreamBuilder, OwnServer, packetsToBinlogFile, payloadBody, binlogEvent } from '@lutra/testing';

const folder = dirname(fileURLToPath(import.meta.url));
const manifest = [];

const TABLES = [
  'CREATE DATABASE golden',
  'CREATE TABLE golden.item (id INT UNSIGNED PRIMARY KEY, name VARCHAR(300) CHARACTER SET utf8mb4, amount DECIMAL(10,2), at DATETIME(3))',
];
const ROWS = [
  "INSERT INTO golden.item VALUES (1, 'one', 1.50, '2026-01-02 03:04:05.678'), (2, 'zwei – ü', NULL, NULL)",
  "UPDATE golden.item SET name = 'uno', amount = -99999999.99 WHERE id = 1",
  'DELETE FROM golden.item WHERE id = 2',
];
const LONG = `INSERT INTO golden.item VALUES (7, '${'x'.repeat(300)}', 7, NULL)`;

const MYSQL = [
  [
    'rows-full',
    'Rows v2, row metadata and images FULL, ROWS_QUERY',
    ['SET binlog_rows_query_log_events = ON', ...ROWS],
  ],
  [
    'rows-minimal',
    'Row metadata and images MINIMAL',
    [
      "SET GLOBAL binlog_row_metadata = 'MINIMAL'",
      "SET binlog_row_image = 'MINIMAL'",
      ...ROWS,
      "SET GLOBAL binlog_row_metadata = 'FULL'",
    ],
  ],
  [
    'rows-noblob',
    'Images NOBLOB',
    [
      "SET binlog_row_image = 'NOBLOB'",
      'CREATE TABLE golden.note (id INT PRIMARY KEY, kind INT, text TEXT)',
      "INSERT INTO golden.note VALUES (1, 1, 'a text')",
      'UPDATE golden.note SET kind = 2',
    ],
  ],
  [
    'partial-json',
    'PARTIAL_UPDATE_ROWS',
    [
      "SET binlog_row_value_options = 'PARTIAL_JSON'",
      'CREATE TABLE golden.document (id INT PRIMARY KEY, body JSON)',
      `INSERT INTO golden.document VALUES (1, '{"a": 1, "b": ["x", "y"], "long": "${'z'.repeat(100)}"}')`,
      "UPDATE golden.document SET body = JSON_SET(body, '$.a', 2)",
      "UPDATE golden.document SET body = JSON_REMOVE(body, '$.b[0]')",
    ],
  ],
  [
    'payload',
    'TRANSACTION_PAYLOAD by zstd',
    ['SET binlog_transaction_compression = ON', 'BEGIN', ...ROWS, LONG, 'COMMIT'],
  ],
  ['tagged-gtid', 'GTID_TAGGED', ["SET gtid_next = 'AUTOMATIC:golden'", ROWS[0], "SET gtid_next = 'AUTOMATIC'"]],
  [
    'xa',
    'XA prepare, commit, rollback, and commit in one phase; one of them compressed',
    [
      "XA START 'gt','br',7",
      ROWS[0],
      "XA END 'gt','br',7",
      "XA PREPARE 'gt','br',7",
      "XA COMMIT 'gt','br',7",
      'SET binlog_transaction_compression = ON',
      "XA START 'back'",
      ROWS[1],
      "XA END 'back'",
      "XA PREPARE 'back'",
      "XA ROLLBACK 'back'",
      "XA START 'once'",
      ROWS[2],
      "XA END 'once'",
      "XA COMMIT 'once' ONE PHASE",
    ],
  ],
  ['savepoint', 'A savepoint, with rows behind it', ['BEGIN', ROWS[0], 'SAVEPOINT here', ROWS[1], 'COMMIT']],
  [
    'ddl',
    'Schema changes',
    [
      'ALTER TABLE golden.item ADD COLUMN note TEXT',
      'CREATE VIEW golden.names AS SELECT name FROM golden.item',
      'DROP VIEW golden.names',
      'RENAME TABLE golden.item TO golden.thing',
      'TRUNCATE TABLE golden.thing',
      'DROP TABLE golden.thing',
    ],
  ],
  [
    'no-checksum',
    'Checksums off: the next file says so',
    ["SET GLOBAL binlog_checksum = 'NONE'", ...ROWS, "SET GLOBAL binlog_checksum = 'CRC32'"],
    { fileOf: 1 },
  ],
];

const MARIADB = [
  ['rows', 'Rows v1, ANNOTATE_ROWS', ROWS],
  [
    'compressed',
    'Compressed rows and statements',
    [
      'SET GLOBAL log_bin_compress_min_len = 10, GLOBAL log_bin_compress = ON',
      'CREATE TABLE golden.other (id INT PRIMARY KEY) /* a statement that is long enough to be compressed */',
      ...ROWS,
      LONG,
      'SET GLOBAL log_bin_compress = OFF',
    ],
  ],
  [
    'xa',
    'XA prepare, commit and rollback',
    [
      "XA START 'gt','br',7",
      ROWS[0],
      "XA END 'gt','br',7",
      "XA PREPARE 'gt','br',7",
      "XA COMMIT 'gt','br',7",
      "XA START 'back'",
      LONG,
      "XA END 'back'",
      "XA PREPARE 'back'",
      "XA ROLLBACK 'back'",
    ],
  ],
  [
    'statement',
    'A statement with its values: INTVAR, RAND, USER_VAR',
    [
      "SET binlog_format = 'STATEMENT'",
      'CREATE TABLE golden.counted (id INT AUTO_INCREMENT PRIMARY KEY, x DOUBLE)',
      'SET @value = 5',
      'INSERT INTO golden.counted (x) VALUES (RAND() + @value)',
      "SET binlog_format = 'ROW'",
    ],
  ],
  [
    'savepoint',
    'A rollback to a savepoint across a table without transactions, which is logged',
    [
      'CREATE TABLE golden.plain (id INT) ENGINE = MyISAM',
      'BEGIN',
      ROWS[0],
      'SAVEPOINT here',
      'INSERT INTO golden.plain VALUES (1)',
      ROWS[1],
      'ROLLBACK TO here',
      'COMMIT',
    ],
  ],
];

/** Runs the statements on a connection of their own between two rotations, and keeps the file that they are in. */
async function record(server, connection, prefix, [name, content, statements, options = {}]) {
  await connection.query('DROP DATABASE IF EXISTS golden');
  for (const statement of TABLES) await connection.query(statement);
  await connection.query('FLUSH BINARY LOGS');
  const session = await connect(server);
  const first = await newestFile(connection);
  for (const statement of statements) await session.query(statement);
  await session.end();
  const file = options.fileOf === undefined ? first : nthAfter(first, options.fileOf);
  await connection.query('FLUSH BINARY LOGS');
  keep(`${prefix}-${name}`, readFileSync(join(server.dataFolder, file)), {
    content,
    origin: `recorded from ${server.kind === 'mysql' ? 'MySQL' : 'MariaDB'} ${server.version}`,
    kind: server.kind,
    statements: statements.map((statement) => statement.replace(/(.)\1{40,}/g, '$1…')),
  });
}

const connect = ({ host, port, user, password }) =>
  createConnection({ host, port, user, password, charset: 'utf8mb4' });

async function newestFile(connection) {
  const [rows] = await connection.query('SHOW BINARY LOGS');
  return rows.at(-1).Log_name;
}

const nthAfter = (file, count) =>
  file.replace(/\d+$/, (digits) => String(Number(digits) + count).padStart(digits.length, '0'));

function keep(name, bytes, about) {
  writeFileSync(join(folder, `${name}.binlog`), bytes);
  manifest.push({ name, ...about });
  process.stdout.write(`${name}: ${String(bytes.length)} bytes\n`);
}

async function recordAll(program, prefix, extra, recordings) {
  const server = await OwnServer.start({ program, extra });
  try {
    const connection = await connect(server);
    for (const recording of recordings) await record(server, connection, prefix, recording);
    if (program.startsWith('mariadb')) await recordGroupCommit(server, connection);
    await connection.end();
    const last = await lastFile(server);
    await server.stop();
    const bytes = readFileSync(join(server.dataFolder, last));
    keep(`${prefix}-stop`, bytes, {
      content: 'STOP, and the lists of GTIDs',
      origin: `recorded from ${server.version}`,
      kind: server.kind,
      statements: [],
    });
  } finally {
    await server.close();
  }
}

async function lastFile(server) {
  const connection = await connect(server);
  const file = await newestFile(connection);
  await connection.end();
  return file;
}

/** Two XA transactions that are prepared in one group: their GTID events carry the group's id and their names. */
async function recordGroupCommit(server, connection) {
  await connection.query('DROP DATABASE IF EXISTS golden');
  for (const statement of TABLES) await connection.query(statement);
  await connection.query('FLUSH BINARY LOGS');
  const file = await newestFile(connection);
  await connection.query('SET GLOBAL binlog_commit_wait_count = 2, GLOBAL binlog_commit_wait_usec = 10000000');
  const sessions = await Promise.all([connect(server), connect(server)]);
  await Promise.all(
    sessions.map(async (session, index) => {
      const id = `'group${String(index)}'`;
      await session.query(`XA START ${id}`);
      await session.query(`INSERT INTO golden.item (id) VALUES (${String(index)})`);
      await session.query(`XA END ${id}`);
    }),
  );
  await Promise.all(sessions.map((session, index) => session.query(`XA PREPARE 'group${String(index)}'`)));
  await Promise.all(sessions.map((session, index) => session.query(`XA COMMIT 'group${String(index)}'`)));
  for (const session of sessions) await session.end();
  await connection.query('SET GLOBAL binlog_commit_wait_count = 0');
  await connection.query('FLUSH BINARY LOGS');
  keep('mariadb-xa-group', readFileSync(join(server.dataFolder, file)), {
    content: 'XA transactions prepared and committed in one group: GTID events with group id and name',
    origin: `recorded from MariaDB ${server.version}`,
    kind: 'mariadb',
    statements: [],
  });
}

/** Events that no server at hand writes, byte by byte as the documentation has them. */
function build() {
  const rowsV1 = (type, rows) => ({ type, body: Buffer.concat([Buffer.from([7, 0, 0, 0, 0, 0, 1, 0]), rows]) });
  const id = (value) => Buffer.from([value, 0, 0, 0, 0, 0, 0, 0]);
  const stream = new BinlogStreamBuilder()
    .rotate('bin.000001')
    .formatDescription()
    .mariadbGtid(1)
    .tableMap(7, 'golden', 'item')
    .event(rowsV1(23, Buffer.concat([Buffer.from([1, 0xff, 0]), id(1)])))
    .event(rowsV1(24, Buffer.concat([Buffer.from([1, 0xff, 0xff, 0]), id(1), Buffer.from([0]), id(2)])))
    .event(rowsV1(25, Buffer.concat([Buffer.from([1, 0xff, 0]), id(2)])))
    .xid()
    .event({ type: 41, body: Buffer.from([1, 10, ...Buffer.from('bin.000001'), 2, 1, 4, 0]), flags: 0x20 })
    .event({ type: 200, body: Buffer.from('for somebody else'), flags: 0x80 })
    .mariadbGtid(2)
    .event({ type: 40, body: payloadBody(Buffer.concat([binlogEvent(16, Buffer.alloc(8))]), { compression: 255 }) })
    .event({ type: 26, body: Buffer.from([1, 0, 11, ...Buffer.from('LOST_EVENTS')]) });
  keep('built-events', packetsToBinlogFile(stream.bytes), {
    content:
      'Rows v1 as MySQL 5.5 writes them, HEARTBEAT_V2, an unknown ignorable event, a payload without compression, INCIDENT',
    origin: 'built from the documentation',
    kind: 'mysql',
    statements: [],
  });
}

await recordAll('mysql', 'mysql', ['--binlog-row-metadata=FULL'], MYSQL);
await recordAll('mariadb-10.11', 'mariadb', ['--binlog-row-metadata=FULL', '--binlog-annotate-row-events=ON'], MARIADB);
build();
writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
