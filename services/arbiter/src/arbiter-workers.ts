import type { Worker } from '@lutra/service-kit';
import { Announcer } from './announcer.ts';
import type { ArbiterParts } from './arbiter-parts.ts';
import { CommandDesk } from './command-desk.ts';
import { CommandWorker } from './command-worker.ts';
import { InstanceWorker } from './instance-worker.ts';
import { PipelineFeed } from './pipeline-feed.ts';
import { QueueWorker } from './queue-worker.ts';
import { SupervisionWorker } from './supervision-worker.ts';

/** All that an arbiter does; any number of arbiters may do it at once. `jitter`: from -1 to 1, default chance. */
export function arbiterWorkers(parts: ArbiterParts, jitter?: () => number): readonly Worker[] {
  const announcer = new Announcer(parts);
  const feed = new PipelineFeed(parts);
  const desk = new CommandDesk(parts, announcer, jitter);
  return [
    feed,
    new CommandWorker(parts, desk),
    new SupervisionWorker(parts, announcer, desk, feed),
    new InstanceWorker(parts, announcer),
    new QueueWorker(parts, announcer),
  ];
}
