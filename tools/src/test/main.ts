import { SetupError } from '@lutra/testing';
import type { ServerGroup } from '@lutra/testing';
import { abortOnSignals, runTool } from '../run-tool.ts';
import { Screen } from '../screen.ts';
import { runningTestServers, startTestServers } from '../start-test-servers.ts';
import { chooseTests } from './phases.ts';
import type { TestChoice } from './phases.ts';
import { runPhase } from './run-phase.ts';

// `npm test`: brings up real servers and runs the tests in phases. The last line is always `N passed, N failed`.
await runTool(async () => {
  const screen = new Screen();
  const choice = choose();
  const stopped = abortOnSignals(() => {
    screen.line('Stopping …');
  });
  let group: ServerGroup | null = null;
  let passed = 0;
  let failed = 0;
  try {
    for (const phase of choice.phases) {
      if (stopped.aborted) break;
      if (phase.needsServers && group === null && !(await runningTestServers(screen)))
        group = await startTestServers(screen);
      screen.line(`--- ${phase.name} tests`);
      const startedMs = performance.now();
      const totals = await runPhase(phase, choice.paths, stopped);
      passed += totals.passed;
      failed += totals.failed;
      const skipped = totals.skipped === 0 ? '' : `, ${String(totals.skipped)} skipped`;
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
      screen.line(
        `--- ${phase.name}: ${String(totals.passed)} passed, ${String(totals.failed)} failed${skipped}, ${seconds} s`,
      );
    }
  } catch (error) {
    failed += 1;
    process.stdout.write(`${error instanceof SetupError ? error.message : String((error as Error).stack)}\n`);
  } finally {
    await group?.stop();
  }
  if (stopped.aborted) failed += 1;
  if (passed + failed === 0) {
    screen.line('No test fits.');
    failed = 1;
  }
  screen.line(`${String(passed)} passed, ${String(failed)} failed`);
  return failed === 0 ? 0 : 1;
});

function choose(): TestChoice {
  try {
    return chooseTests(process.argv.slice(2));
  } catch (error) {
    throw new SetupError((error as Error).message);
  }
}
