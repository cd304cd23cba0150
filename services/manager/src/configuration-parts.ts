import type { Processors } from '@lutra/mapping';
import type { Clock } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import type { Secrets, Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import type { Access } from './access/access.ts';
import type { CommandReader } from './commands/command-reader.ts';
import { DocumentService } from './documents/document.service.ts';
import { PipelineService } from './pipelines/pipeline.service.ts';
import { RemovalGate } from './pipelines/removal-gate.ts';
import type { Publisher } from './publishing/publisher.ts';
import { RemovalService } from './removals/removal.service.ts';
import { RemovalWorker } from './removals/removal.worker.ts';
import { RevisionService } from './revisions/revision.service.ts';
import type { Store } from './store/store.ts';
import { SystemParameterService } from './system-parameters/system-parameter.service.ts';
import type { TargetDoor } from './targets/target-door.ts';

/** What keeps the history of the configuration and takes away what is no more. */
export function buildConfigurationParts(parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly publisher: Publisher;
  readonly coordinator: Coordinator;
  readonly commands: CommandReader;
  readonly door: TargetDoor;
  readonly log: Logger;
  readonly access: Access;
  readonly secrets: Secrets;
  readonly processors: Processors;
  readonly instance: string;
}): { readonly services: readonly object[]; readonly workers: readonly Worker[] } {
  const { store, clock, publisher, coordinator, access, secrets, processors } = parts;
  const gate = new RemovalGate(coordinator, parts.commands, parts.door);
  return {
    services: [
      new DocumentService({ store, clock, publisher, gate, access, secrets, processors }),
      new PipelineService({ store, clock, publisher, coordinator, access, gate }),
      new RemovalService(store, clock),
      new RevisionService({ store, clock, publisher, secrets }),
      new SystemParameterService(store, clock),
    ],
    workers: [new RemovalWorker(parts)],
  };
}
