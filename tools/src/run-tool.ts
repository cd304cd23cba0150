import { LockHeld, SetupError } from '@lutra/testing';

/** Ctrl-C (or SIGTERM): the first asks the tool to end in order, a second one ends it at once; the next start cleans up. */
export function abortOnSignals(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
      onFirst();
    });
  }
  return controller.signal;
}

/** Runs a tool's main function and ends the process with its exit code; what a person can repair is said in a sentence, without a stack. */
export async function runTool(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof SetupError) process.stderr.write(`${error.message}\n`);
    else if (error instanceof LockHeld)
      process.stderr.write(`Another run (process ${String(error.holderPid)}) uses ${error.folder}: end it first.\n`);
    else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  // Connections and timers of a failed run must not keep the process alive.
  process.exit();
}
