import type { ResyncWish } from '@lutra/model';
import type { ServiceContext } from '@lutra/service-kit';

/** A message of NATS holds 1 MiB. */
const BYTES_MAX = 256 * 1024;
const WISHES_MAX = 5_000;

/**
 * Puts wishes into the event log, where the manager takes them from: however many they are, the process that they came with goes
 * on at once. Those of a process that is repeated come twice, which is harmless. Throws what the bus throws.
 */
export const handOnWishes =
  ({ bus, clock, identity }: Pick<ServiceContext, 'bus' | 'clock' | 'identity'>) =>
  async (pipelineId: string, all: readonly ResyncWish[]): Promise<void> => {
    for (const wishes of portionsOf(all))
      await bus.publishEvent({
        ...{ v: 1, kind: 'wishes', at: clock.now().toISOString(), who: identity.instance, pipelineId, epoch: null },
        ...{ process: null, traceId: null, wishes },
      });
  };

function portionsOf(all: readonly ResyncWish[]): readonly (readonly ResyncWish[])[] {
  const portions: ResyncWish[][] = [];
  let bytes = 0;
  for (const wish of all) {
    const size = Buffer.byteLength(JSON.stringify(wish));
    const last = portions.at(-1);
    bytes += size;
    if (last !== undefined && last.length < WISHES_MAX && bytes <= BYTES_MAX) last.push(wish);
    else {
      portions.push([wish]);
      bytes = size;
    }
  }
  return portions;
}
