import { Bell } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { isUnreachable } from './session-keeper.ts';
import { REREAD_MS } from './watch-value.ts';
import type { NodeContent, ZooKeeperClient } from './zookeeper-client.ts';

const RETRY_PAUSE_MS = 100;
/** A create whose answer was lost may still be on its way in the server when we look for its node the first time. */
const LATE_CREATE_MS = 1_000;

/** An ephemeral node that is ours: watches that it stays so, and takes it away in the end. */
export class HeldNode {
  private readonly loss = new AbortController();
  private readonly bell: Bell;
  private isReleased = false;

  constructor(
    readonly client: ZooKeeperClient,
    private readonly clock: Clock,
    private readonly node: {
      readonly path: string;
      readonly isMine: (content: NodeContent) => boolean;
      /** Finds every node that this holder may have created, for the release. */
      readonly findOwn: () => Promise<readonly string[]>;
    },
  ) {
    this.bell = new Bell(clock);
    void this.guard();
  }

  /** Aborts when the session is over or the node is gone. */
  get lost(): AbortSignal {
    return this.loss.signal;
  }

  /** Returns when the node is gone: removed by us, or with its session (which ends by itself when no server answers). */
  async release(): Promise<void> {
    this.isReleased = true;
    this.bell.ring();
    await removeOwn(this.client, this.clock, this.node.findOwn);
  }

  private async guard(): Promise<void> {
    const { client, bell } = this;
    const forget = client.onStateChange(bell.ring);
    try {
      while (!this.isReleased && !client.ended.aborted) {
        const isOurs = await this.check();
        if (this.isReleased) return;
        if (!isOurs) break;
        await bell.wait(REREAD_MS, client.ended);
      }
      if (!this.isReleased) this.loss.abort();
    } finally {
      forget();
      client.unwatch(bell.ring);
    }
  }

  /** While ZooKeeper cannot be asked, the node counts as ours: the session's end will tell. */
  private async check(): Promise<boolean> {
    try {
      const content = await this.client.read(this.node.path, this.bell.ring, { missing: 'final' });
      return content !== null && this.node.isMine(content);
    } catch {
      return true;
    }
  }
}

/** Removes the nodes that `findOwn` names, for as long as the session lives that owns them. */
export async function removeOwn(
  client: ZooKeeperClient,
  clock: Clock,
  findOwn: () => Promise<readonly string[]>,
): Promise<void> {
  while (!client.ended.aborted) {
    try {
      for (const path of await findOwn()) await client.remove(path);
      return;
    } catch (error) {
      if (!isUnreachable(error)) throw error;
    }
    await clock.sleep(RETRY_PAUSE_MS, client.ended);
  }
}

/** As {@link removeOwn}, when it is not even known whether a node was created. */
export async function removeStray(
  client: ZooKeeperClient,
  clock: Clock,
  findOwn: () => Promise<readonly string[]>,
): Promise<void> {
  await removeOwn(client, clock, findOwn);
  await clock.sleep(LATE_CREATE_MS, client.ended);
  await removeOwn(client, clock, findOwn);
}
