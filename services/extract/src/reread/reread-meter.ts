import { metrics } from '@opentelemetry/api';
import { ATTRIBUTES, METER_NAME } from '@lutra/service-kit';

const REREAD_METRIC = 'lutra.extract.reread';

/** read: with what the row holds now. vanished: gone, as the log has it. leftOut: gone, and left out. unread: could not be read again. */
export type RereadOutcome = 'read' | 'vanished' | 'leftOut' | 'unread';
export type RereadCounts = Readonly<Record<RereadOutcome, number>>;

/** Counts rows by what reading them again gave. */
export function rereadMeter(): (pipelineId: string, counts: RereadCounts) => void {
  const rows = metrics
    .getMeter(METER_NAME)
    .createCounter(REREAD_METRIC, { description: 'Rows that were to be read again at the source, by outcome' });
  return (pipelineId, counts) => {
    for (const [outcome, count] of Object.entries(counts))
      if (count > 0) rows.add(count, { [ATTRIBUTES.pipeline]: pipelineId, outcome });
  };
}
