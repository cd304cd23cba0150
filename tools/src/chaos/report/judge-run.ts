import type { ChaosOutcome } from '../chaos-types.ts';
import { FAULT_KINDS } from '../chaos-types.ts';
import { slowestMs } from './recovery-bounds.ts';

export const TX_PER_SECOND_MIN = 200;
export const FAULTS_PER_MINUTE_MIN = 2;

/** Effective faults per minute of the workload. */
export const faultsPerMinute = ({ faults, workload }: Pick<ChaosOutcome, 'faults' | 'workload'>): number =>
  workload.seconds === 0 ? 0 : (60 * faults.filter(({ tookEffect }) => tookEffect).length) / workload.seconds;

export const txPerSecond = ({ workload }: Pick<ChaosOutcome, 'workload'>): number =>
  workload.seconds === 0 ? 0 : workload.transactions / workload.seconds;

/** Every reason why a run has failed, as sentences; empty = it has passed. */
export function judgeRun(outcome: ChaosOutcome): string[] {
  const { faults, sampler, comparison } = outcome;
  const problems = [...outcome.problems];
  const used = new Set(faults.filter(({ tookEffect }) => tookEffect).map(({ kind }) => kind));
  const unused = (outcome.kinds ?? FAULT_KINDS).filter((kind) => !used.has(kind));
  if (unused.length > 0) problems.push(`never took effect: ${unused.join(', ')}`);
  const perMinute = faultsPerMinute(outcome);
  if (perMinute < FAULTS_PER_MINUTE_MIN)
    problems.push(`${perMinute.toFixed(1)} faults a minute took effect, fewer than ${FAULTS_PER_MINUTE_MIN}`);
  const rate = txPerSecond(outcome);
  if (rate < TX_PER_SECOND_MIN)
    problems.push(`${rate.toFixed(0)} transactions a second on average, fewer than ${TX_PER_SECOND_MIN}`);
  for (const fault of faults)
    if (fault.tookEffect && slowestMs(fault) === null)
      problems.push(`a pipeline did not recover in time from ${fault.kind} on ${fault.target}`);
  if (sampler.samples === 0) problems.push('the target was never sampled');
  problems.push(...sampler.violations.map((text) => `broken at the target: ${text}`));
  if (comparison.tables.length === 0) problems.push('no table was compared');
  for (const { table, isEqual, differences } of comparison.tables)
    if (!isEqual) problems.push(`${table} differs: ${differences.join('; ')}`);
  if (comparison.lost > 0) problems.push(`${comparison.lost} transactions lost`);
  if (comparison.doubled > 0) problems.push(`${comparison.doubled} rows doubled`);
  problems.push(...comparison.violations.map((text) => `at the end: ${text}`));
  return problems;
}
