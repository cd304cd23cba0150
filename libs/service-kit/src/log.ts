import { trace } from '@opentelemetry/api';
import { pino, stdTimeFunctions } from 'pino';
import type { DestinationStream, LogFn, Logger } from 'pino';
import type { LogLevel } from '@lutra/model';
import type { InstanceIdentity } from './service-context.ts';

/** pino's numbers of the levels. */
const SEVERITY: Readonly<Record<LogLevel, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 };

interface Threshold {
  severity: number;
}

/** What a log and all of its children write from; pino itself would leave the children at the level that they were made with. */
const thresholds = new WeakMap<Logger, Threshold>();

/**
 * JSON lines on standard output. Every line names service and instance, and the trace when one is active. Written
 * synchronously: the last line before a crash is the one that matters.
 */
export function createLog(
  identity: InstanceIdentity,
  options: { readonly level: LogLevel; readonly destination?: DestinationStream },
): Logger {
  const threshold: Threshold = { severity: SEVERITY[options.level] };
  const settings = {
    level: 'trace',
    hooks: {
      logMethod(this: Logger, line: Parameters<LogFn>, method: LogFn, severity: number): void {
        if (severity >= threshold.severity) method.apply(this, line);
      },
    },
    base: { service: identity.service, instance: identity.instance },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const span = trace.getActiveSpan();
      return span === undefined ? {} : { traceId: span.spanContext().traceId };
    },
  };
  const log = options.destination === undefined ? pino(settings) : pino(settings, options.destination);
  thresholds.set(log, threshold);
  return log;
}

/** From the next line on, `log` and all of its children write from this level on. A log of another make has no children to lead. */
export function setLogLevel(log: Logger, level: LogLevel): void {
  const threshold = thresholds.get(log);
  if (threshold === undefined) return;
  const severity = SEVERITY[level];
  if (threshold.severity === severity) return;
  threshold.severity = severity;
  log.info({ logLevel: level }, 'log level changed');
}
