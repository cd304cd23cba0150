import type { Processors } from '@lutra/mapping';
import type { Clock } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import type { Bus } from '@lutra/messaging';
import type { CommandService } from '../commands/command.service.ts';
import type { Store } from '../store/store.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { FactCollector } from './fact-collector.ts';
import { PipelineStarter } from './pipeline-starter.ts';
import { PreCheckService } from './pre-check.service.ts';

/** What looks at pipelines before they start. */
export function buildPreChecks(parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly coordinator: Coordinator;
  readonly door: TargetDoor;
  readonly commands: CommandService;
  readonly processors: Processors;
}): readonly object[] {
  const { store, clock } = parts;
  const preChecks = new PreCheckService(store, clock, new FactCollector(parts));
  return [preChecks, new PipelineStarter({ ...parts, preChecks })];
}
