import type { Secrets, ServiceContext, Worker } from '@lutra/service-kit';
import type { Access } from '../access/access.ts';
import type { CommandService } from '../commands/command.service.ts';
import type { ManagerEnv } from '../manager.env.ts';
import { ReceiverDoor } from '../receivers/receiver-door.ts';
import { ReceiverService } from '../receivers/receiver.service.ts';
import type { PipelineWatch } from '../statistics/pipeline-watch.ts';
import type { Store } from '../store/store.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { AlarmRuleService } from './alarm-rule.service.ts';
import { AlarmService } from './alarm.service.ts';
import { AlarmWorker } from './alarm.worker.ts';
import { DeliveryWorker } from './delivery.worker.ts';
import { FactReader } from './fact-reader.ts';

/** Rules, alarms and receivers, wired. */
export function buildAlarms(
  { clock, bus, coordinator, log, identity }: ServiceContext<ManagerEnv>,
  parts: {
    readonly store: Store;
    readonly watch: PipelineWatch;
    readonly door: TargetDoor;
    readonly commands: CommandService;
    readonly secrets: Secrets;
    readonly access: Access;
  },
): { readonly services: readonly object[]; readonly workers: readonly Worker[] } {
  const { store, watch, door, commands, secrets, access } = parts;
  const { instance } = identity;
  const receiverDoor = new ReceiverDoor(store, clock, secrets);
  const deliveries = new DeliveryWorker({ store, clock, log, door: receiverDoor, commands, bus, instance });
  const newReader = (): FactReader => new FactReader({ store, bus, coordinator, watch, door, clock });
  return {
    services: [
      new AlarmService(store, clock, access),
      new AlarmRuleService(store, clock),
      new ReceiverService({ store, clock, door: receiverDoor, secrets }),
    ],
    workers: [new AlarmWorker({ store, coordinator, clock, log, instance, deliveries, newReader }), deliveries],
  };
}
