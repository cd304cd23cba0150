import { describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import type { MappingRules } from '@lutra/model';
import { judgeBus } from '../../src/pre-check/judge-bus.ts';
import { judgeGrantsAtSource, judgeGrantsAtTarget } from '../../src/pre-check/judge-grants.ts';
import { judgeAutoIncrement, judgeLetterCase, judgeServers } from '../../src/pre-check/judge-servers.ts';
import { judgeResync } from '../../src/pre-check/judge-resync.ts';
import { judgeSourceLog } from '../../src/pre-check/judge-source-log.ts';
import type { Finding } from '../../src/pre-check/finding.ts';
import type { ServerFacts } from '../../src/pre-check/pre-check-facts.ts';
import { column, definition, emptyBus, mappingOf, serverFacts, table } from './pre-check-facts.ts';

const brief = (findings: readonly Finding[]): unknown =>
  findings.map(({ code, severity, statements }) => [
    code,
    severity,
    ...statements.map(({ at, sql }) => `${at}: ${sql}`),
  ]);

describe('rows that are sent once more', () => {
  it.each<[string, Record<string, string>, unknown]>([
    ['any way', {}, []],
    ['not from a server that is read only', { read_only: 'ON' }, [['RESYNC_IMPOSSIBLE', 'info']]],
    ['at a risk in Galera', { wsrep_on: 'ON' }, [['RESYNC_UNSAFE', 'warning']]],
    [
      'at a risk in a group with many primaries',
      { group_replication_group_name: 'a', group_replication_single_primary_mode: 'OFF' },
      [['RESYNC_UNSAFE', 'warning']],
    ],
    ['in a group with one', { group_replication_group_name: 'a', group_replication_single_primary_mode: 'ON' }, []],
    ['in no group', { group_replication_group_name: '', group_replication_single_primary_mode: 'OFF' }, []],
    [
      'at a risk from a replica that changes the order',
      { replica_preserve_commit_order: 'OFF', replica_parallel_workers: '4' },
      [
        [
          ...['RESYNC_UNSAFE', 'warning', 'source: STOP REPLICA SQL_THREAD'],
          ...['source: SET GLOBAL replica_preserve_commit_order = ON', 'source: START REPLICA SQL_THREAD'],
        ],
      ],
    ],
    ['from one with a single worker', { slave_preserve_commit_order: 'OFF', slave_parallel_workers: '1' }, []],
    ['from one that keeps it', { slave_preserve_commit_order: 'ON', slave_parallel_workers: '8' }, []],
  ])('can be sent %s', (_how, variables, expected) => {
    expect(brief(judgeResync(serverFacts({ variables })))).toEqual(expected);
  });
});

describe("the source's log", () => {
  it.each<[string, Partial<ServerFacts>, unknown]>([
    ['as it should be', {}, []],
    ['off', { variables: { log_bin: 'OFF' } }, [['BINLOG_OFF', 'error']]],
    [
      'of statements',
      { variables: { binlog_format: 'MIXED' } },
      [['BINLOG_FORMAT', 'error', "source: SET GLOBAL binlog_format = 'ROW'"]],
    ],
    [
      'of partial rows without metadata',
      {
        variables: {
          binlog_row_image: 'MINIMAL',
          binlog_row_metadata: 'MINIMAL',
          binlog_row_value_options: 'PARTIAL_JSON',
        },
      },
      [
        ['ROW_IMAGE_PARTIAL', 'warning', "source: SET GLOBAL binlog_row_image = 'FULL'"],
        ['ROW_METADATA_MINIMAL', 'warning', "source: SET GLOBAL binlog_row_metadata = 'FULL'"],
        ['PARTIAL_JSON', 'info', "source: SET GLOBAL binlog_row_value_options = ''"],
      ],
    ],
    [
      'half on its way to GTID',
      { variables: { gtid_mode: 'OFF_PERMISSIVE' } },
      [
        [
          ...['GTID_OFF', 'warning', 'source: SET GLOBAL enforce_gtid_consistency = ON'],
          ...['source: SET GLOBAL gtid_mode = ON_PERMISSIVE', 'source: SET GLOBAL gtid_mode = ON'],
        ],
      ],
    ],
    [
      'of a MariaDB without strict GTIDs, which does not know gtid_mode',
      { kind: 'mariadb', variables: { gtid_mode: 'OFF', gtid_strict_mode: 'OFF' } },
      [['GTID_NOT_STRICT', 'warning', 'source: SET GLOBAL gtid_strict_mode = ON']],
    ],
    [
      'of a server without a number',
      { variables: { server_id: '0' } },
      [['SERVER_ID_ZERO', 'error', 'source: SET GLOBAL server_id = 1']],
    ],
    [
      'that is kept for an hour',
      { variables: { binlog_expire_logs_seconds: '3600', expire_logs_days: '10' } },
      [['LOG_RETENTION_SHORT', 'warning', 'source: SET GLOBAL binlog_expire_logs_seconds = 259200']],
    ],
    ['that is kept for ten days', { variables: { binlog_expire_logs_seconds: '0', expire_logs_days: '10' } }, []],
    [
      'that nobody purges',
      { variables: { binlog_expire_logs_seconds: '60', binlog_expire_logs_auto_purge: 'OFF' } },
      [],
    ],
  ])('%s', (_what, change, expected) => {
    expect(brief(judgeSourceLog(serverFacts(change)))).toEqual(expected);
  });

  it.each<[string, MappingRules, string]>([
    ['a filter', { rows: { filter: 'id > 1' } }, 'error'],
    ['a list of elements', { rows: { explode: { column: 'tags', by: { kind: 'json' }, as: 'tag' } } }, 'error'],
    ['a route', { route: { expression: 'name', tables: ['a'] } }, 'error'],
    ['a flag alone', { rows: { softDelete: { column: 'gone', deleted: 1, present: 0 } } }, 'warning'],
  ])('of partial rows, of which %s is asked', (_what, rules, severity) => {
    const facts = serverFacts({ variables: { binlog_row_image: 'MINIMAL' } });
    expect(judgeSourceLog(facts, [{ id: 'm', rules }])).toMatchObject([{ code: 'ROW_IMAGE_PARTIAL', severity }]);
  });
});

describe('grants', () => {
  const account = "TO 'lutra'@'%'";
  const atSource = (grants: string[], change: Partial<ServerFacts> = {}): unknown =>
    brief(judgeGrantsAtSource(definition(), serverFacts({ ...change, grants })));

  it.each<[string, string[], unknown]>([
    ['all of them', [`GRANT ALL PRIVILEGES ON *.* ${account} WITH GRANT OPTION`], []],
    [
      'each by name',
      [`GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* ${account}`, `GRANT SELECT ON \`shop\`.* ${account}`],
      [],
    ],
    ['by a pattern', [`GRANT SELECT, REPLICATION SLAVE, SUPER ON *.* ${account}`], []],
    [
      'nothing',
      [`GRANT USAGE ON *.* ${account}`],
      [
        ['GRANT_MISSING', 'error', `source: GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* ${account}`],
        ['GRANT_MISSING', 'warning', `source: GRANT SELECT ON \`shop\`.* ${account}`],
      ],
    ],
    [
      'another schema that only looks alike',
      [`GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* ${account}`, `GRANT SELECT ON \`sh\\_p\`.* ${account}`],
      [['GRANT_MISSING', 'warning', `source: GRANT SELECT ON \`shop\`.* ${account}`]],
    ],
  ])('%s at the source', (_what, grants, expected) => {
    expect(atSource(grants)).toEqual(expected);
  });

  it('SELECT at the source is needed where the log does not describe the tables', () => {
    const change = { variables: { binlog_row_metadata: 'MINIMAL' } };
    const grants = [`GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* ${account}`];
    expect(atSource(grants, change)).toEqual([
      ['GRANT_MISSING', 'error', `source: GRANT SELECT ON \`shop\`.* ${account}`],
    ]);
  });

  it('a MariaDB has another name for reading the log', () => {
    expect(atSource([`GRANT SELECT, REPLICATION SLAVE ON *.* ${account}`], { kind: 'mariadb' })).toEqual([
      ['GRANT_MISSING', 'error', `source: GRANT BINLOG MONITOR ON *.* ${account}`],
    ]);
  });

  it.each<[string, string[], Partial<ServerFacts>, unknown]>([
    [
      'another table only',
      [`GRANT SELECT ON \`shop\`.\`customers\` ${account}`],
      {},
      [['GRANT_MISSING', 'warning', `source: GRANT SELECT ON \`shop\`.* ${account}`]],
    ],
    ['each mapped table', [`GRANT SELECT ON \`shop\`.\`orders\` ${account}`], {}, []],
    [
      'a column of it only',
      [`GRANT SELECT (\`id\`, \`note\`) ON \`shop\`.\`orders\` ${account}`],
      {},
      [['GRANT_MISSING', 'warning', `source: GRANT SELECT ON \`shop\`.* ${account}`]],
    ],
    [
      'everything but this schema',
      [`GRANT SELECT ON *.* ${account}`, "REVOKE SELECT ON `shop`.* FROM 'lutra'@'%'"],
      { variables: { binlog_row_metadata: 'MINIMAL' } },
      [['GRANT_MISSING', 'error', `source: GRANT SELECT ON \`shop\`.* ${account}`]],
    ],
    [
      'everything but another schema',
      [`GRANT SELECT ON *.* ${account}`, "REVOKE SELECT ON `bank`.* FROM 'lutra'@'%'"],
      {},
      [],
    ],
    [
      'what would be a pattern elsewhere',
      [`GRANT SELECT ON \`sh%\`.* ${account}`],
      { variables: { partial_revokes: 'ON' } },
      [['GRANT_MISSING', 'warning', `source: GRANT SELECT ON \`shop\`.* ${account}`]],
    ],
  ])('to read %s', (_what, given, change, expected) => {
    const grants = [`GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* ${account}`, ...given];
    const mappings = [{ ...mappingOf(), source: { schema: 'shop', table: { exact: 'orders' } } }];
    expect(brief(judgeGrantsAtSource(definition({ mappings }), serverFacts({ ...change, grants })))).toEqual(expected);
  });

  it.each([
    ['OFF', '`my\\_100\\%`.*'],
    ['ON', '`my_100%`.*'],
  ])('the statement names one schema and no other, with partial_revokes %s', (mode, on) => {
    const mappings = [{ ...mappingOf(), source: { schema: 'my_100%', table: { regex: '.*' } } }];
    const server = serverFacts({ grants: [], variables: { partial_revokes: mode } });
    expect(brief(judgeGrantsAtSource(definition({ mappings }), server))).toContainEqual([
      'GRANT_MISSING',
      'warning',
      `source: GRANT SELECT ON ${on} ${account}`,
    ]);
  });

  it("at the target are those for rows, for schema statements and for Lutra's own tables", () => {
    const grants = ["GRANT SELECT, INSERT, CREATE ON `s%`.* TO 'lutra'@'%'"];
    const { parameters } = definition();
    const found = (ddl: 'sync' | 'fail'): unknown =>
      brief(judgeGrantsAtTarget(definition({ parameters: { ...parameters, ddl } }), serverFacts({ grants })));
    const own = [
      'GRANT_MISSING',
      'error',
      `target: GRANT CREATE, SELECT, INSERT, UPDATE, DELETE ON \`lutra\`.* ${account}`,
    ];
    const unseen = ['GRANT_MISSING', 'info', `target: GRANT TRIGGER ON \`shop\`.* ${account}`];
    expect(found('fail')).toEqual([
      ['GRANT_MISSING', 'error', `target: GRANT UPDATE, DELETE ON \`shop\`.* ${account}`],
      unseen,
      own,
    ]);
    expect(found('sync')).toEqual([
      [
        'GRANT_MISSING',
        'error',
        `target: GRANT UPDATE, DELETE, ALTER, DROP, INDEX, REFERENCES ON \`shop\`.* ${account}`,
      ],
      ...[unseen, own],
    ]);
  });
});

describe('two servers', () => {
  const source = serverFacts({ variables: { time_zone: 'SYSTEM', system_time_zone: 'UTC' } });
  it.each<[string, Partial<ServerFacts>, unknown]>([
    ['that fit', {}, []],
    [
      'one with small packets',
      { variables: { max_allowed_packet: '1048576' } },
      [['PACKET_TOO_SMALL', 'warning', 'target: SET GLOBAL max_allowed_packet = 268435456']],
    ],
    [
      'in two zones',
      { zoneAheadS: -12_600 },
      [['TIME_ZONE_DIFFERS', 'info', "target: SET GLOBAL time_zone = '+00:00'"]],
    ],
    [
      'of two modes',
      { variables: { sql_mode: 'NO_ENGINE_SUBSTITUTION,ANSI_QUOTES' } },
      [['SQL_MODE_DIFFERS', 'info', "target: SET GLOBAL sql_mode = 'NO_ENGINE_SUBSTITUTION,STRICT_TRANS_TABLES'"]],
    ],
    ['of two times', { clockAheadMs: -3_000 }, [['CLOCK_DIFFERS', 'warning']]],
    [
      'of one number',
      { variables: { server_id: '7' } },
      [['SERVER_ID_SAME', 'info', 'target: SET GLOBAL server_id = 8']],
    ],
    ['that are one', { variables: { server_id: '7', server_uuid: 'u' } }, []],
    [
      'one of which is closed',
      { variables: { read_only: 'ON' } },
      [['TARGET_READ_ONLY', 'warning', 'target: SET GLOBAL read_only = OFF']],
    ],
  ])('%s', (_what, change, expected) => {
    const target = serverFacts({ ...change, variables: { server_id: '8', ...change.variables } });
    const uuid = change.variables?.['server_uuid'];
    const theirs = uuid === undefined ? source : serverFacts({ variables: { server_uuid: uuid } });
    expect(brief(judgeServers(theirs, target))).toEqual(expected);
  });

  it.each([
    ['Europe/Berlin', 'CEST', ["target: SET GLOBAL time_zone = 'Europe/Berlin'"]],
    ['+02:00', 'UTC', ["target: SET GLOBAL time_zone = '+02:00'"]],
    ['SYSTEM', 'UTC', ["target: SET GLOBAL time_zone = '+00:00'"]],
    ['SYSTEM', 'CEST', []],
  ])('a target in another zone gets what holds all year round: %s of a machine in %s', (zone, machine, statements) => {
    const theirs = serverFacts({ zoneAheadS: 7_200, variables: { time_zone: zone, system_time_zone: machine } });
    const ours = serverFacts({ variables: { server_id: '8' } });
    expect(brief(judgeServers(theirs, ours))).toEqual([['TIME_ZONE_DIFFERS', 'info', ...statements]]);
  });

  it('a row of 64 MiB needs more than both have', () => {
    const small = { variables: { max_allowed_packet: '16777216' } };
    const other = serverFacts({ variables: { ...small.variables, server_id: '8' } });
    expect(brief(judgeServers(serverFacts(small), other))).toEqual([
      ['PACKET_TOO_SMALL', 'info', 'target: SET GLOBAL max_allowed_packet = 68157440'],
    ]);
  });

  it('one that does not tell letter case apart makes one table of two', () => {
    const folding = serverFacts({ variables: { lower_case_table_names: '1' } });
    const pair = (name: string) => {
      const one = table(name, [column('id', 'int')]);
      return { mapping: mappingOf(), source: one, targetName: one, target: one };
    };
    expect(brief(judgeLetterCase(source, source, [pair('A'), pair('a')]))).toEqual([]);
    expect(brief(judgeLetterCase(source, folding, [pair('A'), pair('b')]))).toEqual([['LETTER_CASE_DIFFERS', 'info']]);
    expect(brief(judgeLetterCase(source, folding, [pair('A'), pair('a')]))).toEqual([['LETTER_CASE_DIFFERS', 'error']]);
    expect(brief(judgeLetterCase(folding, source, [pair('A'), pair('a')]))).toEqual([['LETTER_CASE_DIFFERS', 'info']]);
  });

  it('that both number rows need numbers of their own, where both are written', () => {
    const one = table('orders', [column('id', 'int', { isAutoIncrement: true })]);
    const pairs = [{ mapping: mappingOf(), source: one, targetName: one, target: one }];
    const apart = (offset: string): ServerFacts =>
      serverFacts({ variables: { auto_increment_increment: '2', auto_increment_offset: offset } });
    const back = [definition({ id: 'Q' })];
    expect(brief(judgeAutoIncrement({ source, target: source }, pairs, []))).toEqual([]);
    expect(brief(judgeAutoIncrement({ source: apart('1'), target: apart('2') }, pairs, back))).toEqual([]);
    expect(brief(judgeAutoIncrement({ source: apart('1'), target: apart('3') }, pairs, back))).toHaveLength(1);
    expect(brief(judgeAutoIncrement({ source: apart('3'), target: apart('1') }, pairs, back))).toHaveLength(1);
    expect(brief(judgeAutoIncrement({ source, target: source }, pairs, back))).toEqual([
      [
        ...['AUTO_INCREMENT_COLLIDES', 'warning', 'source: SET GLOBAL auto_increment_increment = 2'],
        ...['source: SET GLOBAL auto_increment_offset = 1', 'target: SET GLOBAL auto_increment_increment = 2'],
        'target: SET GLOBAL auto_increment_offset = 2',
      ],
    ]);
  });
});

describe('JetStream', () => {
  const mib = 1024 * 1024;
  const storage = (name: string, bytes: number, bytesMax: number) => ({
    ...emptyBus,
    storage: [{ name, bytes: bytes * mib, bytesMax: bytesMax * mib }],
  });
  it('has room, has too little for all windows, is nearly full', () => {
    expect(judgeBus(storage('LUTRA_BODIES', 10, 2048))).toEqual([]);
    const wide = { ...storage('LUTRA_BODIES', 0, 30), windowBytes: 20 * mib };
    expect(brief(judgeBus(wide))).toEqual([
      [
        'BUS_WINDOWS_TOO_LARGE',
        'warning',
        `bus: nats stream edit LUTRA_BODIES --max-bytes=${String(75 * mib)} --force`,
      ],
    ]);
    const queues = { ...storage('LUTRA_SELECTED', 0, 10), queuedBytes: 20 * mib };
    expect(must(judgeBus(queues)[0], 'a finding').explanation).toContain('20 MiB of LUTRA_SELECTED');
    expect(brief(judgeBus(storage('LUTRA_COMMANDS', 15, 16)))).toEqual([
      ['BUS_NEARLY_FULL', 'warning', `bus: nats stream edit LUTRA_COMMANDS --max-bytes=${String(30 * mib)} --force`],
    ]);
    // The account's limit is the server's own configuration.
    expect(brief(judgeBus(storage('JetStream', 15, 16)))).toEqual([['BUS_NEARLY_FULL', 'warning']]);
  });
});
