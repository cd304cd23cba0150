import { runService, StageEnv } from '@lutra/service-kit';
import { transformWorker } from './transform-worker.ts';

await runService({ service: 'transform', Env: StageEnv, workers: (context) => [transformWorker(context)] });
