import 'reflect-metadata';
import { leasedPipelines, ProcessRouter, runService, WindowPlace } from '@lutra/service-kit';
import { runEpoch } from './run-epoch.ts';
import { SelectEnv } from './select.env.ts';

await runService({
  service: 'select',
  Env: SelectEnv,
  workers: (context) => {
    const router = new ProcessRouter(context, 'extract');
    return [
      leasedPipelines(context, 'mainstem', () => (session) => runEpoch(context, session, router)),
      new WindowPlace(context),
    ];
  },
});
