/**
 * Goal: whatever the tables and statements are, four readers agree on every value: the decoder, SELECT, zongji, and the
 * server's own binlog tool. Method: differential-suite.ts, here in CI size; LUTRA_DIFFERENTIAL_RUNS makes it longer.
 */
import { testServers } from '@lutra/testing';
import { differentialSuite, ownServerSuite } from './differential-suite.ts';

const LIMIT_MS = 60_000;
const servers = testServers();

differentialSuite('MariaDB', {
  kind: 'mariadb',
  open: () => Promise.resolve(servers.mariadbSource),
  runs: 70,
  timeoutMs: LIMIT_MS,
});
differentialSuite('MySQL', {
  kind: 'mysql',
  open: () => Promise.resolve(servers.mysql),
  runs: 70,
  timeoutMs: LIMIT_MS,
});
ownServerSuite('mariadb', { metadata: 'NO_LOG', runs: 30, timeoutMs: LIMIT_MS });
ownServerSuite('mysql', { metadata: 'MINIMAL', runs: 30, timeoutMs: LIMIT_MS });
