import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChaosOutcome, FaultRecord } from '../chaos-types.ts';
import { FAULT_KINDS } from '../chaos-types.ts';
import { faultsPerMinute, judgeRun, txPerSecond } from './judge-run.ts';
import { percentiles } from './percentiles.ts';
import { boundMs, slowestMs } from './recovery-bounds.ts';

export interface ReportOptions {
  /** `<folder>/<seed>.json` and `<seed>.txt` are written there. */
  readonly folder: string;
  /** ZooKeeper's session timeout of the run's services: a bound of DESIGN §5 depends on it. */
  readonly sessionTimeoutMs: number;
}

export interface ChaosReport {
  readonly text: string;
  /** Empty = the run has passed. */
  readonly problems: readonly string[];
}

/** Judges the run and writes what it was, for people and for programs. */
export function writeReport(outcome: ChaosOutcome, options: ReportOptions): ChaosReport {
  const problems = judgeRun(outcome);
  const text = describeRun(outcome, options.sessionTimeoutMs, problems);
  mkdirSync(options.folder, { recursive: true });
  const file = join(options.folder, String(outcome.seed));
  const totals = {
    txPerSecond: txPerSecond(outcome),
    faultsPerMinute: faultsPerMinute(outcome),
    recoveriesMs: percentiles(recoveries(outcome.faults)),
    byKind: Object.fromEntries(
      FAULT_KINDS.map((kind) => [kind, summary(outcome.faults.filter((fault) => fault.kind === kind))]),
    ),
    bounds: boundGroups(outcome.faults, options.sessionTimeoutMs),
  };
  writeFileSync(
    `${file}.json`,
    `${JSON.stringify({ ...outcome, totals, problems, hasPassed: problems.length === 0 }, null, 2)}\n`,
  );
  writeFileSync(`${file}.txt`, `${text}\n`);
  return { text, problems };
}

/** The report as text; ends with the verdict. */
export function describeRun(outcome: ChaosOutcome, sessionTimeoutMs: number, problems: readonly string[]): string {
  const { seed, minutes, faults, workload, sampler, comparison } = outcome;
  const all = percentiles(recoveries(faults));
  const effective = faults.filter(({ tookEffect }) => tookEffect).length;
  const unequal = comparison.tables.filter(({ isEqual }) => !isEqual).length;
  const kinds = Object.entries(workload.transactionsByKind).map(([kind, count]) => `${kind} ${count}`);
  return [
    `Chaos run of ${minutes} minutes, seed ${seed}`,
    '',
    ...faults.map((fault) => describeFault(fault, faults[0]?.startedAt ?? 0, sessionTimeoutMs)),
    '',
    'By kind (recovery of the slower pipeline; faults that met another one count as faults, not here):',
    ...FAULT_KINDS.map(
      (kind) => `  ${kind.padEnd(24)} ${describeSummary(summary(faults.filter((fault) => fault.kind === kind)))}`,
    ),
    'Bounds of the architecture, §5 (from the start of the fault):',
    ...boundGroups(faults, sessionTimeoutMs).map(
      ({ name, bound, measured, within }) =>
        `  ${name.padEnd(24)} bound ${seconds(bound)}: ${describeTimes(measured)}, within bound: ${within} of ${measured?.count ?? 0}`,
    ),
    '',
    `Faults: ${faults.length}, ${effective} took effect, ${faultsPerMinute(outcome).toFixed(1)} a minute; recoveries: ${describeTimes(all)}`,
    `Workload: ${workload.transactions} transactions, ${workload.rows} rows in ${workload.seconds.toFixed(0)} s = ${txPerSecond(outcome).toFixed(0)} tx/s (${kinds.join(', ')}); ` +
      `${workload.unknownCommits} unknown commits resolved, ${workload.repeats} repeats`,
    `Samples at the target: ${sampler.samples}, violations: ${sampler.violations.length}`,
    ...comparison.tables.map(
      ({ table, isEqual, sourceRows, targetRows, sourceHash, targetHash }) =>
        `  ${table.padEnd(28)} ${String(sourceRows).padStart(8)} ${isEqual ? '=' : '≠'} ${String(targetRows).padEnd(8)} rows  ${sourceHash.slice(0, 16)} ${isEqual ? '=' : '≠'} ${targetHash.slice(0, 16)}`,
    ),
    `Tables: ${comparison.tables.length}, unequal ${unequal}; lost ${comparison.lost}, doubled ${comparison.doubled}`,
    ...(problems.length === 0 ? ['PASSED'] : ['FAILED:', ...problems.map((problem) => `  - ${problem}`)]),
  ].join('\n');
}

