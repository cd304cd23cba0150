import type { SeedReport } from './run-seed.ts';

/** Sums up what many runs did. */
export class SeedTally {
  count = 0;
  private steps = 0;
  private virtualMs = 0;
  private transactions = 0;
  private commits = 0;
  private unevenCommits = 0;
  private readonly recoveriesMs: number[] = [];
  private readonly faults = new Map<string, number>();

  add(report: SeedReport): void {
    this.count += 1;
    this.steps += report.steps;
    this.virtualMs += report.virtualMs;
    this.transactions += report.transactions;
    this.commits += report.commits;
    this.unevenCommits += report.unevenCommits;
    this.recoveriesMs.push(report.recoveryMs);
    for (const [fault, count] of Object.entries(report.faults))
      this.faults.set(fault, (this.faults.get(fault) ?? 0) + count);
  }

  describe(): string {
    const { count, recoveriesMs } = this;
    const sorted = recoveriesMs.toSorted((a, b) => a - b);
    const at = (share: number): string => ((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1_000).toFixed(1);
    const faults = [...this.faults].sort(([, a], [, b]) => b - a).map(([name, times]) => `${name} ${String(times)}`);
    const mean = (sum: number): string => (count === 0 ? '0' : (sum / count).toFixed(0));
    return [
      `${String(this.steps)} steps (${mean(this.steps)} a seed), ${(this.virtualMs / 3_600_000).toFixed(1)} h of virtual time`,
      `${String(this.transactions)} source transactions in ${String(this.commits)} commits, lanes at different places after ${String(this.unevenCommits)}`,
      `recovered after the last fault in ${at(0.5)} s (p50), ${at(0.99)} s (p99), ${at(1)} s (max), virtual`,
      `faults: ${faults.join(', ')}`,
    ].join('\n');
  }
}
