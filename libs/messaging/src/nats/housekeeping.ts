import type { ProcessQueue } from '../bus.ts';
import type { NatsLink } from './nats-link.ts';
import { streamOf } from './subjects.ts';
import { removeConsumer } from './work-queue-consumer.ts';

const QUEUES = ['selected', 'extracted', 'transformed'] as const satisfies readonly ProcessQueue[];

/** Messages per subject that match, without reading them. */
export async function subjectCounts(
  link: NatsLink,
  stream: string,
  filter: string,
): Promise<Readonly<Record<string, number>>> {
  const { state } = await link.call(() => link.jsm.streams.info(stream, { subjects_filter: filter }));
  return state.subjects ?? {};
}

/** Messages of one pipeline and epoch in each queue, delivered and unacknowledged ones included. */
export async function countQueued(
  link: NatsLink,
  pipelineId: string,
  epoch: number,
): Promise<Record<ProcessQueue, number>> {
  const counts = { selected: 0, extracted: 0, transformed: 0 };
  for (const queue of QUEUES) {
    const filter = link.subjects.queueOfPipeline(queue, pipelineId, epoch);
    const subjects = await subjectCounts(link, streamOf(link.subjects, queue), filter);
    counts[queue] = Object.values(subjects).reduce((sum, count) => sum + count, 0);
  }
  return counts;
}

/** The consumer of the queue that only this pipeline's loader reads. */
export function removePipelineConsumer(link: NatsLink, pipelineId: string): Promise<void> {
  return removeConsumer(link, streamOf(link.subjects, 'transformed'), link.subjects.loadDurable(pipelineId));
}

/** Removes messages and body parts of a pipeline's epochs below the given one. */
export async function purgeOldEpochs(link: NatsLink, pipelineId: string, below: number): Promise<void> {
  const { subjects } = link;
  const places = [
    ...QUEUES.map((queue) => ({
      stream: streamOf(subjects, queue),
      filter: (epoch?: number) => subjects.queueOfPipeline(queue, pipelineId, epoch),
    })),
    { stream: subjects.streams.bodies, filter: (epoch?: number) => subjects.bodiesOfPipeline(pipelineId, epoch) },
  ];
  for (const { stream, filter } of places) {
    const found = Object.keys(await subjectCounts(link, stream, filter())).map((subject) => subjects.epochOf(subject));
    for (const epoch of new Set(found.filter((old) => old < below)))
      await link.call(() => link.jsm.streams.purge(stream, { filter: filter(epoch) }));
  }
}
