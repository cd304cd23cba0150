import { DiscardPolicy } from '@nats-io/jetstream';
import type { ProcessQueue, StorageUse } from '../bus.ts';
import { isNoMessage } from './nats-failure.ts';
import type { NatsLink } from './nats-link.ts';
import { streamOf } from './subjects.ts';

const QUEUES = ['selected', 'extracted', 'transformed'] as const satisfies readonly ProcessQueue[];

/** When the oldest message of a pipeline in any queue was stored; null = none waits. */
export async function oldestQueued(link: NatsLink, pipelineId: string): Promise<Date | null> {
  const found = await Promise.all(QUEUES.map((queue) => oldestIn(link, queue, pipelineId)));
  const times = found.flatMap((time) => (time === null ? [] : [time.getTime()]));
  return times.length === 0 ? null : new Date(Math.min(...times));
}

function oldestIn(link: NatsLink, queue: ProcessQueue, pipelineId: string): Promise<Date | null> {
  const filter = link.subjects.queueOfPipeline(queue, pipelineId);
  return link.call(async () => {
    try {
      const stream = streamOf(link.subjects, queue);
      return (await link.jsm.direct.getMessage(stream, { seq: 1, next_by_subj: filter }))?.time ?? null;
    } catch (error) {
      if (isNoMessage(error)) return null;
      throw error;
    }
  });
}

/**
 * How full the streams are that refuse when they are full, and the account's storage where the server limits it. A stream
 * that drops its oldest messages instead is full for most of its life, and that says nothing.
 */
export async function storageUse(link: NatsLink): Promise<StorageUse[]> {
  const { limits, storage } = await link.call(() => link.jsm.getAccountInfo());
  const account = limits.max_storage > 0 ? [{ name: 'JetStream', bytes: storage, bytesMax: limits.max_storage }] : [];
  const streams = await Promise.all(
    Object.values(link.subjects.streams).map((name) => link.call(() => link.jsm.streams.info(name))),
  );
  return [
    ...account,
    ...streams.flatMap(({ config, state }) =>
      config.discard === DiscardPolicy.New && config.max_bytes > 0
        ? [{ name: config.name, bytes: state.bytes, bytesMax: config.max_bytes }]
        : [],
    ),
  ];
}
