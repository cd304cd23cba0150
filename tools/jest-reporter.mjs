// Shows each test file in one line and each failure in full, and leaves the totals for the test runner in a file.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

export default class Reporter {
  onRunStart() {
    process.stdout.write(`seed of the property tests: ${process.env.LUTRA_TEST_SEED} (LUTRA_TEST_SEED repeats it)\n`);
  }

  onTestResult(_test, { testFilePath, numPassingTests, numFailingTests, failureMessage, testExecError, perfStats }) {
    const failed = numFailingTests + (testExecError === undefined || testExecError === null ? 0 : 1);
    const seconds = ((perfStats.end - perfStats.start) / 1000).toFixed(1);
    const verdict = failed === 0 ? 'ok  ' : 'FAIL';
    process.stdout.write(
      `${verdict} ${relative(process.cwd(), testFilePath)}  ${numPassingTests} passed, ${failed} failed, ${seconds} s\n`,
    );
    if (failureMessage) process.stdout.write(`${failureMessage}\n`);
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests }) {
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    const totals = { passed: numPassedTests, failed, skipped: numPendingTests };
    if (process.env.LUTRA_TEST_TOTALS) writeFileSync(process.env.LUTRA_TEST_TOTALS, JSON.stringify(totals));
  }
}
