import type { LogLine, LutraEvent, ProcessIdentity, SentLevel } from '@lutra/model';
import { SyncError } from '@lutra/model';
import type { ConsumeOptions, EventFilter, LogFilter, ProcessQueue } from '../bus.ts';

/** Every subject, stream, bucket and durable name of Lutra is made here; nothing else spells one. */
export interface Subjects {
  readonly streams: {
    readonly selected: string;
    readonly extracted: string;
    readonly transformed: string;
    readonly bodies: string;
    readonly events: string;
    readonly logs: string;
    readonly commands: string;
    readonly windows: string;
    readonly config: string;
    readonly cursor: string;
    readonly schema: string;
  };
  readonly buckets: { readonly config: string; readonly cursor: string; readonly schema: string };
  /** What each stream holds. */
  readonly all: {
    readonly queue: (queue: ProcessQueue) => string;
    readonly bodies: string;
    readonly events: string;
    readonly logs: string;
    readonly commands: string;
    readonly windows: string;
    readonly keys: (bucket: string) => string;
  };
  readonly queue: (to: {
    readonly queue: ProcessQueue;
    readonly target: string;
    readonly identity: ProcessIdentity;
  }) => string;
  readonly queueFilter: (options: Pick<ConsumeOptions, 'queue' | 'target' | 'pipelineId'>) => string;
  /** Durable name of the consumer that one target's processes of a queue have. */
  readonly queueDurable: (options: Pick<ConsumeOptions, 'queue' | 'target'>) => string;
  /** Durable name of the consumer that a pipeline's loader has. */
  readonly loadDurable: (pipelineId: string) => string;
  /** Whoever reads a target's processes answers here. It is in no stream. */
  readonly queueReader: (options: Pick<ConsumeOptions, 'queue' | 'target'>) => string;
  /** The target of such a name or of a subject in a queue. */
  readonly targetOf: (name: { readonly durable: string } | { readonly subject: string }) => string;
  /** The same subject for another target. */
  readonly withTarget: (subject: string, target: string) => string;
  /** All subjects of one pipeline in a queue, of one epoch or of all. */
  readonly queueOfPipeline: (queue: ProcessQueue, pipelineId: string, epoch?: number) => string;
  /** Prefix of the parts of one attempt; the part's number follows. */
  readonly bodyParts: (identity: ProcessIdentity, stage: string, attempt: string) => string;
  readonly bodiesOfProcess: (identity: ProcessIdentity) => string;
  readonly bodiesOfPipeline: (pipelineId: string, epoch?: number) => string;
  /** The epoch token of a subject in a queue or of a body part. */
  readonly epochOf: (subject: string) => number;
  /** `window` events have subjects of their own, where they replace each other, unless they shall be in the log. */
  readonly event: (event: LutraEvent, isWindowInLog?: boolean) => string;
  readonly eventFilter: (filter: EventFilter, kind?: LutraEvent['kind']) => string;
  /** service, level, pipeline. */
  readonly log: (line: LogLine) => string;
  readonly logFilter: (filter: Pick<LogFilter, 'pipelineId' | 'service'>, level: SentLevel) => string;
  readonly windowFilter: (filter: Pick<EventFilter, 'pipelineId'>) => string;
  readonly command: (pipelineOrChannelId: string) => string;
  readonly key: (bucket: string, key: string) => string;
}

export const DEFAULT_NAMESPACE = 'lutra';
export const ANY_TARGET = 'any';
export const ARBITER_DURABLE = 'arbiter';
export const PIPELINE_KEY = 'pipeline.';
export const ORIGIN_KEY = 'origin.';
export const MESSAGE_ID_HEADER = 'Nats-Msg-Id';
const READER_OF_QUEUE: Readonly<Record<ProcessQueue, string>> = {
  selected: 'extract',
  extracted: 'transform',
  transformed: 'load',
};
/** Begins the token of an instance whose name cannot be one itself. */
const ENCODED_PREFIX = '_b64_';

export const pipelineKey = (pipelineId: string): string => PIPELINE_KEY + token(pipelineId);
export const originKey = (pipelineId: string): string => ORIGIN_KEY + token(pipelineId);

/** Keys of what select keeps of a pipeline's tables; names of tables may hold anything, so they are written in base64url. */
export const historyKeys = (pipelineId: string) => {
  const prefix = `${token(pipelineId)}.`;
  return {
    all: `${prefix}>`,
    mark: `${prefix}mark`,
    table: (schema: string, table: string): string =>
      `${prefix}table.${Buffer.from(`${schema}\0${table}`, 'utf8').toString('base64url')}`,
  };
};

