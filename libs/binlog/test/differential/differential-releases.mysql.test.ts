/**
 * Goal: as in differential.mysql.test.ts, on the oldest and the newest MariaDB that can be had. Method:
 * differential-suite.ts with few tables: differential.nightly.test.ts takes many.
 */
import { expect, it } from '@jest/globals';
import { databaseMatrix } from '@lutra/testing';
import { differentialSuite } from './differential-suite.ts';

const { run, missing } = await databaseMatrix(['mariadb-10.5', 'mariadb-11.8']);

it(`runs on ${run.map(({ program }) => program).join(', ') || 'no release'}`, () => {
  expect(run.length + missing.length).toBe(2);
});
for (const { program } of run) differentialSuite(program, { metadata: 'NO_LOG', runs: 20, timeoutMs: 60_000 });
