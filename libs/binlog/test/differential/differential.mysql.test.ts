/**
 * Goal: whatever the tables and statements are, four readers agree on every value: the decoder, SELECT, zongji, and the
 * server's own binlog tool. Method: differential-suite.ts, here in CI size; LUTRA_DIFFERENTIAL_RUNS makes it longer.
 */
import { differentialSuite } from './differential-suite.ts';

const LIMIT_MS = 60_000;

differentialSuite('mariadb', { metadata: 'FULL', runs: 70, timeoutMs: LIMIT_MS });
differentialSuite('mysql', { metadata: 'FULL', runs: 70, timeoutMs: LIMIT_MS });
differentialSuite('mariadb', { metadata: 'NO_LOG', runs: 30, timeoutMs: LIMIT_MS });
differentialSuite('mysql', { metadata: 'MINIMAL', runs: 30, timeoutMs: LIMIT_MS });
