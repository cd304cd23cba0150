import { readFileSync } from 'node:fs';
import { SERVICES } from '@lutra/model';
import { processMemory } from '@lutra/testing';
import type { LocalStack } from '@lutra/testing';

/** What the processes of a bench have used since their start. */
export interface ResourceUse {
  /** By name: the services, 'nats', and the database servers as 'source', 'target', …. */
  readonly cpuSeconds: ReadonlyMap<string, number>;
  /** Bytes of process bodies, by stage: select's as it wrote them, those of the others as they read them. */
  readonly bodyBytes: ReadonlyMap<string, number>;
}

/** Reads the kernel's counters and the services' own. */
export async function readUse(stack: LocalStack, servers: Readonly<Record<string, number>>): Promise<ResourceUse> {
  const cpuSeconds = new Map<string, number>();
  for (const service of SERVICES)
    cpuSeconds.set(
      service,
      stack.pids(service).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
    );
  for (const [name, pid] of Object.entries(servers)) cpuSeconds.set(name, cpuSecondsOf(pid));
  const bodyBytes = new Map<string, number>();
  for (const { service, httpAddress, isRunning } of stack.allInstances)
    if (isRunning) bodyBytes.set(service, (bodyBytes.get(service) ?? 0) + (await stageBytes(httpAddress)));
  return { cpuSeconds, bodyBytes };
}

/** Differences of two readings. */
export function usedBetween(before: ResourceUse, after: ResourceUse): ResourceUse {
  const difference = (from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): Map<string, number> =>
    new Map([...to].map(([name, value]) => [name, value - (from.get(name) ?? 0)]));
  return {
    cpuSeconds: difference(before.cpuSeconds, after.cpuSeconds),
    bodyBytes: difference(before.bodyBytes, after.bodyBytes),
  };
}

/** 'select 1.25 s (6.2 µs), …': CPU seconds, and microseconds per row. */
export function describeCpu(cpuSeconds: ReadonlyMap<string, number>, rowCount: number): string {
  return [...cpuSeconds]
    .filter(([, seconds]) => seconds > 0)
    .map(([name, seconds]) => `${name} ${seconds.toFixed(2)} s (${((seconds / rowCount) * 1e6).toFixed(1)} µs)`)
    .join(', ');
}

/** Bytes per row of what lies between the stages: 'selected 97, extracted 71, transformed 71'. */
export function describeBytes(bodyBytes: ReadonlyMap<string, number>, rowCount: number): string {
  const perRow = (stage: string): string => ((bodyBytes.get(stage) ?? 0) / rowCount).toFixed(0);
  return `selected ${perRow('select')}, extracted ${perRow('transform')}, transformed ${perRow('load')}`;
}

/** Highest resident size of each service since its start, in MiB. */
export function describePeaks(stack: LocalStack): string {
  return SERVICES.map((service) => {
    const peaks = stack.pids(service).map((pid) => processMemory(pid).peakRssBytes);
    return `${service} ${String(Math.round(Math.max(0, ...peaks) / 1_048_576))}`;
  }).join(', ');
}

/** The kernel counts in ticks; 100 a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // User and system time are the 12th and 13th field behind the command, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function stageBytes(httpAddress: string): Promise<number> {
  const text = await (await fetch(`${httpAddress}/metrics`)).text();
  let sum = 0;
  for (const [, value] of text.matchAll(/^lutra_stage_bytes\w*\{.*\} (\S+)/gm)) sum += Number(value);
  return sum;
}
