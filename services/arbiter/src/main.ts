import { BaseEnv, runService } from '@lutra/service-kit';
import { arbiterWorkers } from './arbiter-workers.ts';

await runService({ service: 'arbiter', Env: BaseEnv, workers: arbiterWorkers });
