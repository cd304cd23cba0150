import type { RawEnvironment } from './load-env.ts';

/** What the operating system gives to a service; another one in tests. */
export interface ServiceHost {
  readonly environment: RawEnvironment;
  /** Calls back for each request to stop (SIGTERM, SIGINT). */
  onStop(listener: (signal: string) => void): void;
  /** Calls back for an error that nobody caught. */
  onCrash(listener: (error: unknown) => void): void;
  writeError(text: string): void;
  exit(code: number): void;
}

/** The process that this code runs in. */
export const processHost: ServiceHost = {
  environment: process.env,
  onStop: (listener) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, listener);
  },
  onCrash: (listener) => {
    process.on('uncaughtException', listener);
    process.on('unhandledRejection', listener);
  },
  writeError: (text) => {
    process.stderr.write(text);
  },
  exit: (code) => {
    process.exit(code);
  },
};
