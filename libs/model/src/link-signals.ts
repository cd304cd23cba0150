/**
 * A signal that aborts with the first of `signals`; `unlink` ends the link. To be used where links are made again and again
 * on a signal that lives as long as the service: on Node 20 `AbortSignal.any` leaves about 60 bytes per call with it for ever.
 */
export function linkSignals(...signals: readonly AbortSignal[]): {
  readonly signal: AbortSignal;
  readonly unlink: () => void;
} {
  const controller = new AbortController();
  const unlink = (): void => {
    for (const signal of signals) signal.removeEventListener('abort', abort);
  };
  const abort = (): void => {
    unlink();
    controller.abort(signals.find(({ aborted }) => aborted)?.reason);
  };
  for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
  if (signals.some(({ aborted }) => aborted)) abort();
  return { signal: controller.signal, unlink };
}
