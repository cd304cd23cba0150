import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { must } from '@lutra/model';
import type { DatabaseMatrix } from '@lutra/testing';
import { behaviourTests } from './behaviour-tests.ts';
import { readingTests } from './reading-tests.ts';
import { ServerRig } from './server-rig.ts';

/**
 * What a release has to show as a source, on one server of its own: that everything in its log is read, and that nothing is
 * lost or doubled whatever happens to it. A file per release lets them run side by side. A release that this machine cannot
 * run is one test that names the reason.
 */
export function serverSuite({ run, missing }: DatabaseMatrix): void {
  jest.setTimeout(60_000);
  for (const { reason } of missing)
    it(`is not run here: ${reason}`, () => {
      expect(reason).not.toContain('\n');
    });
  for (const { program, version } of run)
    describe(`a source of ${program} ${version}`, () => {
      let started: ServerRig | null = null;
      const rig = (): ServerRig => must(started, 'beforeAll started it');

      beforeAll(async () => {
        started = await ServerRig.start(program);
      });
      afterEach(async () => {
        await started?.rest();
      });
      afterAll(async () => {
        await started?.close();
      });

      readingTests(rig, program);
      // The last: nothing of the log is left behind them.
      behaviourTests(rig, program);
    });
}
