/** The differential test at length and on more servers: see differential.mysql.test.ts. */
import { databaseMatrix } from '@lutra/testing';
import { it } from '@jest/globals';
import { differentialSuite } from './differential-suite.ts';

const RUNS = 600;
const LIMIT_MS = 1_800_000;
const { run, missing } = await databaseMatrix(['mariadb', 'mysql', 'mariadb-10.5', 'mariadb-11.8']);

for (const { program } of run) {
  const isMysql = program === 'mysql';
  for (const metadata of ['FULL', 'MINIMAL', ...(isMysql ? [] : (['NO_LOG'] as const))] as const) {
    differentialSuite(program, { metadata, runs: RUNS, timeoutMs: LIMIT_MS });
  }
}

it('shows the servers that are not to be had', () => {
  for (const { program, reason } of missing) process.stdout.write(`${program} not run: ${reason}\n`);
});
