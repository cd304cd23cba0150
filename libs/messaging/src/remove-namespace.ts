import type { BusOptions } from './bus.ts';
import { NatsLink } from './nats/nats-link.ts';
import { isMissing, natsFailure } from './nats/nats-failure.ts';

/** Deletes all streams and buckets of a namespace with what they hold: for tests that clean up, and for removing an installation. */
export async function removeNamespace(options: BusOptions & { readonly namespace: string }): Promise<void> {
  const link = await NatsLink.open(options);
  try {
    for (const stream of Object.values(link.subjects.streams)) await removeStream(link, stream);
  } finally {
    await link.close();
  }
}

async function removeStream(link: NatsLink, stream: string): Promise<void> {
  try {
    await link.jsm.streams.delete(stream);
  } catch (error) {
    if (!isMissing(error)) throw natsFailure(error, link.address);
  }
}
