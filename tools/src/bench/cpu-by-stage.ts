import { readFileSync } from 'node:fs';
import { STAGES } from '@lutra/model';
import type { LocalStack } from '@lutra/testing';

/** CPU seconds that the processes of each stage have used since their start. */
export function cpuByStage(stack: LocalStack): ReadonlyMap<string, number> {
  return new Map(STAGES.map((stage) => [stage, stack.pids(stage).reduce((sum, pid) => sum + cpuSeconds(pid), 0)]));
}

/** 'select 2.1, extract 5.0, …': microseconds of CPU per row between two readings. */
export function describeCpu(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  rowCount: number,
): string {
  return [...after]
    .map(([stage, seconds]) => `${stage} ${(((seconds - (before.get(stage) ?? 0)) / rowCount) * 1e6).toFixed(1)}`)
    .join(', ');
}

/** The kernel counts in ticks; 100 a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // User and system time are the 12th and 13th field behind the command, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
