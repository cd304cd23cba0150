import type { ConsumerConfig, ConsumerInfo } from '@nats-io/jetstream';
import { isMissing } from './nats-failure.ts';
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

/**
 * For a consumer that only one reader may use at a time: whatever an earlier reader has asked for ends with it, so that one
 * which stands still takes nothing more. What it did not acknowledge is delivered anew.
 */
export async function removeConsumer(link: NatsLink, stream: string, name: string): Promise<void> {
  await link.call(async () => {
    try {
      await link.jsm.consumers.delete(stream, name);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  });
}

async function isBeyondEnd(link: NatsLink, stream: string, info: ConsumerInfo): Promise<boolean> {
  if (info.delivered.stream_seq === 0) return false;
  const { state } = await link.jsm.streams.info(stream);
  return info.delivered.stream_seq > state.last_seq;
}
