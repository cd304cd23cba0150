import { linkSignals, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Logger } from 'pino';

const RETRY_MS = 1_000;
const REMIND_MS = 10_000;

/**
 * Opens a connection however long it takes: a service that starts before its servers waits for them. Says so every 10 s.
 * Rejects only when the signal aborts, at once; a connection that arrives later is closed.
 */
export async function connect<T extends { close(): Promise<void> }>(
  to: { readonly name: string; readonly address: string; readonly open: () => Promise<T> },
  parts: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal },
): Promise<T> {
  const { clock, log, signal } = parts;
  const connected = new AbortController();
  const over = linkSignals(signal, connected.signal);
  let lastFailure = 'no answer yet';
  // Ends with `over`; it never rejects.
  void (async () => {
    for (;;) {
      await clock.sleep(REMIND_MS, over.signal);
      if (over.signal.aborted) return;
      log.warn({ server: to.name, address: to.address, reason: lastFailure }, 'still waiting for a server');
    }
  })();
  try {
    for (;;) {
      try {
        return await openUnlessStopped(to.open, signal);
      } catch (error) {
        signal.throwIfAborted();
        lastFailure = SyncError.of(error).message;
        log.debug({ server: to.name, address: to.address, err: error }, 'connection failed');
        await clock.sleep(RETRY_MS, signal);
      }
    }
  } finally {
    connected.abort();
    over.unlink();
  }
}

function openUnlessStopped<T extends { close(): Promise<void> }>(
  open: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(new SyncError('INTERNAL', { problem: 'Stopped while connecting' }));
    };
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener('abort', stop, { once: true });
    open()
      .then(
        // After a stop nobody takes the connection; how its closing ends is nobody's business either.
        (connection) => (signal.aborted ? connection.close().catch(() => undefined) : resolve(connection)),
        (error: unknown) => {
          reject(SyncError.of(error));
        },
      )
      .finally(() => {
        signal.removeEventListener('abort', stop);
      });
  });
}
