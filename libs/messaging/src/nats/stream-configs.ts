import { PARALLELISM_MAX } from '@lutra/model';
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { ProcessQueue } from '../bus.ts';
import type { Subjects } from './subjects.ts';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 3600 * 1000;

// Byte limits are reserved by the server when a stream is made: they add up to 5 GiB, which a small machine has.
// An operator of a large installation raises them (`nats stream edit`; of events LUTRA_EVENTS_MIB); what stands is never
// changed back.
/** 64 messages of 512 KiB per pipeline at most; 200 pipelines with the default window and full messages. */
const QUEUE_BYTES_MAX = 512 * MIB;
/** Both images of a 64 MiB row, for three stages and a window of five. */
const BODIES_BYTES_MAX = 2048 * MIB;
const BODIES_AGE_MAX_MS = DAY_MS;
/** A `loaded` event has some 700 bytes: a day of 500 pipelines that load a process each five seconds are 6 GiB. */
const EVENTS_BYTES_MAX = 1024 * MIB;
const EVENTS_AGE_MAX_MS = 7 * DAY_MS;
/** Some ten thousand lines. */
const LOGS_BYTES_MAX = 16 * MIB;
const COMMANDS_BYTES_MAX = 16 * MIB;
/** Select says once a second how it stands; what it said before is of interest to nobody for long. */
const WINDOWS_KEPT = 4;
/** 4 KiB each, for 1 000 pipelines. */
const WINDOWS_BYTES_MAX = 16 * MIB;
const WINDOWS_AGE_MAX_MS = DAY_MS;
const BUCKET_BYTES_MAX = 64 * MIB;
const KEY_HISTORY = 64;
/** Longer than any repeat of a publish after a lost answer. */
const DUPLICATE_WINDOW_MS = 120_000;

/** A dead reader's deliveries go to another one after this, so that its work is taken over within 10 s. In-progress signals come every third of it. */
export const ACK_WAIT_MS = 8_000;
const COMMAND_ACK_WAIT_MS = 30_000;
/** Sum of the windows of all pipelines: a limit against runaway readers, not a flow control. */
const ACK_PENDING_MAX = 1_000;
/** The load consumer of a removed pipeline disappears; its messages stay in the queue. */
const PIPELINE_CONSUMER_INACTIVE_MS = DAY_MS;

export type NamedStreamConfig = Partial<StreamConfig> & { readonly name: string; readonly max_bytes: number };

/** All streams of a namespace, buckets included. Only features of NATS 2.9. */
export function streamConfigs(subjects: Subjects, eventsBytesMax = EVENTS_BYTES_MAX): NamedStreamConfig[] {
  return [
    queueConfig(subjects, 'selected'),
    queueConfig(subjects, 'extracted'),
    queueConfig(subjects, 'transformed'),
    {
      ...fileStream(subjects.streams.bodies, subjects.all.bodies, BODIES_BYTES_MAX),
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      max_age: nanos(BODIES_AGE_MAX_MS),
    },
    {
      ...fileStream(subjects.streams.events, subjects.all.events, eventsBytesMax),
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(EVENTS_AGE_MAX_MS),
    },
    {
      ...fileStream(subjects.streams.logs, subjects.all.logs, LOGS_BYTES_MAX),
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(EVENTS_AGE_MAX_MS),
    },
    {
      ...fileStream(subjects.streams.commands, subjects.all.commands, COMMANDS_BYTES_MAX),
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
    },
    {
      ...fileStream(subjects.streams.windows, subjects.all.windows, WINDOWS_BYTES_MAX),
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(WINDOWS_AGE_MAX_MS),
      max_msgs_per_subject: WINDOWS_KEPT,
    },
    bucketConfig(subjects.streams.config, subjects.all.keys(subjects.buckets.config)),
    bucketConfig(subjects.streams.cursor, subjects.all.keys(subjects.buckets.cursor)),
    // A value of it replaces the one before: the value itself is a history.
    { ...bucketConfig(subjects.streams.schema, subjects.all.keys(subjects.buckets.schema)), max_msgs_per_subject: 1 },
  ];
}

/** The shared consumer of a work queue: explicit acknowledgement, delivered for ever (the reader decides what is poison). */
export function queueConsumerConfig(options: {
  readonly durable: string;
  readonly filter: string;
  readonly isOfPipeline: boolean;
}): Partial<ConsumerConfig> {
  return {
    ...workQueueConsumer(options.durable, ACK_WAIT_MS),
    filter_subject: options.filter,
    ...(options.isOfPipeline ? { inactive_threshold: nanos(PIPELINE_CONSUMER_INACTIVE_MS) } : {}),
  };
}

export const commandConsumerConfig = (durable: string): Partial<ConsumerConfig> =>
  workQueueConsumer(durable, COMMAND_ACK_WAIT_MS);

function workQueueConsumer(durable: string, ackWaitMs: number): Partial<ConsumerConfig> {
  return {
    durable_name: durable,
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.Explicit,
    replay_policy: ReplayPolicy.Instant,
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: ACK_PENDING_MAX,
    max_deliver: -1,
  };
}

function queueConfig(subjects: Subjects, queue: ProcessQueue): NamedStreamConfig {
  return {
    ...fileStream(subjects.streams[queue], subjects.all.queue(queue), QUEUE_BYTES_MAX),
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
    max_msgs_per_subject: 2 * PARALLELISM_MAX,
  };
}

/** The layout of a NATS key-value bucket, so that its ordinary tools can read it. */
function bucketConfig(name: string, subject: string): NamedStreamConfig {
  return {
    ...fileStream(name, subject, BUCKET_BYTES_MAX),
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: KEY_HISTORY,
    allow_rollup_hdrs: true,
    deny_delete: true,
  };
}

function fileStream(name: string, subject: string, bytesMax: number): NamedStreamConfig {
  return {
    name,
    subjects: [subject],
    storage: StorageType.File,
    max_bytes: bytesMax,
    max_msgs: -1,
    max_consumers: -1,
    max_msg_size: -1,
    num_replicas: 1,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    allow_direct: true,
  };
}
