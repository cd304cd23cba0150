import type { ConsumerConfig, ConsumerInfo } from '@nats-io/jetstream';
import type { NatsLink } from './nats-link.ts';
import type { PullSource } from './pull-reader.ts';

/**
 * Creates the durable consumer of a work queue, or takes the one that is there. One whose place lies beyond the end of its
 * stream is made anew: a JetStream that lost its newest messages would otherwise never deliver again.
 */
export async function prepareConsumer(
  link: NatsLink,
  stream: string,
  config: Partial<ConsumerConfig>,
): Promise<PullSource> {
  const consumer = await link.call(async () => {
    const info = await link.jsm.consumers.add(stream, config);
    if (!(await isBeyondEnd(link, stream, info))) return info.name;
    await link.jsm.consumers.delete(stream, info.name);
    return (await link.jsm.consumers.add(stream, config)).name;
  });
  return { stream, consumer };
}

async function isBeyondEnd(link: NatsLink, stream: string, info: ConsumerInfo): Promise<boolean> {
  if (info.delivered.stream_seq === 0) return false;
  const { state } = await link.jsm.streams.info(stream);
  return info.delivered.stream_seq > state.last_seq;
}
