import { describe, expect, it } from '@jest/globals';
import { findingsAsSource } from '../src/data-sources/probe-server.ts';
import type { ServerFacts } from '../src/data-sources/probe-server.ts';

const facts = (change: Partial<ServerFacts> = {}): ServerFacts => ({
  kind: 'mariadb',
  version: '10.11',
  account: "'lutra'@'%'",
  variables: { log_bin: 'ON', binlog_format: 'ROW', binlog_row_image: 'FULL', binlog_row_metadata: 'FULL' },
  grants: ['GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `lutra`@`%`'],
  clockAheadMs: 0,
  ...change,
});

describe('findingsAsSource', () => {
  it('finds nothing at a server that is set up well', () => {
    expect(findingsAsSource(facts())).toEqual([]);
    expect(findingsAsSource(facts({ grants: ['GRANT ALL PRIVILEGES ON *.* TO `root`@`%`'] }))).toEqual([]);
  });

  it.each<[string, Partial<ServerFacts>, string]>([
    ['no binary log', { variables: { log_bin: 'OFF' } }, 'SOURCE_BINLOG_OFF'],
    ['statements in the log', { variables: { log_bin: 'ON', binlog_format: 'MIXED' } }, 'SOURCE_BINLOG_FORMAT'],
    ['no metadata', { variables: { log_bin: 'ON', binlog_row_metadata: 'NO_LOG' } }, 'SOURCE_SCHEMA_MISMATCH'],
    ['no grants', { grants: ['GRANT USAGE ON *.* TO `lutra`@`%`'] }, 'SOURCE_GRANT_MISSING'],
  ])('%s is found', (_what, change, code) => {
    expect(findingsAsSource(facts(change)).map((finding) => finding.code)).toEqual([code]);
  });

  it('gives the grant that is missing in the words of the server', () => {
    const grants = ['GRANT REPLICATION SLAVE ON *.* TO `lutra`@`%`'];
    expect(findingsAsSource(facts({ kind: 'mysql', grants }))[0]?.statement).toBe(
      "GRANT REPLICATION CLIENT ON *.* TO 'lutra'@'%'",
    );
  });
});
