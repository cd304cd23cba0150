import type { Processors } from '@lutra/mapping';
import type { Clock } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import type { Bus } from '@lutra/messaging';
import type { Secrets } from '@lutra/service-kit';
import type { Access } from '../access/access.ts';
import type { CommandService } from '../commands/command.service.ts';
import { PreviewService } from '../preview/preview.service.ts';
import type { Store } from '../store/store.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { FactCollector } from './fact-collector.ts';
import { PipelineStarter } from './pipeline-starter.ts';
import { PreCheckService } from './pre-check.service.ts';

/** What looks at pipelines before they start, and shows what they would do. */
export function buildPreChecks(parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly coordinator: Coordinator;
  readonly door: TargetDoor;
  readonly commands: CommandService;
  readonly processors: Processors;
  readonly secrets: Secrets;
  readonly access: Access;
}): readonly object[] {
  const { store, clock } = parts;
  const previews = new PreviewService(parts);
  const preChecks = new PreCheckService(store, clock, new FactCollector({ ...parts, previews }));
  return [previews, preChecks, new PipelineStarter({ ...parts, preChecks })];
}