interface Summary {
  readonly runs: number;
  readonly effective: number;
  readonly recoveriesMs: ReturnType<typeof percentiles>;
}

/** A fault whose recovery was measured alone. */
const isAlone = ({ tookEffect, overlapped }: FaultRecord): boolean => tookEffect && !overlapped;

function recoveries(faults: readonly FaultRecord[]): number[] {
  return faults.filter(isAlone).flatMap((fault) => slowestMs(fault) ?? []);
}

function summary(faults: readonly FaultRecord[]): Summary {
  const effective = faults.filter(({ tookEffect }) => tookEffect).length;
  return { runs: faults.length, effective, recoveriesMs: percentiles(recoveries(faults)) };
}

interface BoundGroup {
  readonly name: string;
  readonly bound: number;
  readonly measured: ReturnType<typeof percentiles>;
  readonly within: number;
}

function boundGroups(faults: readonly FaultRecord[], sessionTimeoutMs: number): BoundGroup[] {
  const groups = new Map<string, FaultRecord[]>();
  for (const fault of faults) {
    if (!isAlone(fault) || boundMs(fault, sessionTimeoutMs) === null) continue;
    const name = `${fault.kind} ${fault.target.replace(/\W.*$/, '')}`;
    groups.set(name, [...(groups.get(name) ?? []), fault]);
  }
  return [...groups].sort().map(([name, members]) => {
    const bound = Math.max(...members.map((fault) => boundMs(fault, sessionTimeoutMs) ?? 0));
    const times = members.map((fault) => slowestMs(fault) ?? Infinity);
    return { name, bound, measured: percentiles(times), within: times.filter((ms) => ms <= bound).length };
  });
}

/** One line: when, what, what was seen, recovery. */
export function describeFault(fault: FaultRecord, zeroMs: number, sessionTimeoutMs: number): string {
  const { kind, target, startedAt, endedAt, recoversFrom, overlapped, recoveryMs, tookEffect, seen } = fault;
  const times = Object.entries(recoveryMs).map(([name, ms]) => `${name} ${ms === null ? 'NOT' : seconds(ms)}`);
  const bound = boundMs(fault, sessionTimeoutMs);
  return [
    `  +${seconds(startedAt - zeroMs).padStart(8)}`,
    kind.padEnd(22),
    target.padEnd(26),
    `for ${seconds(endedAt - startedAt)};`,
    tookEffect ? `recovered from its ${recoversFrom} after ${times.join(', ')}` : 'NO EFFECT',
    ...(bound === null ? [] : [`(bound ${seconds(bound)})`]),
    ...(overlapped ? ['(met another fault)'] : []),
    `[${seen}]`,
  ].join(' ');
}

const describeSummary = ({ runs, effective, recoveriesMs }: Summary): string =>
  `${effective} of ${runs} took effect; ${describeTimes(recoveriesMs)}`;

const describeTimes = (times: ReturnType<typeof percentiles>): string =>
  times === null
    ? 'none measured alone'
    : `p50 ${seconds(times.p50)}, p99 ${seconds(times.p99)}, max ${seconds(times.max)}`;

const seconds = (ms: number): string => (Number.isFinite(ms) ? `${(ms / 1_000).toFixed(2)} s` : 'never');
