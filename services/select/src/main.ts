import 'reflect-metadata';
import { leasedPipelines, runService } from '@lutra/service-kit';
import { runEpoch } from './run-epoch.ts';
import { SelectEnv } from './select.env.ts';

await runService({
  service: 'select',
  Env: SelectEnv,
  workers: (context) => [leasedPipelines(context, 'mainstem', (session) => runEpoch(context, session))],
});
