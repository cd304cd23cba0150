import { runService, StageEnv } from '@lutra/service-kit';
import { extractWorker } from './extract-worker.ts';

await runService({ service: 'extract', Env: StageEnv, workers: (context) => [extractWorker(context)] });
