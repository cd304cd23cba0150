import { jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { SeededRandom } from '@lutra/testing';
import type { ChaosGround } from '../chaos-site.ts';
import type { Fault, FaultEffect, FaultKind } from '../chaos-types.ts';
import type { FaultFamily } from './fault-family.ts';

const QUEUES = ['SELECTED', 'EXTRACTED', 'TRANSFORMED'] as const;
/** A message in a queue lives for milliseconds. */
const CATCH_LIMIT_MS = 8_000;

/** What JetStream may lose. */
export const STREAM_FAULTS: readonly FaultFamily[] = [
  family('messages-deleted', QUEUES, (manager, stream, random) => deleteMessages(manager, stream, 1 + random.below(3))),
  family(
    'streams-deleted',
    ['all queues', ...QUEUES, 'BODIES', 'EVENTS', 'COMMANDS', 'KV_config', 'KV_cursor', 'KV_schema', 'queues emptied'],
    deleteStreams,
  ),
];

function family(
  kind: FaultKind,
  targets: readonly string[],
  work: (manager: JetStreamManager, stream: string, random: SeededRandom, ground: ChaosGround) => Promise<FaultEffect>,
): FaultFamily {
  return {
    kind,
    targets,
    make: (ground, target, random): Fault => ({
      kind,
      target,
      recoversFrom: 'end',
      run: () => withManager(ground, (manager) => work(manager, target, random, ground)),
    }),
  };
}

/** NATS is asked directly, past all proxies. */
async function withManager(
  ground: ChaosGround,
  work: (manager: JetStreamManager) => Promise<FaultEffect>,
): Promise<FaultEffect> {
  const { servers, user, password } = ground.stack.options.servers.nats;
  const nats = await connect({ servers, user, pass: password, name: 'chaos' });
  try {
    return await work(await jetstreamManager(nats));
  } finally {
    await nats.close();
  }
}

/** Names of streams as libs/messaging makes them of the namespace. */
const NAMESPACE = 'chaos';
const streamOf = (name: string): string =>
  name.startsWith('KV_') ? `KV_${NAMESPACE}_${name.slice(3)}` : `${NAMESPACE.toUpperCase()}_${name}`;

async function deleteMessages(manager: JetStreamManager, name: string, wanted: number): Promise<FaultEffect> {
  const stream = streamOf(name);
  const deadline = performance.now() + CATCH_LIMIT_MS;
  let deleted = 0;
  while (deleted < wanted && performance.now() < deadline) {
    const { state } = await manager.streams.info(stream);
    if (state.messages === 0) continue;
    // It may be loaded already; then there is no such message.
    const isDeleted = await manager.streams.deleteMessage(stream, state.last_seq).catch(() => false);
    if (isDeleted) deleted += 1;
  }
  return { tookEffect: deleted > 0, seen: `${String(deleted)} messages deleted` };
}

async function deleteStreams(manager: JetStreamManager, name: string): Promise<FaultEffect> {
  const names = name === 'all queues' || name === 'queues emptied' ? [...QUEUES, 'BODIES'] : [name];
  let done = 0;
  let messages = 0;
  for (const each of names) {
    const stream = streamOf(each);
    messages += (await manager.streams.info(stream)).state.messages;
    // Of a queue that was empty nothing is gone.
    if (name === 'queues emptied') done += (await manager.streams.purge(stream)).purged > 0 ? 1 : 0;
    else if (await manager.streams.delete(stream)) done += 1;
  }
  return { tookEffect: done > 0, seen: `${String(done)} streams with ${String(messages)} messages` };
}
