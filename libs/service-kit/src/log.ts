import { trace } from '@opentelemetry/api';
import { pino, stdTimeFunctions } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { InstanceIdentity } from './service-context.ts';

/**
 * JSON lines on standard output. Every line names service and instance, and the trace when one is active. Written
 * synchronously: the last line before a crash is the one that matters.
 */
export function createLog(
  identity: InstanceIdentity,
  options: { readonly level: string; readonly destination?: DestinationStream },
): Logger {
  const settings = {
    level: options.level,
    base: { service: identity.service, instance: identity.instance },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const span = trace.getActiveSpan();
      return span === undefined ? {} : { traceId: span.spanContext().traceId };
    },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}
