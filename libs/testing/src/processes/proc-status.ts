import { readIfThere } from '../private-file.ts';

/** Memory of a process as the kernel counts it, in bytes: now, and the most it ever had. */
export interface ProcessMemory {
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

/**
 * What tells a process from another one that later gets the same id: the kernel's start time together with the boot.
 * `null` when the process does not exist (a zombie does not either), or when this system has no /proc.
 */
export function processStartMark(pid: number): string | null {
  const stat = readIfThere(`/proc/${String(pid)}/stat`);
  if (stat === null) return null;
  // The command in parentheses may hold anything, so fields are counted behind the last parenthesis: state is the first.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return `${bootId()} ${fields[19] ?? ''}`;
}

/** Memory of a running process. Throws when it does not run. */
export function processMemory(pid: number): ProcessMemory {
  const status = readIfThere(`/proc/${String(pid)}/status`) ?? '';
  const bytes = (field: string): number => {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
    if (kilobytes === undefined) throw new Error(`Process ${String(pid)} does not run: no ${field}`);
    return Number(kilobytes) * 1024;
  };
  return { rssBytes: bytes('VmRSS'), peakRssBytes: bytes('VmHWM') };
}

function bootId(): string {
  return readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}
