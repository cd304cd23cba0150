import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly code: number | null;
  /** Standard output. */
  readonly output: string;
  /** Standard output and error in the order of arrival. */
  readonly everything: string;
}

/** Runs a program to its end and returns what it wrote; a non-zero exit is no error here. Rejects when it cannot be started. */
export function runCommand(command: readonly [string, ...string[]], env?: NodeJS.ProcessEnv): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const [program, ...args] = command;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const output: Buffer[] = [];
    const everything: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => {
      output.push(bytes);
      everything.push(bytes);
    });
    child.stderr.on('data', (bytes: Buffer) => everything.push(bytes));
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, output: Buffer.concat(output).toString(), everything: Buffer.concat(everything).toString() });
    });
  });
}
