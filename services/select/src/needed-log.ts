import { compareFilePlaces } from '@lutra/model';
import type { LogPlace } from './prepared-transactions.ts';
import type { NeededLog } from './warn-of-purge.ts';

interface Mark {
  readonly process: number;
  readonly place: LogPlace;
  readonly commitMs: number;
}

/** Knows which file of the log load has reached: what comes behind it is needed still. */
export class NeededFiles {
  private readonly marks: Mark[] = [];
  private reached: Omit<Mark, 'process'> | null = null;

  /** The first place that this epoch reads from, before anything is loaded. */
  begins(place: LogPlace): void {
    if (this.reached === null && place.file !== '') this.reached = { place: { ...place }, commitMs: 0 };
  }

  /** The process ends behind a transaction of `commitMs`; 0 = not known. */
  published(process: number, { file, offset }: LogPlace, commitMs: number): void {
    this.marks.push({ process, place: { file, offset }, commitMs });
  }

  loaded(process: number): void {
    while (this.marks[0] !== undefined && this.marks[0].process <= process) this.reached = this.marks.shift() ?? null;
  }

  /**
   * `caughtUpAt`: where reading stands when everything that was read is loaded; then nothing before is needed. `prepared`:
   * where rows of prepared transactions stand that may be read again.
   */
  needed(now: {
    readonly caughtUpAt: LogPlace | null;
    readonly prepared: readonly LogPlace[];
    readonly nowMs: number;
  }): NeededLog | null {
    const { caughtUpAt, prepared, nowMs } = now;
    const reached = caughtUpAt === null ? this.reached : { place: caughtUpAt, commitMs: nowMs };
    if (reached === null || reached.place.file === '') return null;
    const oldest = [...prepared].sort(compareFilePlaces)[0];
    if (oldest !== undefined && compareFilePlaces({ ...oldest, offset: 0 }, { ...reached.place, offset: 0 }) < 0)
      return { file: oldest.file, doneUntilMs: null };
    return { file: reached.place.file, doneUntilMs: reached.commitMs === 0 ? null : reached.commitMs };
  }
}
