import { Processors } from '@lutra/mapping';
import { Secrets } from '@lutra/service-kit';
import type { ServiceContext, Worker } from '@lutra/service-kit';
import { buildAccess } from './access/build-access.ts';
import { buildAlarms } from './alarms/build-alarms.ts';
import { ensureDefaultRules } from './alarms/default-rules.ts';
import { showFirstKey } from './api-keys/first-key.ts';
import { ChannelService } from './channels/channel.service.ts';
import { CommandReader } from './commands/command-reader.ts';
import { CommandService } from './commands/command.service.ts';
import { PermitRestorer } from './commands/permit-restorer.ts';
import { buildConfigurationParts } from './configuration-parts.ts';
import { ConflictService } from './conflicts/conflict.service.ts';
import { buildDataSources } from './data-sources/data-source-parts.ts';
import { DeadLetterService } from './dead-letters/dead-letter.service.ts';
import { OpenDeadLetters } from './dead-letters/open-dead-letters.ts';
import { EventService } from './events/event.service.ts';
import { GroupCheckService } from './group-checks/group-check.service.ts';
import { GroupChecker } from './group-checks/group-check.worker.ts';
import { InstanceService } from './instances/instance.service.ts';
import { LogService } from './logs/log.service.ts';
import type { ManagerEnv } from './manager.env.ts';
import { MappingImporter } from './mapping-import/mapping-importer.ts';
import { PROCESSOR_MS_MAX } from './mapping-rules/check-processors.ts';
import { MappingService } from './mappings/mapping.service.ts';
import { TableResolver } from './mappings/table-resolver.ts';
import { PipelineMover } from './pipelines/pipeline-mover.ts';
import { PipelineStateReader } from './pipelines/pipeline-state.ts';
import { buildPreChecks } from './pre-check/pre-check-parts.ts';
import { buildPositionParts } from './positions/position-parts.ts';
import { Publisher } from './publishing/publisher.ts';
import { ResyncService } from './resyncs/resync.service.ts';
import { ResyncWorker } from './resyncs/resync.worker.ts';
import { RunbookLinks } from './runbook/runbook-links.ts';
import { buildSecrets } from './secrets/build-secrets.ts';
import { PipelineWatch } from './statistics/pipeline-watch.ts';
import { buildStatisticParts } from './statistics/statistic-parts.ts';
import { StoreWorker } from './store/store.worker.ts';
import { storeOptionsOf } from './store/store-options.ts';
import { Store } from './store/store.ts';
import { TargetDoor } from './targets/target-door.ts';

/** The manager's objects, wired. None of them knows NestJS. */
export interface ManagerParts {
  /** What controllers and guards ask for, by class. */
  readonly services: readonly object[];
  readonly workers: readonly Worker[];
}

export function buildManagerParts(context: ServiceContext<ManagerEnv>): ManagerParts {
  const { env, clock, bus, coordinator, log } = context;
  const { instance } = context.identity;
  const store = new Store(storeOptionsOf(env), clock);
  const { access, keys, services: accessServices } = buildAccess(store, clock);
  const publisher = new Publisher({ store, bus, coordinator, clock, log, instance });
  const watch = new PipelineWatch();
  const links = new RunbookLinks(env.LUTRA_RUNBOOK_URL);
  const instances = new InstanceService({ store, coordinator, bus, clock });
  const commandService = new CommandService(store, clock, bus);
  const commands = new CommandReader(store, bus, access, clock);
  const statistics = buildStatisticParts(context, { store, watch });
  const [secrets, processors] = [new Secrets(env), processorsOf(context)];
  const door = new TargetDoor(store, clock, secrets);
  const sealing = buildSecrets(context, { store, publisher, secrets });
  const openLetters = new OpenDeadLetters(door, clock);
  const alarms = buildAlarms(context, { store, watch, door, commands: commandService, secrets, access });
  const ofStore = { store, clock, publisher, access, secrets, processors };
  const configuration = buildConfigurationParts({ ...ofStore, coordinator, commands, door, log, instance });
  const positions = buildPositionParts(context, { store, door, publisher, secrets });
  return {
    services: [
      ...configuration.services,
      links,
      ...accessServices,
      ...alarms.services,
      new ChannelService(store, clock),
      commands,
      commandService,
      new ConflictService({ store, clock, door, access }),
      ...buildDataSources({ store, clock, publisher, door, access, secrets }),
      new DeadLetterService({ store, clock, door, links, access }),
      new EventService(bus, clock, links, access),
      new GroupCheckService(store),
      instances,
      new LogService(bus, access),
      new MappingImporter(store, clock, publisher),
      new MappingService(store, clock, publisher, secrets, access, processors),
      new TableResolver(store),
      new ResyncService({ store, bus, clock, secrets }),
      new PipelineMover(commandService, instances, coordinator),
      ...buildPreChecks({ ...ofStore, bus, coordinator, door, commands: commandService }),
      new PipelineStateReader({ watch, coordinator, bus, clock, commands, links, openLetters }),
      ...sealing.services,
      ...positions.services,
      ...statistics.services,
    ],
    workers: [
      new StoreWorker({
        store,
        clock,
        log,
        prepare: async (manager) => {
          await keys.ensureFirst(manager, (token) => showFirstKey(token, env.LUTRA_ADMIN_TOKEN_FILE));
          await ensureDefaultRules(manager, clock.now());
        },
      }),
      publisher,
      ...alarms.workers,
      ...configuration.workers,
      new ResyncWorker({ store, bus, coordinator, watch, secrets, clock, log, instance }),
      new GroupChecker({ store, bus, coordinator, clock, secrets, log, instance }),
      new PermitRestorer({ store, bus, coordinator, clock, log, instance }),
      ...sealing.workers,
      ...positions.workers,
      ...statistics.workers,
    ],
  };
}

/** Says at the start which cannot be used. */
function processorsOf({ env, clock, log }: ServiceContext<ManagerEnv>): Processors {
  const processors = new Processors({
    ...{ allowed: env.LUTRA_PROCESSORS, timeoutMs: PROCESSOR_MS_MAX, clock },
    onFailure: (failure) => log.error(failure, 'processor cannot be used'),
  });
  // Never rejects.
  void processors.load();
  return processors;
}
