import { SyncError } from '@lutra/model';
import type { ProcessIdentity } from '@lutra/model';
import type { StoredMsg } from '@nats-io/jetstream';
import { errors, headers as newHeaders } from '@nats-io/transport-node';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { ConsumeOptions, InstanceQueue, StageQueue } from '../bus.ts';
import { subjectCounts } from './housekeeping.ts';
import { isMissing, isNoMessage } from './nats-failure.ts';
import type { NatsLink } from './nats-link.ts';
import { queueConsumerConfig } from './stream-configs.ts';
import { ANY_TARGET, MESSAGE_ID_HEADER, streamOf } from './subjects.ts';
import { prepareConsumer, removeConsumer } from './work-queue-consumer.ts';

/** How often a process was delivered before it was moved here: a process that kills its readers is to be known as one. */
const DELIVERIES_HEADER = 'Lutra-Deliveries';
/** A stream that is full takes a process again when the one that is moved has left it. */
const FULL_TRIES = 50;
const FULL_WAIT_MS = 200;
/** A reader that does not answer for so long may be busy: only that nobody listens at all tells something. */
const READER_ANSWER_MS = 1_000;

/** Deliveries of a process in the queues that it was moved from. */
export const earlierDeliveries = (headers: MsgHdrs | undefined): number =>
  Number.parseInt(headers?.get(DELIVERIES_HEADER) ?? '', 10) || 0;

/** Makes sure that the consumer of an instance's own processes is there. */
export async function openInstanceQueue(link: NatsLink, { queue, instance }: InstanceQueue): Promise<void> {
  const { subjects } = link;
  const of = { queue, target: instance };
  const config = { durable: subjects.queueDurable(of), filter: subjects.queueFilter(of), isOfPipeline: false };
  await prepareConsumer(link, streamOf(subjects, queue), queueConsumerConfig(config));
}

/** Answers that this queue is read, until the returned function is called. NATS knows at once when a killed process does not listen any more. */
export function answerAsReader(link: NatsLink, queue: Pick<ConsumeOptions, 'queue' | 'target'>): () => void {
  const subscription = link.nc.subscribe(link.subjects.queueReader(queue), {
    callback: (error, message) => {
      if (error === null) message.respond();
    },
  });
  return () => {
    subscription.unsubscribe();
  };
}

/** Never rejects: who cannot be asked is taken for a reader. */
export async function isInstanceQueueRead(link: NatsLink, { queue, instance }: InstanceQueue): Promise<boolean> {
  const subject = link.subjects.queueReader({ queue, target: instance });
  try {
    await link.nc.request(subject, undefined, { timeout: READER_ANSWER_MS });
    return true;
  } catch (error) {
    const cause = error instanceof errors.RequestError && error.isNoResponders();
    return !cause && !(error instanceof errors.NoRespondersError);
  }
}

/** Names of the instances that have messages of their own and, where asked, of those that have a consumer. */
export async function namesOfInstanceQueues(
  link: NatsLink,
  queue: StageQueue,
  withConsumers: boolean,
): Promise<string[]> {
  const { subjects } = link;
  const stream = streamOf(subjects, queue);
  const stored = Object.keys(await subjectCounts(link, stream, subjects.all.queue(queue)));
  const names = new Set(stored.map((subject) => subjects.targetOf({ subject })));
  if (withConsumers) for (const durable of await consumerNames(link, stream)) names.add(subjects.targetOf({ durable }));
  names.delete(ANY_TARGET);
  return [...names].sort();
}

/** Each process is stored for any instance before it is deleted: whoever is stopped in between repeats it under the same id. */
export async function moveInstanceQueue(
  link: NatsLink,
  { queue, instance }: InstanceQueue,
  isClosed: boolean,
): Promise<ProcessIdentity[]> {
  const { subjects } = link;
  const stream = streamOf(subjects, queue);
  const of = { queue, target: instance };
  const filter = subjects.queueFilter(of);
  const durable = subjects.queueDurable(of);
  const deliveredUpTo = await lastDelivered(link, stream, durable);
  const moved: ProcessIdentity[] = [];
  for (let sequence = 1; ;) {
    const stored = await nextStored(link, { stream, filter, sequence });
    if (stored === null) break;
    await moveOne(link, { stream, stored, wasDelivered: stored.seq <= deliveredUpTo });
    moved.push(identityOf(stored));
    sequence = stored.seq + 1;
  }
  if (isClosed) await removeConsumer(link, stream, durable);
  return moved;
}

async function moveOne(
  link: NatsLink,
  {
    stream,
    stored,
    wasDelivered,
  }: { readonly stream: string; readonly stored: StoredMsg; readonly wasDelivered: boolean },
): Promise<void> {
  const subject = link.subjects.withTarget(stored.subject, ANY_TARGET);
  const id = `${stored.header.get(MESSAGE_ID_HEADER)}.${String(stored.seq)}`;
  const headers = newHeaders();
  for (const [name, values] of stored.header)
    if (name !== MESSAGE_ID_HEADER && !name.startsWith('Nats-'))
      for (const value of values) headers.append(name, value);
  if (wasDelivered) headers.set(DELIVERIES_HEADER, String(earlierDeliveries(stored.header) + 1));
  const publish = async (): Promise<void> => {
    await link.publish(subject, stored.data, { id, headers });
  };
  try {
    await publish();
    await deleteMessage(link, stream, stored.seq);
  } catch (error) {
    if (SyncError.of(error).code !== 'BUS_STREAM_FULL') throw error;
    // Its own bytes may be what is missing. Whoever ends in between leaves a gap, which load reports.
    await deleteMessage(link, stream, stored.seq);
    await publishPatiently(link, publish);
  }
}

async function publishPatiently(link: NatsLink, publish: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await publish();
      return;
    } catch (error) {
      if (tries === FULL_TRIES || SyncError.of(error).code !== 'BUS_STREAM_FULL') throw error;
      await link.clock.sleep(FULL_WAIT_MS, link.closed);
    }
  }
}

/** The first message from `sequence` on that matches; null when there is none. */
function nextStored(
  link: NatsLink,
  from: { readonly stream: string; readonly filter: string; readonly sequence: number },
): Promise<StoredMsg | null> {
  return link.call(async () => {
    try {
      return await link.jsm.direct.getMessage(from.stream, { seq: from.sequence, next_by_subj: from.filter });
    } catch (error) {
      if (isNoMessage(error)) return null;
      throw error;
    }
  });
}

/** Gone already: another one has moved it, or its reader has acknowledged it. */
async function deleteMessage(link: NatsLink, stream: string, sequence: number): Promise<void> {
  await link.call(async () => {
    try {
      await link.jsm.streams.deleteMessage(stream, sequence, false);
    } catch (error) {
      if (!isNoMessage(error)) throw error;
    }
  });
}

async function lastDelivered(link: NatsLink, stream: string, durable: string): Promise<number> {
  return link.call(async () => {
    try {
      return (await link.jsm.consumers.info(stream, durable)).delivered.stream_seq;
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  });
}

async function consumerNames(link: NatsLink, stream: string): Promise<string[]> {
  return link.call(async () => {
    const names: string[] = [];
    for await (const { name } of link.jsm.consumers.list(stream)) names.push(name);
    return names;
  });
}

function identityOf({ header }: StoredMsg): ProcessIdentity {
  const number = (name: string): number => Number.parseInt(header.get(name), 10);
  return {
    pipelineId: header.get('Lutra-Pipeline'),
    epoch: number('Lutra-Epoch'),
    process: number('Lutra-Process'),
  };
}
