import { leasedPipelines, runService } from '@lutra/service-kit';
import { LaneUse } from './lane-use.ts';
import { LoadEnv } from './load.env.ts';
import { loadEpoch } from './load-epoch.ts';

await runService({
  service: 'load',
  Env: LoadEnv,
  workers: (context) => [
    leasedPipelines(context, 'loader', () => {
      // What was measured in one epoch serves the next: it need not begin with trying.
      const laneUse = new LaneUse();
      return (session) => loadEpoch(context, session, { laneUse });
    }),
  ],
});
