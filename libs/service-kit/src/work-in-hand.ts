import type { Blocker, Clock, ProcessIdentity } from '@lutra/model';

/** A process in hand: whoever works on it says what it waits for. */
export interface WorkMark {
  /** `what` completes "<stage> has process 3 in hand and …": 'waits for 40 MiB of memory'. */
  waitsFor(kind: Blocker['kind'], what: string): void;
  done(): void;
}

interface Work {
  readonly identity: ProcessIdentity;
  readonly startedAt: Date;
  kind: Blocker['kind'];
  what: string;
}

/** What an instance has in hand and what each piece waits for, so that an inquiry can be answered from memory. */
export class WorkInHand {
  private readonly works = new Set<Work>();

  constructor(
    private readonly clock: Clock,
    private readonly stage: string,
  ) {}

  begin(identity: ProcessIdentity): WorkMark {
    const work: Work = { identity, startedAt: this.clock.now(), kind: 'other', what: 'works on it' };
    this.works.add(work);
    return {
      waitsFor: (kind, what) => {
        work.kind = kind;
        work.what = what;
      },
      done: () => {
        this.works.delete(work);
      },
    };
  }

  /** The piece of a pipeline's epoch that has been in hand longest; null when there is none. */
  oldest(pipelineId: string, epoch: number): { readonly process: number; readonly blocker: Blocker } | null {
    // A set keeps the order of its insertions.
    for (const { identity, startedAt, kind, what } of this.works) {
      if (identity.pipelineId !== pipelineId || identity.epoch !== epoch) continue;
      const message = `${this.stage} has process ${String(identity.process)} in hand and ${what}`;
      return { process: identity.process, blocker: { kind, message, since: startedAt.toISOString() } };
    }
    return null;
  }
}
