import { join } from 'node:path';
import type { ServiceName } from '@lutra/model';
import { projectRoot } from '../project-paths.ts';
import { RecordedProcess } from '../processes/recorded-process.ts';
import { processMemory } from '../processes/proc-status.ts';
import type { ProcessMemory } from '../processes/proc-status.ts';
import { GiveUp, waitUntil } from '../wait-until.ts';

/** Records of running services, beside those of the servers that may share the folder. */
export const SERVICE_RUN_FOLDER = 'run-services';

export interface ServiceInstanceOptions {
  readonly service: ServiceName;
  /** From 1, among the instances of the service. */
  readonly number: number;
  readonly httpPort: number;
  readonly env: Readonly<Record<string, string>>;
  /** The stack's folder: logs and process records. */
  readonly folder: string;
  readonly nodeArgs: readonly string[];
  /** Where the built service is; default: this project. */
  readonly root?: string;
}

/** One place in a stack for one process of a service; the process may be killed and started again. */
export class ServiceInstance {
  private process: RecordedProcess | null = null;
  private starts = 0;

  constructor(private readonly options: ServiceInstanceOptions) {}

  get service(): ServiceName {
    return this.options.service;
  }

  /** 'extract-2' */
  get name(): string {
    return `${this.options.service}-${String(this.options.number)}`;
  }

  /** Instance id of the running process: another one after each start. */
  get instanceId(): string {
    return `${this.name}-${String(this.starts)}`;
  }

  get isRunning(): boolean {
    return this.process?.isRunning === true;
  }

  get pid(): number {
    return this.running().pid;
  }

  get httpAddress(): string {
    return `http://127.0.0.1:${String(this.options.httpPort)}`;
  }

  get logFile(): string {
    return join(this.options.folder, 'logs', `${this.name}.log`);
  }

  /** How the last process ended: 'exit code 78', 'SIGKILL'; `null` while it runs. */
  get end(): string | null {
    return this.process?.end ?? null;
  }

  /** Resolves when the present process has ended. */
  get exit(): Promise<void> {
    return this.process?.exit ?? Promise.resolve();
  }

  /** Starts the process, with more environment for this time; it is not ready yet (see {@link waitReady}). */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} runs already`);
    this.starts += 1;
    const root = this.options.root ?? projectRoot;
    const main = join(root, 'services', this.service, 'dist', 'main.js');
    this.process = await RecordedProcess.start({
      name: this.name,
      command: [process.execPath, ...this.options.nodeArgs, main],
      env: {
        PATH: process.env['PATH'] ?? '/usr/bin:/bin',
        TZ: 'UTC',
        ...this.options.env,
        ...env,
        LUTRA_INSTANCE: this.instanceId,
        LUTRA_HTTP_PORT: String(this.options.httpPort),
      },
      cwd: root,
      logFile: this.logFile,
      runFolder: join(this.options.folder, SERVICE_RUN_FOLDER),
    });
  }

  /** Resolves when /health/ready says yes; throws with the end of the log when the process ends, or after the limit. */
  async waitReady(limitMs = 60_000): Promise<void> {
    await waitUntil(
      async () => {
        if (!this.isRunning)
          throw new GiveUp(new Error(`${this.name} ended (${String(this.end)}):\n${this.running(false).logTail()}`));
        const response = await fetch(`${this.httpAddress}/health/ready`, { signal: AbortSignal.timeout(5_000) });
        if (!response.ok) throw new Error(`${String(response.status)} ${(await response.text()).slice(0, 300)}`);
        return true;
      },
      { what: `${this.name} to be ready (log: ${this.logFile})`, timeoutMs: limitMs, everyMs: 100 },
    );
  }

  /** Sends the signal and, when it is SIGKILL, waits for the end. Returns the process id. */
  async kill(signal: NodeJS.Signals): Promise<number> {
    const { pid } = this.running();
    this.running().kill(signal);
    if (signal === 'SIGKILL') await this.running(false).exit;
    return pid;
  }

  /** Orderly: SIGTERM, and SIGKILL after the limit. */
  async stop(limitMs: number): Promise<void> {
    await this.process?.stop(limitMs);
  }

  memory(): ProcessMemory {
    return processMemory(this.pid);
  }

  private running(mustRun = true): RecordedProcess {
    if (this.process === null || (mustRun && !this.process.isRunning)) throw new Error(`${this.name} does not run`);
    return this.process;
  }
}
