import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Store } from '../store/store.ts';

const WINDOW_MS = 15 * 60_000;
/** A person who has forgotten a password tries some; a program that guesses tries thousands. */
const FAILURES_OF_NAME_MAX = 10;
/** Of an address, behind which a whole office may sit. */
const FAILURES_OF_ADDRESS_MAX = 50;
/** An IPv6 client has at least a /64 of addresses: the first four of eight groups. */
const NETWORK_GROUPS = 4;

/** Who tries. */
export interface Attempt {
  readonly name: string;
  readonly address: string;
}

/**
 * Counts attempts to log in, in the store, so that all managers count together: by user name, whether there is such a user or
 * not, and by address. An attempt counts from its beginning, so that many at once are no way around; a success is taken back.
 */
export class LoginLimiter {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Throws LOGIN_BLOCKED when there were too many before. */
  async begin(attempt: Attempt): Promise<void> {
    const now = this.clock.now();
    await this.store.run((manager) => manager.query('DELETE FROM login_attempt WHERE ends_at <= ? LIMIT 100', [now]));
    for (const { id, max } of countersOf(attempt)) {
      const { count, endsAt } = await this.count(id, now);
      if (count <= max) continue;
      const retryAfterS = Math.max(1, Math.ceil((endsAt.getTime() - now.getTime()) / 1_000));
      const problem = `Too many attempts to log in: try again in ${String(retryAfterS)} s`;
      throw new SyncError('LOGIN_BLOCKED', { problem, retryAfterS });
    }
  }

  /** The attempt has succeeded: the name begins anew, and the address has one failure less. */
  async succeed(attempt: Attempt): Promise<void> {
    const [ofName, ofAddress] = countersOf(attempt);
    await this.store.run(async (manager) => {
      await manager.query('DELETE FROM login_attempt WHERE id = ?', [ofName.id]);
      await manager.query('UPDATE login_attempt SET count = count - 1 WHERE id = ? AND count > 0', [ofAddress.id]);
    });
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

/** Hashed: people type passwords into the field of the name. */
function countersOf({
  name,
  address,
}: Attempt): readonly [{ readonly id: string; readonly max: number }, { readonly id: string; readonly max: number }] {
  const idOf = (text: string): string => createHash('sha256').update(text).digest('hex');
  return [
    { id: idOf(`name ${name}`), max: FAILURES_OF_NAME_MAX },
    { id: idOf(`address ${networkOf(address)}`), max: FAILURES_OF_ADDRESS_MAX },
  ];
}

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
