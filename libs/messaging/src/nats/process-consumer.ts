import { SyncError } from '@lutra/model';
import type { ProcessHeader, ProcessIdentity } from '@lutra/model';
import type { Msg } from '@nats-io/transport-node';
import type { ConsumeOptions, ProcessDelivery, ProcessSchema } from '../bus.ts';
import { decodeEnvelope } from '../wire/envelope-v1.ts';
import type { EnvelopeBody } from '../wire/envelope-v1.ts';
import { malformed } from '../wire/malformed.ts';
import { fetchParts } from './body-store.ts';
import { deliveryInfo } from './delivery-info.ts';
import { answerAsReader, earlierDeliveries } from './instance-queues.ts';
import type { HeldDeliveries, Settlement } from './held-deliveries.ts';
import type { NatsLink } from './nats-link.ts';
import { queueConsumerConfig } from './stream-configs.ts';
import { prepareConsumer, removeConsumer } from './work-queue-consumer.ts';
import { readWorkQueue } from './work-queue-reader.ts';
import { ANY_TARGET, streamOf } from './subjects.ts';
import { extractTrace } from './trace-headers.ts';

/** Deliveries of a work queue until the signal aborts. What was fetched and not handed out is given back at the end. */
export async function* consumeProcesses(
  link: NatsLink,
  held: HeldDeliveries,
  options: ConsumeOptions,
): AsyncGenerator<ProcessDelivery, void, undefined> {
  const stream = streamOf(link.subjects, options.queue);
  const durable = options.durable ?? link.subjects.queueDurable(options);
  const config = queueConsumerConfig({
    durable,
    filter: link.subjects.queueFilter(options),
    isOfPipeline: options.pipelineId !== undefined,
  });
  let isTakenOver = options.pipelineId === undefined;
  const prepare = async (): ReturnType<typeof prepareConsumer> => {
    if (!isTakenOver) await removeConsumer(link, stream, durable);
    isTakenOver = true;
    return prepareConsumer(link, stream, config);
  };
  const { inFlightMax, signal } = options;
  const endAnswering = (options.target ?? ANY_TARGET) === ANY_TARGET ? null : answerAsReader(link, options);
  try {
    for await (const { message, settlement } of readWorkQueue(link, held, { prepare, inFlightMax, signal })) {
      const delivery = deliveryOf(link, message, settlement);
      if (delivery !== null) yield delivery;
    }
  } finally {
    endAnswering?.();
  }
}

function deliveryOf(link: NatsLink, message: Msg, settlement: Settlement): ProcessDelivery | null {
  const opened = openMessage(message);
  if (opened === null) {
    settlement.term('not a process');
    return null;
  }
  const { header, schema, body } = opened;
  return {
    header,
    schema,
    traceContext: extractTrace(message.headers),
    deliveryCount: deliveryInfo(message).deliveryCount + earlierDeliveries(message.headers),
    bodyBytes: bodyBytes(body),
    fetchBody: () => fetchBody(link, header, body),
    ack: settlement.ack,
    nak: settlement.nak,
    term: settlement.term,
  };
}

type OpenedBody = EnvelopeBody | { readonly kind: 'unreadable'; readonly error: SyncError };

interface OpenedMessage {
  readonly header: ProcessHeader;
  readonly schema: ProcessSchema;
  readonly body: OpenedBody;
}

/**
 * A message that cannot be read is still handed to the stage when its headers say which process it is: fetchBody then
 * rejects, and the stage reports the failure of that pipeline as any other. Null when not even that is known.
 */
function openMessage(message: Msg): OpenedMessage | null {
  try {
    return decodeEnvelope(message.data);
  } catch (error) {
    const header = headerFromHeaders(message);
    if (header === null) return null;
    const schema = (message.headers?.get('Lutra-Schema') ?? '') as ProcessSchema;
    return { header, schema, body: { kind: 'unreadable', error: SyncError.of(error) } };
  }
}

function headerFromHeaders({ headers }: Msg): ProcessHeader | null {
  const number = (name: string): number => Number.parseInt(headers?.get(name) ?? '', 10);
  const identity: ProcessIdentity = {
    pipelineId: headers?.get('Lutra-Pipeline') ?? '',
    epoch: number('Lutra-Epoch'),
    process: number('Lutra-Process'),
  };
  const revision = number('Lutra-Config');
  if (identity.pipelineId === '' || [identity.epoch, identity.process, revision].some(Number.isNaN)) return null;
  return {
    ...identity,
    revision,
    end: { done: { kind: 'mysqlGtid', gtidSet: '' }, inside: null },
    serverUuid: '',
    transactionCount: 0,
    rowCount: 0,
    sourceBytes: 0,
    firstCommitMs: 0,
    lastCommitMs: 0,
    stages: [],
  };
}

function bodyBytes(body: OpenedBody): number {
  switch (body.kind) {
    case 'inline':
      return body.bytes.length;
    case 'manifest':
      return body.manifest.length;
    case 'unreadable':
      return 0;
  }
}

async function fetchBody(link: NatsLink, header: ProcessHeader, body: OpenedBody): Promise<Uint8Array> {
  switch (body.kind) {
    case 'inline':
      return body.bytes;
    case 'manifest':
      if (body.manifest.count === 0) throw malformed('a manifest has no parts');
      return fetchParts(link, header, body.manifest);
    case 'unreadable':
      throw body.error;
  }
}
