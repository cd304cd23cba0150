import { parentPort, workerData } from 'node:worker_threads';
import { must } from '@lutra/model';
import { mapRows } from './map-rows.ts';
import type { MapJob } from './map-rows.ts';

// Maps the rows of one preview, and ends: see row-trial.ts.
const port = must(parentPort, 'it is started as a thread');
await mapRows(workerData as MapJob, (message) => {
  port.postMessage(message);
});
