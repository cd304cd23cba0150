import { randomUUID } from 'node:crypto';
import { Bell } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { HeldNode, removeStray } from './held-node.ts';
import { isUnreachable } from './session-keeper.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { REREAD_MS } from './watch-value.ts';
import type { ZooKeeperClient } from './zookeeper-client.ts';

const RETRY_PAUSE_MS = 100;
/** ZooKeeper appends the number with this many digits. */
const SEQUENCE_DIGITS = 10;

/**
 * Waits for the turn in the queue of numbered ephemeral nodes below `folder`, each watching only the one before it. A
 * node's name begins with a token: after a lost answer it is looked for instead of queueing a second time. Rejects when
 * `signal` aborts, leaving no node behind.
 */
export async function acquireQueueLock(
  keeper: SessionKeeper,
  request: { readonly folder: string; readonly content: string },
  signal: AbortSignal,
): Promise<HeldNode> {
  let ticket: Ticket | undefined;
  const bell = new Bell(keeper.clock);
  const forget = keeper.onStateChange(bell.ring);
  try {
    for (;;) {
      const client = await keeper.connected(signal);
      // Another session: whatever was queued under the old one goes with it.
      if (ticket?.client !== client) ticket = new Ticket(client, keeper.clock, request);
      try {
        const held = await ticket.advance(bell.ring);
        if (held !== null) return held;
        await bell.wait(REREAD_MS, signal, client.ended);
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        await keeper.clock.sleep(RETRY_PAUSE_MS, signal);
      }
    }
  } catch (error) {
    await ticket?.abandon();
    throw error;
  } finally {
    forget();
    ticket?.client.unwatch(bell.ring);
  }
}

class Ticket {
  private readonly token = randomUUID();
  private isDoubtful = false;

  constructor(
    readonly client: ZooKeeperClient,
    private readonly clock: Clock,
    private readonly request: { readonly folder: string; readonly content: string },
  ) {}

  /** Takes a place in the queue when there is none yet; the held node when it is the first, else null with a watch on the one before. */
  async advance(onChange: () => void): Promise<HeldNode | null> {
    for (;;) {
      const queue = await this.queue();
      const place = queue.findIndex((name) => name.startsWith(this.token));
      if (place < 0) {
        this.isDoubtful = true;
        await this.client.create(`${this.request.folder}/${this.token}-`, this.request.content, 'ephemeralSequential');
        continue;
      }
      const own = queue[place];
      const before = queue[place - 1];
      if (before === undefined) return this.hold(`${this.request.folder}/${String(own)}`);
      const path = `${this.request.folder}/${before}`;
      if ((await this.client.read(path, onChange, { missing: 'final' })) !== null) return null;
    }
  }

  async abandon(): Promise<void> {
    if (this.isDoubtful) await removeStray(this.client, this.clock, () => this.findOwn());
  }

  private hold(path: string): HeldNode {
    return new HeldNode(this.client, this.clock, { path, isMine: () => true, findOwn: () => this.findOwn() });
  }

  private async queue(): Promise<string[]> {
    const names = (await this.client.children(this.request.folder)) ?? [];
    return names.sort((a, b) => sequenceOf(a).localeCompare(sequenceOf(b)));
  }

  private async findOwn(): Promise<string[]> {
    return (await this.queue())
      .filter((name) => name.startsWith(this.token))
      .map((name) => `${this.request.folder}/${name}`);
  }
}

const sequenceOf = (name: string): string => name.slice(-SEQUENCE_DIGITS);
