import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import { checkPlace, checkSource, readRetention } from '@lutra/binlog';
import { readWritePosition } from '../src/log-files.ts';
import { readSourceServer } from '../src/source-server.ts';
import { recordedQuery, recordedSource } from './recorded-source.ts';
import type { Recorded } from './recorded-source.ts';

const value = (text: string | number): { value: string | number }[] => [{ value: text }];
const CLOCK = { 'SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000 AS CHAR) AS value': value('1700000000000') };
const STATUS = [{ File: 'bin.000003', Position: 157 }];
const GRANTS = (line: string) => [{ 'Grants for lutra@%': line }];

/** What servers that cannot run here answer, by their documentation. */
const GENERATIONS: Readonly<Record<string, Recorded>> = {
  '5.7': {
    ...CLOCK,
    'SELECT @@version AS value': value('5.7.44-log'),
    'SELECT @@server_uuid AS value': value('uuid-57'),
    'SELECT @@global.gtid_mode AS value': value('OFF'),
    'SELECT @@global.binlog_checksum AS value': value('CRC32'),
    'SELECT @@global.log_bin AS value': value(1),
    'SELECT @@global.binlog_format AS value': value('ROW'),
    'SELECT @@global.expire_logs_days AS value': value(10),
    'SELECT CURRENT_ROLE() AS roles': 1046,
    'SHOW GRANTS': GRANTS("GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'lutra'@'%'"),
    'SHOW MASTER STATUS': STATUS,
    'SHOW BINARY LOGS': [{ Log_name: 'bin.000003', File_size: 157 }],
  },
  '8.0': {
    ...CLOCK,
    'SELECT @@version AS value': value('8.0.36'),
    'SELECT @@server_uuid AS value': value('uuid-80'),
    'SELECT @@global.gtid_mode AS value': value('ON_PERMISSIVE'),
    'SELECT @@global.binlog_checksum AS value': value('NONE'),
    'SELECT @@global.log_bin AS value': value(1),
    'SELECT @@global.binlog_format AS value': value('ROW'),
    'SELECT @@global.binlog_row_metadata AS value': value('MINIMAL'),
    'SELECT @@global.binlog_expire_logs_seconds AS value': value(3600),
    'SELECT @@global.expire_logs_days AS value': value(0),
    'SELECT @@global.binlog_expire_logs_auto_purge AS value': value(0),
    'SELECT CURRENT_ROLE() AS roles': [{ roles: '`reader`@`%`' }],
    'SHOW GRANTS FOR CURRENT_USER() USING `reader`@`%`': GRANTS(
      'GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO "lutra"@"%"',
    ),
    'SHOW MASTER STATUS': STATUS,
    'SHOW BINARY LOGS': [{ Log_name: 'bin.000003', File_size: 157, Encrypted: 'No' }],
  },
  '26.7': {
    ...CLOCK,
    'SELECT @@version AS value': value('26.7.0'),
    'SELECT @@server_uuid AS value': value('uuid-26'),
    'SELECT @@global.gtid_mode AS value': value('ON'),
    'SELECT @@global.binlog_checksum AS value': value('CRC32'),
    'SELECT @@global.log_bin AS value': value(1),
    'SELECT @@global.binlog_row_metadata AS value': value('FULL'),
    'SELECT @@global.binlog_expire_logs_seconds AS value': value(0),
    'SELECT @@global.binlog_expire_logs_auto_purge AS value': value(1),
    'SELECT CURRENT_ROLE() AS roles': [{ roles: 'NONE' }],
    'SHOW GRANTS': GRANTS('GRANT REPLICATION READ, BINLOG STATUS ON *.* TO `lutra`@`%`'),
    'SHOW REPLICAS': [],
    'SHOW BINARY LOG STATUS': STATUS,
    'SHOW BINARY LOGS': [{ Log_name: 'bin.000003', File_size: 157, Encrypted: 'No' }],
  },
};

