import { leasedPipelines, runService } from '@lutra/service-kit';
import { LoadEnv } from './load.env.ts';
import { loadEpoch } from './load-epoch.ts';

await runService({
  service: 'load',
  Env: LoadEnv,
  workers: (context) => [leasedPipelines(context, 'loader', (session) => loadEpoch(context, session))],
});
