import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { projectRoot } from '@lutra/testing';

// Goal: the demo's verdict can be trusted: it ends with 0 when both sides are equal, and one digit at the target is enough
// to end it with 1 and the row's key. Method: run it twice, small, the second time with one price changed at the target.
function runDemo(...args: string[]): { readonly status: number | null; readonly stdout: string } {
  const main = join(projectRoot, 'tools', 'dist', 'demo', 'main.js');
  const small = ['--once', '--orders', '40', '--folder', 'demo-test'];
  const { status, stdout } = spawnSync(process.execPath, [main, ...small, ...args], {
    encoding: 'utf8',
    env: process.env,
  });
  return { status, stdout };
}

describe('the demo', () => {
  it('ends with 0 when source and target are equal', () => {
    const { status, stdout } = runDemo();
    expect(stdout).toContain('Source and target are equal.');
    expect(status).toBe(0);
  });

  it('ends with 1 when one row at the target was changed, and names it', () => {
    const { status, stdout } = runDemo('--corrupt');
    expect(stdout).toContain('SOURCE AND TARGET DIFFER.');
    expect(stdout).toMatch(/stock .* first difference at key A-000001/);
    expect(status).toBe(1);
  });
});