describe.each(Object.entries(GENERATIONS))('a source like MySQL %s', (name, recorded) => {
  it('says what it is, whatever its version is called', async () => {
    const server = await readSourceServer('mysql', recordedQuery(recorded), systemClock);
    expect(server).toMatchObject({
      kind: 'mysql',
      placeKind: name === '26.7' ? 'mysqlGtid' : 'file',
      hasChecksum: name !== '8.0',
    });
    await expect(readSourceServer('mariadb', recordedQuery(recorded), systemClock)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
  });

  it('can be checked', async () => {
    await expect(checkSource(recordedSource(recorded), { schemas: ['shop'] })).resolves.toBeUndefined();
  });

  it('tells where it writes', async () => {
    expect(await readWritePosition(recordedSource(recorded))).toEqual({ file: 'bin.000003', offset: 157 });
  });

  it('tells how long it keeps its log', async () => {
    const { expireMs, totalBytesMax, files } = await readRetention(recordedSource(recorded));
    expect(expireMs).toBe(name === '5.7' ? 864_000_000 : null);
    expect(totalBytesMax).toBeNull();
    expect(files).toEqual([{ name: 'bin.000003', bytes: 157 }]);
  });
});

it('knows MariaDB by what only MariaDB has', async () => {
  const query = recordedQuery({
    ...CLOCK,
    'SELECT @@version AS value': value('5.6.47.0'),
    'SELECT @@global.gtid_domain_id AS value': value(0),
    'SELECT @@server_uid AS value': value('uid-1'),
  });
  expect(await readSourceServer('mariadb', query, systemClock)).toMatchObject({ kind: 'mariadb', uuid: 'uid-1' });
});

it('reads the retention of MariaDB by age and by size', async () => {
  const source = recordedSource({
    'SELECT @@global.binlog_expire_logs_seconds AS value': value(86400),
    'SELECT @@global.expire_logs_days AS value': value('1.000000'),
    'SELECT @@global.max_binlog_total_size AS value': value('1000000'),
    'SHOW BINARY LOGS': [],
  });
  expect(await readRetention(source)).toEqual({ expireMs: 86_400_000, totalBytesMax: 1_000_000, files: [] });
});

it('names a grant as missing only when neither its name nor what it allows is there', async () => {
  const source = recordedSource({
    ...GENERATIONS['26.7'],
    'SHOW REPLICAS': 1227,
    'SELECT CURRENT_USER()': [{ user: 'lutra@%' }],
  });
  await expect(checkSource(source, { schemas: [] })).rejects.toMatchObject({
    code: 'SOURCE_GRANT_MISSING',
    details: { missing: ['REPLICATION SLAVE'], statement: "GRANT REPLICATION SLAVE ON *.* TO 'lutra'@'%'" },
  });
});

it.each([
  ['a name with a blank', 'my shop', 'SELECT', '`my shop`.*'],
  ['a name with backticks', 'a`b', 'SELECT, INSERT', '`a``b`.*'],
  ['a name in double quotes', 'say "x"', 'ALL PRIVILEGES', '"say ""x""".*'],
  ['a pattern', 'shop_eu', 'SELECT', '`shop\\_%`.*'],
  ['one character of a pattern', 'shop-eu', 'SELECT', '`shop_eu`.*'],
  ['a table', 'my shop', 'SELECT (`id`)', '`my shop`.`an item`'],
])('sees that a schema may be read by the grant on %s', async (_, schema, names, target) => {
  const source = recordedSource({
    ...GENERATIONS['8.0'],
    'SELECT CURRENT_ROLE() AS roles': [{ roles: 'NONE' }],
    'SELECT CURRENT_USER()': [{ user: 'lutra@%' }],
    'SHOW GRANTS': [
      ...GRANTS('GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `lutra`@`%`'),
      ...GRANTS(`GRANT ${names} ON ${target} TO \`lutra\`@\`%\``),
    ],
  });
  await expect(checkSource(source, { schemas: [schema] })).resolves.toBeUndefined();
  await expect(checkSource(source, { schemas: ['another'] })).rejects.toMatchObject({ code: 'SOURCE_GRANT_MISSING' });
});

describe('checkPlace of a file', () => {
  const source = recordedSource({
    'SHOW BINARY LOGS': [
      { Log_name: 'bin.000999', File_size: 5_000_000_000 },
      { Log_name: 'bin.001000', File_size: 500 },
    ],
  });
  it.each([
    ['is in the log', 'uuid-1', 'bin.000999', 4_999_999_999, null],
    ['was purged', 'uuid-1', 'bin.000998', 4, 'SOURCE_POSITION_PURGED'],
    ['lies behind the end of its file', 'uuid-1', 'bin.001000', 501, 'SOURCE_POSITION_UNKNOWN'],
    ['is of a file to come', 'uuid-1', 'bin.001001', 4, 'SOURCE_POSITION_UNKNOWN'],
    ['has a name of another log', 'uuid-1', 'other.000001', 4, 'SOURCE_POSITION_UNKNOWN'],
    ['is of another server', 'uuid-2', 'bin.001000', 4, 'SOURCE_SERVER_CHANGED'],
  ])('a place that %s', async (_, serverUuid, file, offset, code) => {
    const checked = checkPlace(source, { done: { kind: 'file', serverUuid, file, offset }, inside: null });
    if (code === null) await expect(checked).resolves.toBeUndefined();
    else await expect(checked).rejects.toMatchObject({ code });
  });
});
