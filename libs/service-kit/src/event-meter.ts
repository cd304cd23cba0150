import { metrics } from '@opentelemetry/api';
import { METER_NAME, METRICS } from './telemetry-names.ts';

/** Counts what a reader of the event log meets. Made after telemetry has started. */
export interface EventMeter {
  /** One event could not be read, or made no sense, and was left out. */
  recordSkipped(): void;
}

export function eventMeter(): EventMeter {
  const skipped = metrics.getMeter(METER_NAME).createCounter(METRICS.eventsSkipped, {
    description: 'Events of the log that were left out: they make no sense',
  });
  return {
    recordSkipped: () => {
      skipped.add(1);
    },
  };
}
