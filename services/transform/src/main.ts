import { ProcessorEnv, runService } from '@lutra/service-kit';
import { transformWorker } from './transform-worker.ts';

await runService({ service: 'transform', Env: ProcessorEnv, workers: (context) => [transformWorker(context)] });
