import { Bell } from '@lutra/model';
import { isUnreachable } from './session-keeper.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { ZooKeeperClient } from './zookeeper-client.ts';

/** A watch is a hint that may be lost with its connection: the truth is read again at least so often. */
export const REREAD_MS = 5_000;
const RETRY_PAUSE_MS = 100;

/**
 * What `read` returns now, then each time it returns something else: after a watch fired, after a reconnect, and every 5 s.
 * Changes that come while the caller is busy fold into the last one. Ends when `signal` aborts or the keeper closes.
 */
export async function* watchValue<T>(
  keeper: SessionKeeper,
  read: (client: ZooKeeperClient, onChange: () => void) => Promise<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const bell = new Bell(keeper.clock);
  const forget = keeper.onStateChange(bell.ring);
  const isOver = (): boolean => signal.aborted || keeper.closed.aborted;
  let client: ZooKeeperClient | undefined;
  let last: string | undefined;
  try {
    while (!isOver()) {
      let value: T;
      try {
        client = await keeper.connected(signal);
        value = await read(client, bell.ring);
      } catch (error) {
        if (isOver()) return;
        if (!isUnreachable(error)) throw error;
        await keeper.clock.sleep(RETRY_PAUSE_MS, signal);
        continue;
      }
      const text = JSON.stringify(value);
      if (text !== last) {
        last = text;
        yield value;
      }
      await bell.wait(REREAD_MS, signal, keeper.closed);
    }
  } finally {
    forget();
    client?.unwatch(bell.ring);
  }
}
