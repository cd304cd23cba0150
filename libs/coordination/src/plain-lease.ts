import { randomUUID } from 'node:crypto';
import { Bell } from '@lutra/model';
import type { LeaseHolder } from '@lutra/model';
import type { Lease, LeaseManners } from './coordinator.ts';
import { HeldNode, removeStray } from './held-node.ts';
import { isUnreachable, stopped } from './session-keeper.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { REREAD_MS } from './watch-value.ts';
import type { NodeContent, ZooKeeperClient } from './zookeeper-client.ts';

const RETRY_PAUSE_MS = 100;

export interface LeaseRequest {
  readonly path: string;
  readonly instance: string;
  /** Asked after the node is ours: whatever was written before we won is then visible to us. */
  readonly epochSeen: () => Promise<number>;
  readonly manners?: LeaseManners;
}

/**
 * Waits until one plain ephemeral node is ours. The node carries a token, so that a create whose answer was lost is
 * recognised after the reconnect instead of being waited for. Rejects when `signal` aborts, leaving no node behind.
 */
export async function acquirePlainLease(
  keeper: SessionKeeper,
  request: LeaseRequest,
  signal: AbortSignal,
): Promise<Lease> {
  const contender = new Contender(keeper, request, signal);
  try {
    return await contender.contend();
  } catch (error) {
    await contender.abandon();
    throw error;
  }
}

/** Content of a lease node as people and other instances see it; null when it cannot be read. */
export function leaseHolderOf(content: NodeContent): LeaseHolder | null {
  const stored = parse(content);
  return stored === null ? null : { instance: stored.instance, epoch: stored.epoch, since: stored.since };
}

type StoredHolder = LeaseHolder & { readonly token: string };

class Contender {
  private readonly token = randomUUID();
  private readonly bell: Bell;
  /** Session in which a node of ours may exist without our knowing. */
  private doubtful: ZooKeeperClient | undefined;
  /** Since when the lease is known to be free; undefined while somebody holds it. */
  private freeSinceMs: number | undefined;

  constructor(
    private readonly keeper: SessionKeeper,
    private readonly request: LeaseRequest,
    private readonly signal: AbortSignal,
  ) {
    this.bell = new Bell(keeper.clock);
  }

  async contend(): Promise<Lease> {
    const forget = this.keeper.onStateChange(this.bell.ring);
    try {
      for (;;) {
        const client = await this.keeper.connected(this.signal);
        const lease = await this.attempt(client);
        client.unwatch(this.bell.ring);
        if (lease !== null) return lease;
      }
    } finally {
      forget();
    }
  }

  async abandon(): Promise<void> {
    const client = this.doubtful;
    if (client !== undefined) await removeStray(client, this.keeper.clock, () => this.findOwn(client));
  }

  /** One round: the lease, or null after there was a reason to look again. */
  private async attempt(client: ZooKeeperClient): Promise<Lease | null> {
    try {
      if (await this.take(client)) return await this.settle(client);
      await this.wait(client);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      await this.keeper.clock.sleep(RETRY_PAUSE_MS, this.signal);
    }
    return null;
  }

  private async take(client: ZooKeeperClient): Promise<boolean> {
    const { manners, path } = this.request;
    const content = await client.read(path, this.bell.ring);
    manners?.onHolder(content === null ? null : (parse(content)?.instance ?? null));
    if (content !== null) {
      this.freeSinceMs = undefined;
      return this.isMine(client, content);
    }
    if (this.standBackMs() > 0) return false;
    manners?.onHolder(this.request.instance);
    this.doubtful = client;
    if ((await client.create(path, this.content(this.holder(0)), 'ephemeral')) !== null) return true;
    this.doubtful = undefined;
    this.bell.ring(); // Somebody was faster: look at once, and watch that node.
    return false;
  }

  /** What is left of the time for which a free lease is left to others. */
  private standBackMs(): number {
    const nowMs = this.keeper.clock.monotonicMs();
    this.freeSinceMs ??= nowMs;
    return this.freeSinceMs + (this.request.manners?.standBackMs() ?? 0) - nowMs;
  }

  /** Until there is a reason to look again. */
  private async wait(client: ZooKeeperClient): Promise<void> {
    if (this.freeSinceMs === undefined) return this.bell.wait(REREAD_MS, this.signal, client.ended);
    const forget = this.request.manners?.watch(this.bell.ring);
    try {
      const leftMs = this.standBackMs();
      if (leftMs > 0) await this.bell.wait(leftMs, this.signal, client.ended);
    } finally {
      forget?.();
    }
  }

  /** Won: writes the epoch seen into the node and hands the lease out; null when it was lost again meanwhile. */
  private async settle(client: ZooKeeperClient): Promise<Lease | null> {
    const held = new HeldNode(client, this.keeper.clock, {
      path: this.request.path,
      isMine: (content) => this.isMine(client, content),
      findOwn: () => this.findOwn(client),
    });
    this.doubtful = undefined;
    try {
      const holder = this.holder(await this.request.epochSeen());
      await this.publish(client, holder, held.lost);
      if (this.signal.aborted) throw stopped();
      if (held.lost.aborted) return null;
      return { holder, lost: held.lost, release: () => held.release() };
    } catch (error) {
      await held.release();
      throw error;
    }
  }

  /** For people: the lease is ours whether or not this write arrives. */
  private async publish(client: ZooKeeperClient, holder: LeaseHolder, lost: AbortSignal): Promise<void> {
    while (!lost.aborted && !this.signal.aborted) {
      try {
        const content = await client.read(this.request.path);
        if (content === null || !this.isMine(client, content)) return;
        if (await client.write(this.request.path, this.content(holder), content.version)) return;
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        await this.keeper.clock.sleep(RETRY_PAUSE_MS, lost);
      }
    }
  }

  private async findOwn(client: ZooKeeperClient): Promise<string[]> {
    const content = await client.read(this.request.path);
    return content !== null && this.isMine(client, content) ? [this.request.path] : [];
  }

  private isMine(client: ZooKeeperClient, content: NodeContent): boolean {
    return content.owner === client.sessionId && parse(content)?.token === this.token;
  }

  private holder(epoch: number): LeaseHolder {
    return { instance: this.request.instance, epoch, since: this.keeper.clock.now().toISOString() };
  }

  private content(holder: LeaseHolder): string {
    return JSON.stringify({ ...holder, token: this.token } satisfies StoredHolder);
  }
}

function parse(content: NodeContent): StoredHolder | null {
  try {
    return JSON.parse(content.data.toString('utf8')) as StoredHolder;
  } catch {
    return null; // Written by hand: nobody of ours.
  }
}
