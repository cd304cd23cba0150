import { runService } from '@lutra/service-kit';
import { ExtractEnv } from './extract.env.ts';
import { extractWorker } from './extract-worker.ts';

await runService({ service: 'extract', Env: ExtractEnv, workers: (context) => [extractWorker(context)] });