/** The names under one namespace. Throws INTERNAL for a namespace or, later, an id that NATS would take for several tokens or a wildcard. */
export function subjectsOf(namespace: string): Subjects {
  const root = token(namespace);
  const upper = root.toUpperCase();
  const config = `${root}_config`;
  const cursor = `${root}_cursor`;
  const schema = `${root}_schema`;
  const identityTokens = (identity: ProcessIdentity): string =>
    `${token(identity.pipelineId)}.${String(identity.epoch)}`;
  const ofEpoch = (epoch: number | undefined): string => (epoch === undefined ? '*' : String(epoch));
  const target = (queue: ProcessQueue, name: string): string => (queue === 'transformed' ? '' : `${name}.`);
  const durablePrefix = (queue: ProcessQueue): string => `${READER_OF_QUEUE[queue]}-`;
  return {
    streams: streamsOf(upper, { config, cursor, schema }),
    buckets: { config, cursor, schema },
    all: {
      queue: (queue) => `${root}.${queue}.>`,
      bodies: `${root}.body.>`,
      events: `${root}.events.>`,
      logs: `${root}.logs.>`,
      commands: `${root}.commands.>`,
      windows: `${root}.windows.>`,
      keys: (bucket) => `$KV.${bucket}.>`,
    },
    queue: (to) => `${root}.${to.queue}.${target(to.queue, targetToken(to.target))}${identityTokens(to.identity)}`,
    queueFilter: (options) =>
      `${root}.${options.queue}.${target(options.queue, targetToken(options.target ?? ANY_TARGET))}` +
      `${options.pipelineId === undefined ? '*' : token(options.pipelineId)}.*`,
    queueDurable: ({ queue, target: name = ANY_TARGET }) => durablePrefix(queue) + targetToken(name),
    loadDurable: (pipelineId) => `${durablePrefix('transformed')}${token(pipelineId)}`,
    queueReader: ({ queue, target: name = ANY_TARGET }) => `${root}.reader.${queue}.${targetToken(name)}`,
    targetOf: (name) =>
      targetOfToken(
        'durable' in name ? name.durable.slice(name.durable.indexOf('-') + 1) : (name.subject.split('.')[2] ?? ''),
      ),
    withTarget: (subject, name) => {
      const tokens = subject.split('.');
      tokens[2] = targetToken(name);
      return tokens.join('.');
    },
    queueOfPipeline: (queue, pipelineId, epoch) =>
      `${root}.${queue}.${target(queue, '*')}${token(pipelineId)}.${ofEpoch(epoch)}`,
    bodyParts: (identity, stage, attempt) =>
      `${root}.body.${identityTokens(identity)}.${String(identity.process)}.${stage}.${attempt}.`,
    bodiesOfProcess: (identity) => `${root}.body.${identityTokens(identity)}.${String(identity.process)}.>`,
    bodiesOfPipeline: (pipelineId, epoch) => `${root}.body.${token(pipelineId)}.${ofEpoch(epoch)}.>`,
    epochOf: (subject) => {
      const tokens = subject.split('.');
      return Number(tokens[1] === 'body' ? tokens[3] : tokens.at(-1));
    },
    event: ({ pipelineId, kind }, isWindowInLog = false) => {
      const id = pipelineId === null ? '_' : token(pipelineId);
      return kind === 'window' && !isWindowInLog ? `${root}.windows.${id}` : `${root}.events.${id}.${kind}`;
    },
    windowFilter: ({ pipelineId }) => `${root}.windows.${pipelineId === undefined ? '*' : token(pipelineId)}`,
    eventFilter: (filter, kind) =>
      `${root}.events.${filter.pipelineId === undefined ? '*' : token(filter.pipelineId)}.${kind ?? '*'}`,
    log: ({ service, level, pipelineId }) => `${root}.logs.${service}.${level}.${pipelineOfLine(pipelineId)}`,
    logFilter: ({ service, pipelineId }, level) =>
      `${root}.logs.${service ?? '*'}.${level}.${pipelineId === undefined ? '*' : token(pipelineId)}`,
    command: (pipelineId) => `${root}.commands.${token(pipelineId)}`,
    key: (bucket, key) => `$KV.${bucket}.${key}`,
  };
}

function streamsOf(upper: string, { config, cursor, schema }: Subjects['buckets']): Subjects['streams'] {
  return {
    selected: `${upper}_SELECTED`,
    extracted: `${upper}_EXTRACTED`,
    transformed: `${upper}_TRANSFORMED`,
    bodies: `${upper}_BODIES`,
    events: `${upper}_EVENTS`,
    logs: `${upper}_LOGS`,
    commands: `${upper}_COMMANDS`,
    windows: `${upper}_WINDOWS`,
    config: `KV_${config}`,
    cursor: `KV_${cursor}`,
    schema: `KV_${schema}`,
  };
}

/** A line may name anything: what is no token has no filter of its own. */
const pipelineOfLine = (id: string | null): string => (id !== null && isToken(id) ? id : '_');

/** Name of the stream that holds a queue. */
export const streamOf = (subjects: Subjects, queue: ProcessQueue): string => subjects.streams[queue];

/** A name that is no token is written in base64url: different names have different tokens, and one has always the same. */
function targetToken(name: string): string {
  if (isToken(name) && !name.startsWith(ENCODED_PREFIX)) return name;
  return ENCODED_PREFIX + Buffer.from(name, 'utf8').toString('base64url');
}

function targetOfToken(text: string): string {
  if (!text.startsWith(ENCODED_PREFIX)) return text;
  return Buffer.from(text.slice(ENCODED_PREFIX.length), 'base64url').toString('utf8');
}

const isToken = (text: string): boolean => /^[A-Za-z0-9_-]+$/.test(text);

function token(text: string): string {
  if (!isToken(text))
    throw new SyncError('INTERNAL', {
      problem: `'${text}' cannot be part of a subject: letters, digits, - and _ only`,
    });
  return text;
}
