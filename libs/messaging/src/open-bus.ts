import type { Bus, BusOptions } from './bus.ts';
import { NatsBus } from './nats/nats-bus.ts';
import { NatsLink } from './nats/nats-link.ts';

/** Connects, creates what is missing, and keeps reconnecting for ever. Rejects with BUS_UNREACHABLE when the first connection fails for 30 s. */
export async function openBus(options: BusOptions): Promise<Bus> {
  const link = await NatsLink.open(options);
  try {
    await link.ensureStreams();
  } catch (error) {
    await link.close();
    throw error;
  }
  return new NatsBus(link);
}
