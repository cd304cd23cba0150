import { metrics } from '@opentelemetry/api';
import type { Stage } from '@lutra/model';
import { ATTRIBUTES, METER_NAME, METRICS } from './telemetry-names.ts';

/** Counts what a stage does. One per stage and process of the operating system; made after telemetry has started (in `workers`). */
export interface StageMeter {
  /** One process went through: rows that left the stage, bytes of its body, time in hand. */
  recordProcess(done: {
    readonly pipelineId: string;
    readonly rowCount: number;
    readonly bytes: number;
    readonly durationMs: number;
  }): void;
  /** Waited because the pipeline's throttle said so. */
  recordThrottled(waited: { readonly pipelineId: string; readonly durationMs: number }): void;
  /** One failure by its stable code. */
  recordFailure(failed: { readonly pipelineId: string; readonly code: string }): void;
}

/** Seconds. From a small process in the fast path to one that waited for a full stream. */
const DURATION_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The meter of one stage. Label values are bounded: stage, configured pipelines, error codes. */
export function stageMeter(stage: Stage): StageMeter {
  const meter = metrics.getMeter(METER_NAME);
  const rows = meter.createCounter(METRICS.stageRows, { description: 'Rows that left the stage' });
  const bytes = meter.createCounter(METRICS.stageBytes, { unit: 'By', description: 'Bytes of process bodies' });
  const failures = meter.createCounter(METRICS.stageFailures, { description: 'Failures by code' });
  const throttled = meter.createCounter(METRICS.stageThrottled, {
    unit: 's',
    description: 'Time that the stage waited for its throttle',
  });
  const duration = meter.createHistogram(METRICS.stageDuration, {
    unit: 's',
    description: 'Time that a process is in the hands of the stage',
    advice: { explicitBucketBoundaries: DURATION_BOUNDS },
  });
  return {
    recordProcess: (done) => {
      const labels = { [ATTRIBUTES.stage]: stage, [ATTRIBUTES.pipeline]: done.pipelineId };
      rows.add(done.rowCount, labels);
      bytes.add(done.bytes, labels);
      duration.record(done.durationMs / 1_000, labels);
    },
    recordThrottled: ({ pipelineId, durationMs }) => {
      throttled.add(durationMs / 1_000, { [ATTRIBUTES.stage]: stage, [ATTRIBUTES.pipeline]: pipelineId });
    },
    recordFailure: ({ pipelineId, code }) => {
      failures.add(1, { [ATTRIBUTES.stage]: stage, [ATTRIBUTES.pipeline]: pipelineId, [ATTRIBUTES.errorType]: code });
    },
  };
}
