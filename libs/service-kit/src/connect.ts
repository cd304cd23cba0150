import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Logger } from 'pino';

const RETRY_MS = 1_000;
const REMIND_MS = 10_000;

/**
 * Opens a connection however long it takes: a service that starts before its servers waits for them. Says so every 10 s.
 * A connection that arrives after the signal has aborted is closed. Rejects only when the signal aborts.
 */
export async function connect<T extends { close(): Promise<void> }>(
  to: { readonly name: string; readonly address: string; readonly open: () => Promise<T> },
  parts: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal },
): Promise<T> {
  const { clock, log, signal } = parts;
  const connected = new AbortController();
  const state = { lastFailure: 'no answer yet' };
  const reminding = remind(AbortSignal.any([signal, connected.signal]));
  try {
    return await attempt();
  } finally {
    connected.abort();
    await reminding;
  }

  async function attempt(): Promise<T> {
    while (!signal.aborted) {
      try {
        const connection = await to.open();
        if (!signal.aborted) return connection;
        await connection.close();
      } catch (error) {
        state.lastFailure = SyncError.of(error).message;
        log.debug({ server: to.name, address: to.address, err: error }, 'connection failed');
        await clock.sleep(RETRY_MS, signal);
      }
    }
    throw new SyncError('INTERNAL', { problem: `Stopped while connecting to ${to.name}` });
  }

  async function remind(until: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(REMIND_MS, until);
      if (until.aborted) return;
      log.warn({ server: to.name, address: to.address, reason: state.lastFailure }, 'still waiting for a server');
    }
  }
}
