import { coversDone, SyncError } from '@lutra/model';
import type { DonePlace, TableHistory } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { PipelineSession } from '@lutra/service-kit';
import type { SchemaHistory } from './schema-history.ts';

/**
 * Keeps a {@link SchemaHistory} in the bus over restarts. What is kept is only believed together with a mark that covers
 * the start of an epoch: histories are written before the mark, so that no statement in front of it is missing. What a
 * frozen instance of an older epoch writes late is known by its epoch. Losing all of it costs first sights.
 */
export class KeptHistories {
  private saving: Promise<void> | null = null;
  private next: { readonly history: SchemaHistory; readonly place: DonePlace } | null = null;

  constructor(
    private readonly bus: Pick<Bus, 'tableHistories' | 'putTableHistory' | 'putHistoryMark'>,
    private readonly session: Pick<PipelineSession, 'pipelineId' | 'epoch' | 'log'>,
  ) {}

  /** What may be believed by an epoch that starts at `start`. Throws when the bus cannot be asked. */
  async load(start: DonePlace): Promise<readonly TableHistory[]> {
    const { mark, tables } = await this.bus.tableHistories(this.session.pipelineId);
    if (mark === null) return [];
    if (!coversDone(mark.place, start)) {
      this.session.log.warn({ mark: mark.place, start }, 'shapes of tables are forgotten: the log before was not read');
      return [];
    }
    return tables.filter(({ epoch }) => epoch >= mark.epoch);
  }

  /** Writes what changed, in the background; the newest call counts. All statements up to `place` are in the history. */
  save(history: SchemaHistory, place: DonePlace): void {
    if (history.isEmpty) return;
    this.next = { history, place };
    this.saving ??= this.work().finally(() => {
      this.saving = null;
    });
  }

  /** Waits until everything is written, or given up. */
  async flush(): Promise<void> {
    await this.saving;
  }

  private async work(): Promise<void> {
    for (let job = this.next; job !== null; job = this.next) {
      this.next = null;
      await this.write(job.history, job.place);
    }
  }

  private async write(history: SchemaHistory, place: DonePlace): Promise<void> {
    const { pipelineId, epoch, log } = this.session;
    const changed = history.takeChanged(epoch);
    try {
      for (const table of changed) await this.bus.putTableHistory(pipelineId, table);
      await this.bus.putHistoryMark(pipelineId, { epoch, place });
    } catch (error) {
      // Without the mark nothing of it is believed; the next process tries again.
      history.putBack(changed);
      log.warn({ err: error, code: SyncError.of(error).code }, 'shapes of tables could not be kept');
    }
  }
}
