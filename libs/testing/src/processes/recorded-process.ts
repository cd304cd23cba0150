import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../error-code.ts';
import { readIfThere, writePrivateFile } from '../private-file.ts';
import { processStartMark } from './proc-status.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** The whole environment of the process: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Standard output and error are appended to this file. */
  readonly logFile: string;
  /** Folder of the records of running processes: what a killed run left behind is found there. */
  readonly runFolder: string;
}

interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly mark: string | null;
}

/**
 * A child process that outlives nobody unnoticed: its id and kernel start time are recorded, so that the next run finds
 * and ends it when this run is killed. It has its own process group: Ctrl-C reaches only us, and we stop it in order.
 */
export class RecordedProcess {
  private ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | null = null;
  /** Resolves when the process has ended, by whatever cause. */
  readonly exit: Promise<void>;

  private constructor(
    readonly spec: ProcessSpec,
    readonly pid: number,
    exit: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>,
  ) {
    this.exit = exit.then((end) => {
      this.ended = end;
      rmSync(recordFile(spec), { force: true });
    });
  }

  /** Starts the process. Rejects when the program cannot be run at all. */
  static async start(spec: ProcessSpec): Promise<RecordedProcess> {
    mkdirSync(dirname(spec.logFile), { recursive: true, mode: 0o700 });
    mkdirSync(spec.runFolder, { recursive: true, mode: 0o700 });
    const log = openSync(spec.logFile, 'a', 0o600);
    const [program, ...args] = spec.command;
    const child = spawn(program, args, {
      cwd: spec.cwd,
      env: spec.env,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    const pid = child.pid;
    if (pid === undefined) {
      const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
      throw new Error(`${spec.name} cannot be started: ${cause.message}`, { cause });
    }
    const record: ProcessRecord = { name: spec.name, pid, mark: processStartMark(pid) };
    writePrivateFile(recordFile(spec), JSON.stringify(record));
    const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
    });
    return new RecordedProcess(spec, pid, exit);
  }

  get isRunning(): boolean {
    return this.ended === null;
  }

  /** 'exit code 78' or 'SIGKILL'; `null` while it runs. */
  get end(): string | null {
    if (this.ended === null) return null;
    return this.ended.signal ?? `exit code ${String(this.ended.code)}`;
  }

  get exitCode(): number | null {
    return this.ended?.code ?? null;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.isRunning) sendSignal(this.pid, signal);
  }

  /** SIGTERM, and SIGKILL after the time limit; resolves when the process has ended. */
  async stop(limitMs: number): Promise<void> {
    this.kill('SIGTERM');
    const isOver = await Promise.race([this.exit.then(() => true), sleep(limitMs, false, { ref: false })]);
    if (!isOver) this.kill('SIGKILL');
    await this.exit;
  }

  /** The last lines that the process wrote. */
  logTail(lineCount = 12): string {
    return (readIfThere(this.spec.logFile) ?? '').trimEnd().split('\n').slice(-lineCount).join('\n');
  }
}

/**
 * Ends what an earlier, killed run left behind, by the records in `runFolder`; a process id that now belongs to another
 * process (start times differ) is left alone. Returns the names of what was ended.
 */
export async function endLeftovers(runFolder: string): Promise<string[]> {
  mkdirSync(runFolder, { recursive: true, mode: 0o700 });
  const ended: string[] = [];
  const files = readdirSync(runFolder).filter((name) => name.endsWith('.json'));
  await Promise.all(
    files.map(async (name) => {
      const file = join(runFolder, name);
      const record = JSON.parse(readFileSync(file, 'utf8')) as ProcessRecord;
      if (isSame(record)) {
        ended.push(record.name);
        await endProcess(record);
      }
      rmSync(file, { force: true });
    }),
  );
  return ended.sort();
}

const LEFTOVER_TERM_MS = 10_000;

async function endProcess(record: ProcessRecord): Promise<void> {
  sendSignal(record.pid, 'SIGTERM');
  const deadline = performance.now() + LEFTOVER_TERM_MS;
  while (isSame(record)) {
    if (performance.now() > deadline) sendSignal(record.pid, 'SIGKILL');
    await sleep(50);
  }
}

/** A process that has ended a moment ago is no error: it is what we want. */
function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

const isSame = (record: ProcessRecord): boolean => record.mark !== null && processStartMark(record.pid) === record.mark;

const recordFile = (spec: ProcessSpec): string => join(spec.runFolder, `${spec.name}.json`);
