import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Clock } from '@lutra/model';
import type { RawEnvironment } from './load-env.ts';
import type { InstanceIdentity } from './service-context.ts';

/** A collector that is down answers a flush after eight seconds and more; nobody waits so long for a service to stop. */
const FLUSH_MS_MAX = 2_000;

export interface Telemetry {
  /** Answers a request for /metrics in Prometheus text form. */
  serveMetrics(request: IncomingMessage, response: ServerResponse): void;
  /** Sends what is left, for at most two seconds, and forgets the global providers. Never throws. */
  shutdown(): Promise<void>;
}

/**
 * Starts traces and metrics. Spans are recorded and sent only when an OTLP endpoint is configured by the standard OTEL_*
 * variables; the trace context of a message is passed on in any case, so that one silent stage does not cut a trace.
 */
export function startTelemetry(identity: InstanceIdentity, raw: RawEnvironment, clock: Clock): Telemetry {
  const resource = describeResource(identity, raw);
  const tracing = new NodeTracerProvider({
    resource,
    spanProcessors: isTracing(raw) ? [new BatchSpanProcessor(new OTLPTraceExporter())] : [],
  });
  tracing.register();
  // Without an exporter the API's own tracer takes over: its spans are those of the message, so the context still passes.
  if (!isTracing(raw)) trace.disable();
  const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const metering = new MeterProvider({ resource, readers: [exporter] });
  metrics.setGlobalMeterProvider(metering);
  return {
    serveMetrics: (request, response) => {
      exporter.getMetricsRequestHandler(request, response);
    },
    shutdown: async () => {
      const flushed = Promise.allSettled([tracing.shutdown(), metering.shutdown()]);
      const limit = new AbortController();
      await Promise.race([flushed, clock.sleep(FLUSH_MS_MAX, limit.signal)]);
      limit.abort();
      for (const api of [trace, context, propagation, metrics]) api.disable();
    },
  };
}

const isTracing = (raw: RawEnvironment): boolean =>
  raw['OTEL_SDK_DISABLED']?.toLowerCase() !== 'true' &&
  [raw['OTEL_EXPORTER_OTLP_ENDPOINT'], raw['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']].some(
    (endpoint) => endpoint !== undefined && endpoint !== '',
  );

function describeResource(identity: InstanceIdentity, raw: RawEnvironment): Resource {
  const own = resourceFromAttributes({
    'service.name': raw['OTEL_SERVICE_NAME'] ?? `lutra-${identity.service}`,
    'service.namespace': 'lutra',
    'service.instance.id': identity.instance,
    'service.version': identity.version,
    'host.name': identity.host,
  });
  return own.merge(detectResources({ detectors: [envDetector] }));
}
