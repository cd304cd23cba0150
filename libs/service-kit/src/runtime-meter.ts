import { monitorEventLoopDelay } from 'node:perf_hooks';
import { metrics } from '@opentelemetry/api';
import type { ByteBudget, Clock } from '@lutra/model';
import { METER_NAME, METRICS } from './telemetry-names.ts';

const NS_PER_S = 1e9;
const US_PER_MS = 1e3;

/** Share of one core that this process used since the last call; above 1 when several threads are busy. */
export function cpuMeter(clock: Clock): () => number {
  let before = { cpu: process.cpuUsage(), ms: clock.monotonicMs() };
  return () => {
    const spent = process.cpuUsage(before.cpu);
    const elapsedMs = clock.monotonicMs() - before.ms;
    before = { cpu: process.cpuUsage(), ms: clock.monotonicMs() };
    return elapsedMs <= 0 ? 0 : (spent.user + spent.system) / US_PER_MS / elapsedMs;
  };
}

/** Registers what every service shows of itself: event loop delay, CPU, memory, budget. The returned function ends the measuring. */
export function startRuntimeMeter(budget: ByteBudget, clock: Clock): () => void {
  const meter = metrics.getMeter(METER_NAME);
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const cpuShare = cpuMeter(clock);
  const gauge = (name: string, unit: string, read: () => number): void => {
    meter.createObservableGauge(name, { unit }).addCallback((result) => {
      result.observe(read());
    });
  };
  // An empty histogram answers NaN, which Prometheus takes but people do not.
  const delaySeconds = (percentile: number): number => (delay.percentile(percentile) || 0) / NS_PER_S;
  gauge(METRICS.eventLoopDelayP50, 's', () => delaySeconds(50));
  gauge(METRICS.eventLoopDelayP99, 's', () => {
    const seconds = delaySeconds(99);
    // Each scrape tells about the time since the last one; over the whole life of a process a stall would drown.
    delay.reset();
    return seconds;
  });
  gauge(METRICS.cpuUtilization, '1', cpuShare);
  gauge(METRICS.memoryUsage, 'By', () => process.memoryUsage.rss());
  gauge(METRICS.budgetHeld, 'By', () => budget.held);
  gauge(METRICS.budgetLimit, 'By', () => budget.limitBytes);
  return () => {
    delay.disable();
  };
}
