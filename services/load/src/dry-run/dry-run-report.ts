import type { Clock, DryRunEvent } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { stripLiterals } from '@lutra/sql';
import type { TargetStatement } from '@lutra/sql';
import type { PipelineSession } from '@lutra/service-kit';
import type { PlannedStatement } from '../plan/planned-statement.ts';
import { isRefusal } from '../write/is-refusal.ts';

const EVERY_MS = 1_000;
const SAMPLE_MAX = 5;
const REFUSAL_CHARACTERS_MAX = 200;

type Counts = { -readonly [Name in 'inserted' | 'updated' | 'deleted' | 'ddl']: number };

const COUNTED_AS = { insert: 'inserted', update: 'updated', delete: 'deleted' } as const;
const nothing = (): Counts => ({ inserted: 0, updated: 0, deleted: 0, ddl: 0 });

/**
 * Gathers what a dry run would have written and tells it by `dry-run` events, once a second while something comes. The sample
 * holds the first statements of each second that differ in more than their values, without values.
 */
export class DryRunReport {
  private counts = nothing();
  private sample = new Set<string>();

  constructor(
    private readonly parts: {
      readonly bus: Pick<Bus, 'publishEvent'>;
      readonly clock: Clock;
      readonly pipeline: Pick<PipelineSession, 'pipelineId' | 'epoch' | 'log'>;
      readonly instance: string;
    },
  ) {}

  /** Rows after merging, as their statements would have written them. */
  add(planned: readonly PlannedStatement[]): void {
    for (const { kind, rows, statement } of planned) {
      this.counts[COUNTED_AS[kind]] += rows.length;
      this.show(() => sampleOf(statement));
    }
  }

  /** A schema change that would have been applied. */
  addDdl(statement: string): void {
    this.counts.ddl += 1;
    this.show(() => sampleOf({ sql: statement }));
  }

  /** Tells until the signal aborts, and then what is left. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.parts.clock.sleep(EVERY_MS, signal);
      await this.tell();
    }
  }

  private show(text: () => string): void {
    if (this.sample.size < SAMPLE_MAX) this.sample.add(text());
  }

  private async tell(): Promise<void> {
    const { bus, clock, instance, pipeline } = this.parts;
    const { counts, sample } = this;
    if (Object.values(counts).every((count) => count === 0)) return;
    this.counts = nothing();
    this.sample = new Set();
    const event: DryRunEvent = {
      v: 1,
      kind: 'dry-run',
      at: clock.now().toISOString(),
      who: instance,
      pipelineId: pipeline.pipelineId,
      epoch: pipeline.epoch,
      process: null,
      traceId: null,
      ...counts,
      sample: [...sample],
    };
    try {
      await bus.publishEvent(event);
    } catch (error) {
      pipeline.log.warn({ err: error }, 'dry run not in the event log');
    }
  }
}

/** Without values; a statement that would be refused says so. */
function sampleOf(statement: TargetStatement): string {
  try {
    // Shortened before its values are taken out: it may hold megabytes of them.
    return stripLiterals(statement.sql.slice(0, 2_000));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return `refused: ${error.message.slice(0, REFUSAL_CHARACTERS_MAX)}`;
  }
}
