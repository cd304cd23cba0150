import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseServer } from '@lutra/testing';
import type { BenchLog } from './capture-logs.ts';
import { readWithLutra } from './capture-readers.ts';

export interface MemoryReading {
  /** Highest resident size behind the warm-up, less the one at its end. */
  readonly growthBytes: number;
  readonly peakBytes: number;
  readonly readBytes: number;
}

const STOP_EVERY_MS = 1_000;
const STOP_MS = 250;

/** Reads a backlog with the consumer stopped every second; the first tenth is the warm-up. */
export async function measureMemory(server: DatabaseServer, log: BenchLog): Promise<MemoryReading> {
  let [readBytes, warmBytes, peakBytes] = [0, 0, 0];
  let stoppedMs = performance.now();
  await readWithLutra(server, log, {
    onBatch: (events) => {
      for (const { end, start } of events) readBytes += end - start;
      const rss = process.memoryUsage.rss();
      // Until the warm-up is over the size may only grow: the highest of it counts.
      if (readBytes < log.bytes / 10) warmBytes = Math.max(warmBytes, rss);
      peakBytes = Math.max(peakBytes, rss);
      if (performance.now() - stoppedMs < STOP_EVERY_MS) return null;
      return sleep(STOP_MS).then(() => {
        stoppedMs = performance.now();
      });
    },
  });
  return { growthBytes: peakBytes - warmBytes, peakBytes, readBytes };
}
