import type { Secrets, ServiceContext, Worker } from '@lutra/service-kit';
import type { ManagerEnv } from '../manager.env.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { SkipService } from '../skips/skip.service.ts';
import type { Store } from '../store/store.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { PositionKeeper } from './position-keeper.worker.ts';
import { PositionService } from './position.service.ts';
import { RewindService } from './rewind.service.ts';

/** Positions, and what is left out at one, wired. */
export function buildPositionParts(
  { clock, bus, coordinator, log, identity }: ServiceContext<ManagerEnv>,
  {
    store,
    door,
    publisher,
    secrets,
  }: { readonly store: Store; readonly door: TargetDoor; readonly publisher: Publisher; readonly secrets: Secrets },
): { readonly services: readonly object[]; readonly workers: readonly Worker[] } {
  const parts = { store, clock, bus, coordinator, door, secrets, instance: identity.instance };
  return {
    services: [new PositionService(parts), new RewindService(parts), new SkipService({ ...parts, publisher })],
    workers: [new PositionKeeper({ ...parts, log })],
  };
}
