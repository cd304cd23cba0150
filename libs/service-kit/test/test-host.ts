import type { RawEnvironment } from '../src/load-env.ts';
import type { ServiceHost } from '../src/service-host.ts';

/** The operating system in the hands of a test. */
export class TestHost implements ServiceHost {
  readonly exits: number[] = [];
  errors = '';
  private stop: (signal: string) => void = () => undefined;
  private crash: (error: unknown) => void = () => undefined;

  constructor(readonly environment: RawEnvironment) {}

  onStop(listener: (signal: string) => void): void {
    this.stop = listener;
  }

  onCrash(listener: (error: unknown) => void): void {
    this.crash = listener;
  }

  writeError(text: string): void {
    this.errors += text;
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  signal(name: string): void {
    this.stop(name);
  }

  uncaught(error: unknown): void {
    this.crash(error);
  }
}
