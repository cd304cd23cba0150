import { Bell, SyncError } from '@lutra/model';
import type { InstanceDescription } from '@lutra/model';
import type { Membership, MembershipChange } from './coordinator.ts';
import { removeOwn } from './held-node.ts';
import { isUnreachable } from './session-keeper.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { REREAD_MS } from './watch-value.ts';
import type { ZooKeeperClient } from './zookeeper-client.ts';

const RETRY_PAUSE_MS = 100;

/**
 * Joins and stays a member until it leaves: the node is created again in each new session, and after somebody removed it.
 * A predecessor of the same name is waited for until its session has gone; COORDINATION_CONFLICT when it is alive.
 */
export async function joinMembers(
  keeper: SessionKeeper,
  member: { readonly path: string; readonly description: InstanceDescription; readonly predecessorLimitMs: number },
): Promise<Membership> {
  const standing = new StandingMembership(keeper, member.path, member.description);
  await standing.start(member.predecessorLimitMs);
  return standing;
}

class StandingMembership implements Membership {
  private readonly left = new AbortController();
  private readonly bell: Bell;
  private loop: Promise<void> | undefined;

  constructor(
    private readonly keeper: SessionKeeper,
    private readonly path: string,
    private description: InstanceDescription,
  ) {
    this.bell = new Bell(keeper.clock);
  }

  async start(predecessorLimitMs: number): Promise<void> {
    const startMs = this.keeper.clock.monotonicMs();
    for (;;) {
      if (await this.keeper.run((client) => this.ensure(client))) break;
      if (this.keeper.clock.monotonicMs() - startMs > predecessorLimitMs) {
        const { instance } = this.description;
        const problem = `Another instance named ${instance} is alive: set LUTRA_INSTANCE to a name of its own`;
        throw new SyncError('COORDINATION_CONFLICT', { problem, instance });
      }
      await this.keeper.clock.sleep(RETRY_PAUSE_MS, this.keeper.closed);
    }
    this.loop = this.stay();
  }

  async update(change: MembershipChange): Promise<void> {
    this.description = { ...this.description, ...change };
    await this.keeper.run((client) => this.ensure(client));
  }

  async leave(): Promise<void> {
    this.left.abort();
    await this.loop;
    const client = await this.keeper.connected(undefined, RETRY_PAUSE_MS).catch(() => null);
    // Without a connection the node goes with its session, which the caller is about to close.
    if (client !== null)
      await removeOwn(client, this.keeper.clock, async () => {
        const content = await client.read(this.path);
        return content?.owner === client.sessionId ? [this.path] : [];
      });
  }

  private async stay(): Promise<void> {
    const { keeper, bell, left } = this;
    const forget = keeper.onStateChange(bell.ring);
    try {
      while (!left.signal.aborted && !keeper.closed.aborted) {
        try {
          const client = await keeper.connected(left.signal);
          await this.ensure(client);
        } catch (error) {
          if (left.signal.aborted || keeper.closed.aborted) return;
          // Nothing but waiting helps: a server that refuses us now may take us after its repair.
          await keeper.clock.sleep(isUnreachable(error) ? RETRY_PAUSE_MS : REREAD_MS, left.signal);
          continue;
        }
        await bell.wait(REREAD_MS, left.signal, keeper.closed);
      }
    } finally {
      forget();
    }
  }

  /** The node exists in this session with the newest description; false while another session has it. */
  private async ensure(client: ZooKeeperClient): Promise<boolean> {
    const wanted = JSON.stringify(this.description);
    const content = await client.read(this.path, this.bell.ring);
    if (content === null) return (await client.create(this.path, wanted, 'ephemeral')) !== null;
    const stored = content.data.toString('utf8');
    if (content.owner !== client.sessionId) {
      // Left over from an earlier session of this very process: it is dead, we may clear it away.
      if (isSameProcess(stored, this.description)) await client.remove(this.path);
      return false;
    }
    return stored === wanted || (await client.write(this.path, wanted, content.version));
  }
}

function isSameProcess(stored: string, own: InstanceDescription): boolean {
  try {
    const other = JSON.parse(stored) as InstanceDescription;
    return other.host === own.host && other.pid === own.pid && other.startedAt === own.startedAt;
  } catch {
    return false;
  }
}
