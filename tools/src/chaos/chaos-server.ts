import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { RecordedProcess, waitUntil } from '@lutra/testing';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

/** One server of the run, which may be killed, stopped, emptied and started again at its address. */
export class ChaosServer {
  constructor(
    readonly name: string,
    private process: RecordedProcess,
    private readonly options: {
      /** Resolves with true when the server answers; may throw. */
      readonly answers: () => Promise<boolean>;
      /** What `wipe` removes. */
      readonly dataFolder: string;
    },
  ) {}

  get pid(): number {
    return this.process.pid;
  }

  get isRunning(): boolean {
    return this.process.isRunning;
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.exit;
  }

  /** In order. */
  async stop(): Promise<void> {
    await this.process.stop(STOP_LIMIT_MS);
  }

  /** Starts the server on its data and resolves when it answers. Nothing happens while it runs. */
  async start(): Promise<void> {
    if (!this.isRunning) this.process = await RecordedProcess.start(this.process.spec);
    await waitUntil(this.options.answers, { what: `${this.name} to answer`, timeoutMs: START_LIMIT_MS, everyMs: 50 });
  }

  /** Removes a part of the data of a server that does not run. */
  wipe(folder: string): void {
    if (this.isRunning) throw new Error(`${this.name} runs`);
    rmSync(join(this.options.dataFolder, folder), { recursive: true });
  }
}
