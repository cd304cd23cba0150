import type { LutraEvent } from '@lutra/model';
import { stageMeter } from '@lutra/service-kit';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { sendReport } from './report-loaded.ts';
import type { LoadedReport } from './report-loaded.ts';

/** Segments whose events and acknowledgements may be on their way while the next one is written. */
const REPORTS_MAX = 4;

/** Sends what is to be said of written processes, in order and behind the writing. */
export class ReportQueue {
  private readonly meter = stageMeter('load');
  private sending: Promise<void> = Promise.resolve();
  private open = 0;

  constructor(
    private readonly context: Pick<ServiceContext, 'bus'>,
    private readonly pipeline: PipelineSession,
  ) {}

  /** The target holds what the report tells. Resolves at once, or when fewer than {@link REPORTS_MAX} are left. */
  async add(written: LoadedReport): Promise<void> {
    const isDry = this.pipeline.definition.parameters.dryRun;
    const report = isDry ? { ...written, events: written.events.map((event) => withoutRows(event)) } : written;
    this.count(report.events);
    this.sending = this.sending
      .then(() => sendReport(this.context.bus, report, this.pipeline.log))
      .finally(() => {
        this.open -= 1;
      });
    this.open += 1;
    if (this.open > REPORTS_MAX) await this.sending;
  }

  /** Resolves when everything is sent. Never throws. */
  async drained(): Promise<void> {
    await this.sending;
  }

  private count(events: readonly LutraEvent[]): void {
    const { pipelineId } = this.pipeline;
    for (const event of events) {
      const time = event.kind === 'loaded' ? event.stages.at(-1) : undefined;
      if (time === undefined) continue;
      const { rowCount, bytes, startMs, endMs } = time;
      this.meter.recordProcess({ pipelineId, rowCount, bytes, durationMs: endMs - startMs });
    }
  }
}

/** A dry run loads processes without a row, and passes over statements that come again when it is over. */
function withoutRows(event: LutraEvent): LutraEvent {
  if (event.kind !== 'loaded') return event;
  const stages = event.stages.map((time) => (time.stage === 'load' ? { ...time, rowCount: 0 } : time));
  return { ...event, stages, inserted: 0, updated: 0, deleted: 0, conflicts: 0, statementsSkipped: 0 };
}
