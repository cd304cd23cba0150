import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot, readIfThere } from '@lutra/testing';
import type { TestPhase } from './phases.ts';

export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Runs Jest over one phase; its output goes to the screen. A run that ends without totals (it crashed, or took too long) counts as one failure. */
export async function runPhase(phase: TestPhase, paths: readonly string[], signal: AbortSignal): Promise<TestTotals> {
  const folder = mkdtempSync(join(tmpdir(), 'lutra-totals-'));
  const totalsFile = join(folder, 'totals.json');
  try {
    const code = await runJest(phase, paths, { totalsFile, signal });
    const text = readIfThere(totalsFile);
    if (text === null) return { passed: 0, failed: 1, skipped: 0 };
    const totals = JSON.parse(text) as TestTotals;
    // Jest may fail for a reason that is no test: an open handle's error, a bad configuration.
    return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runJest(
  phase: TestPhase,
  paths: readonly string[],
  { totalsFile, signal }: { readonly totalsFile: string; readonly signal: AbortSignal },
): Promise<number | null> {
  const jest = join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    jest,
    `--testPathPatterns=${patternOf(phase, paths)}`,
    '--passWithNoTests',
    `--testTimeout=${String(phase.testTimeoutMs)}`,
    `--reporters=${join(projectRoot, 'tools', 'jest-reporter.mjs')}`,
    phase.workers === 1 ? '--runInBand' : `--maxWorkers=${String(phase.workers)}`,
  ];
  return new Promise((resolve) => {
    const jestProcess = spawn(process.execPath, args, {
      cwd: projectRoot,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, LUTRA_TEST_TOTALS: totalsFile, LUTRA_TEST_PHASE: phase.name },
    });
    const limit = setTimeout(() => {
      process.stdout.write(
        `The ${phase.name} tests took longer than ${String(phase.limitMinutes)} minutes and were ended\n`,
      );
      jestProcess.kill('SIGKILL');
    }, phase.limitMinutes * 60_000);
    const end = (): void => {
      jestProcess.kill('SIGTERM');
    };
    signal.addEventListener('abort', end);
    jestProcess.once('close', (code) => {
      clearTimeout(limit);
      signal.removeEventListener('abort', end);
      resolve(code);
    });
  });
}

/** Both conditions in one expression: Jest would take two patterns as alternatives. */
function patternOf(phase: TestPhase, paths: readonly string[]): string {
  if (paths.length === 0) return phase.files;
  const escaped = paths.map((path) => path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const files = phase.files.startsWith('^') ? phase.files.slice(1) : `.*${phase.files}`;
  return `^(?=.*(?:${escaped.join('|')}))${files}`;
}
