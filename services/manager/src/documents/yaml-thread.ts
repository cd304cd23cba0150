import { parentPort, workerData } from 'node:worker_threads';
import { must, SyncError } from '@lutra/model';
import type { ThreadAnswer } from './large-yaml-reader.ts';
import { readYaml } from './yaml-text.ts';

// Reads one text, and ends: see large-yaml-reader.ts.
must(parentPort, 'it is started as a thread').postMessage(answerTo(workerData as string));

function answerTo(text: string): ThreadAnswer {
  try {
    return { data: readYaml(text) };
  } catch (error) {
    if (SyncError.is(error) && error.code === 'REQUEST_INVALID') return { refused: error.details };
    throw error;
  }
}
