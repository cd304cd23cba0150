import { Worker } from 'node:worker_threads';
import { SyncError, systemClock } from '@lutra/model';
import type { ErrorDetails } from '@lutra/model';
import { fieldRefusal } from '../http/refuse-field.ts';
import { readYaml } from './yaml-text.ts';

/** What is shorter is read in less time than a thread needs to start. */
const THREAD_CHARACTERS_MIN = 32 * 1024;
/** A document of a thousand mappings takes less than one on an idle core. */
const READ_MS_MAX = 20_000;
const HEAP_MB_MAX = 256;
/** More would wait for longer than any client does. */
const WAITING_MAX = 4;

/** What the thread answers. */
export type ThreadAnswer = { readonly data: unknown } | { readonly refused: ErrorDetails };

/** Threads live in built code, also when this file runs as it was written. */
const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/documents/yaml-thread.js' : './yaml-thread.js',
  import.meta.url,
);

/**
 * {@link readYaml} of texts that would hold up other requests: in a thread, one text at a time. Throws REQUEST_INVALID also for a
 * text that takes longer than 20 s, or more memory than a document needs; RESOURCE_CONFLICT while four others are being read.
 */
export class LargeYamlReader {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(private readonly readMsMax = READ_MS_MAX) {}

  async read(text: string): Promise<unknown> {
    if (text.length < THREAD_CHARACTERS_MIN) return readYaml(text);
    if (this.waiting >= WAITING_MAX) {
      const problem = `${String(WAITING_MAX)} large documents are being read: send this one again when they are through`;
      throw new SyncError('RESOURCE_CONFLICT', { problem });
    }
    this.waiting += 1;
    const reading = this.last.then(() => readInThread(text, this.readMsMax));
    this.last = reading
      .catch(() => undefined) // Whoever asked hears of it.
      .then(() => {
        this.waiting -= 1;
      });
    return reading;
  }
}

async function readInThread(text: string, readMsMax: number): Promise<unknown> {
  const worker = new Worker(THREAD, { workerData: text, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX } });
  const limit = new AbortController();
  try {
    const answer = await new Promise<ThreadAnswer>((resolve, reject) => {
      // Rejects nothing when it is ended early: the answer is there by then.
      void systemClock.sleep(readMsMax, limit.signal).then(() => {
        reject(tooCostly(`It takes longer than ${String(readMsMax)} ms to read`));
      });
      worker.once('message', resolve);
      worker.once('error', (error: Error & { readonly code?: string }) => {
        reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooCostly('It takes too much memory to read') : error);
      });
    });
    if ('refused' in answer) throw new SyncError('REQUEST_INVALID', answer.refused);
    return answer.data;
  } finally {
    limit.abort();
    await worker.terminate();
  }
}

function tooCostly(problem: string): SyncError {
  return fieldRefusal('document', problem);
}
