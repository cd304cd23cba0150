import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Store } from '../store/store.ts';

const WINDOW_MS = 15 * 60_000;
/** Of a name from one network. A person who has forgotten a password tries some; a program that guesses tries thousands. */
const FAILURES_OF_PAIR_MAX = 10;
/** Of a name from all networks together that its user has not logged in from: guessing from many addresses is slow, too. */
const FAILURES_OF_NAME_MAX = 30;
/** Of an address, behind which a whole office may sit. */
const FAILURES_OF_ADDRESS_MAX = 50;
/** A network that its user has logged in from is known for so long. */
const KNOWN_MS = 90 * 86_400_000;
/** An IPv6 client has at least a /64 of addresses: the first four of eight groups. */
const NETWORK_GROUPS = 4;

/** Who tries. */
export interface Attempt {
  readonly name: string;
  readonly address: string;
}

/**
 * Counts attempts to log in, in the store, so that all managers count together: by address, by user name and network, and by
 * user name alone where its user has not logged in before, whether there is such a user or not. So nobody shuts a user out of
 * where that one works. An attempt counts from its beginning, so that many at once are no way around; a success is taken back.
 */
export class LoginLimiter {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /**
   * Throws LOGIN_BLOCKED when there were too many before. An attempt that is refused counts no further. `tellOnce` is called
   * before, with the first of a window only: whoever goes on writes nothing more.
   */
  async begin(attempt: Attempt, tellOnce: () => Promise<void>): Promise<void> {
    const now = this.clock.now();
    await this.store.run(async (manager) => {
      for (const table of ['login_attempt', 'login_network'])
        await manager.query(`DELETE FROM ${table} WHERE ends_at <= ? LIMIT 100`, [now]);
    });
    for (const { id, max } of await this.countersOf(attempt)) {
      const { count, endsAt } = await this.count(id, now);
      if (count <= max) continue;
      if (count === max + 1) await tellOnce();
      const retryAfterS = Math.max(1, Math.ceil((endsAt.getTime() - now.getTime()) / 1_000));
      const problem = `Too many attempts to log in: try again in ${String(retryAfterS)} s`;
      throw new SyncError('LOGIN_BLOCKED', { problem, retryAfterS });
    }
  }

  /**
   * The attempt has succeeded: the name begins anew from this network, which is known from now on; of the other counts it is
   * taken back, because failures of others are still failures.
   */
  async succeed(attempt: Attempt, userId: string): Promise<void> {
    const counters = await this.countersOf(attempt);
    const endsAt = new Date(this.clock.now().getTime() + KNOWN_MS);
    await this.store.run(async (manager) => {
      for (const { id, isOfPair } of counters)
        await (isOfPair
          ? manager.query('DELETE FROM login_attempt WHERE id = ?', [id])
          : manager.query('UPDATE login_attempt SET count = count - 1 WHERE id = ? AND count > 0', [id]));
      await manager.query(
        'INSERT INTO login_network (user_id, network, ends_at) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE ends_at = VALUES(ends_at)',
        [userId, hashOf(networkOf(attempt.address)), endsAt],
      );
    });
  }

  /** In the order of counting: who is one too many for an address adds nothing to what a name has. */
  private async countersOf({ name, address }: Attempt): Promise<readonly CounterLimit[]> {
    const network = networkOf(address);
    const known = await this.store.run((manager) =>
      manager.query<readonly unknown[]>(
        `SELECT 1 FROM login_network n JOIN \`user\` u ON u.id = n.user_id
          WHERE u.name = ? AND n.network = ? AND n.ends_at > ?`,
        [name, hashOf(network), this.clock.now()],
      ),
    );
    const ofName = { id: hashOf(`name ${name}`), max: FAILURES_OF_NAME_MAX, isOfPair: false };
    return [
      { id: hashOf(`address ${network}`), max: FAILURES_OF_ADDRESS_MAX, isOfPair: false },
      { id: hashOf(`name ${name} at ${network}`), max: FAILURES_OF_PAIR_MAX, isOfPair: true },
      ...(known.length > 0 ? [] : [ofName]),
    ];
  }

  private count(id: string, now: Date): Promise<Counter> {
    const endsAt = new Date(now.getTime() + WINDOW_MS);
    return this.store.run((manager) =>
      manager.transaction(async (inside) => {
        // From left to right: the count is decided by the end of the window that was.
        await inside.query(
          `INSERT INTO login_attempt (id, count, ends_at) VALUES (?, 1, ?) ON DUPLICATE KEY UPDATE
            count = IF(ends_at <= ?, 1, count + 1), ends_at = IF(ends_at <= ?, ?, ends_at)`,
          [id, endsAt, now, now, endsAt],
        );
        const rows = await inside.query<readonly Counter[]>(
          'SELECT count, ends_at AS endsAt FROM login_attempt WHERE id = ?',
          [id],
        );
        return rows[0] ?? { count: 1, endsAt };
      }),
    );
  }
}

interface Counter {
  readonly count: number;
  readonly endsAt: Date;
}

interface CounterLimit {
  readonly id: string;
  readonly max: number;
  readonly isOfPair: boolean;
}

/** Hashed: people type passwords into the field of the name. */
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The part of an address that one client cannot choose. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  const groups = [...before, ...zeros, ...after].map((group) => group.replace(/^0+(?=.)/, ''));
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
