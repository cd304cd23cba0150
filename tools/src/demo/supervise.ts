import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalStack } from '@lutra/testing';

const RESTART_AFTER_MS = 1_000;

/** Starts services again that end by themselves or are killed, as a container platform would, until the signal aborts. */
export function supervise(stack: LocalStack, signal: AbortSignal, say: (line: string) => void): void {
  for (const instance of stack.allInstances) {
    const watch = async (): Promise<void> => {
      for (;;) {
        await instance.exit;
        if (signal.aborted) return;
        say(`${instance.name} ended (${instance.end ?? ''}): starting it again (log: ${instance.logFile})`);
        await sleep(RESTART_AFTER_MS);
        if (signal.aborted) return;
        await instance.start();
      }
    };
    watch().catch((error: unknown) => {
      say(`${instance.name} could not be started again: ${String(error)}`);
    });
  }
}
