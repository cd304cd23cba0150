import { Worker } from 'node:worker_threads';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Fit, MapJob, MapMessage, MappedResult } from './map-rows.ts';

/** A person waits for the answer; rows of the stages have no such limit together. */
const TRIAL_MS_MAX = 4_000;
const HEAP_MB_MAX = 256;
/** Each is a thread of its own. */
const TRIALS_MAX = 2;

export interface Trial {
  readonly fits: readonly Fit[];
  /** By row; undefined = time was up before it. */
  readonly results: readonly (readonly MappedResult[] | undefined)[];
}

/** Threads live in built code, also when this file runs as it was written. */
const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/preview/map-thread.js' : './map-thread.js',
  import.meta.url,
);

/** Maps rows in a thread: what a mapping does with them may take long, and others are answered meanwhile. */
export class RowTrial {
  private running = 0;

  constructor(
    private readonly clock: Clock,
    private readonly trialMsMax = TRIAL_MS_MAX,
  ) {}

  /** Never longer than 4 s. Throws RESOURCE_CONFLICT while two others run. */
  async run(job: MapJob): Promise<Trial> {
    if (this.running >= TRIALS_MAX) {
      const problem = `${String(TRIALS_MAX)} previews run already: ask again when they are through`;
      throw new SyncError('RESOURCE_CONFLICT', { problem });
    }
    this.running += 1;
    try {
      return await this.inThread(job);
    } finally {
      this.running -= 1;
    }
  }

  private async inThread(job: MapJob): Promise<Trial> {
    const worker = new Worker(THREAD, { workerData: job, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX } });
    const over = new AbortController();
    const results: (readonly MappedResult[] | undefined)[] = job.rows.map(() => undefined);
    let fits: readonly Fit[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        // Rejects nothing when it is ended early: the answer is there by then.
        void this.clock.sleep(this.trialMsMax, over.signal).then(resolve);
        worker.on('message', (message: MapMessage) => {
          if (message.kind === 'fits') ({ fits } = message);
          else if (message.kind === 'row') results[message.row] = message.results;
          else resolve();
        });
        worker.once('error', (error: Error & { readonly code?: string }) => {
          // What was told before it stands.
          if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve();
          else reject(error);
        });
      });
      return { fits, results };
    } finally {
      over.abort();
      await worker.terminate();
    }
  }
}
