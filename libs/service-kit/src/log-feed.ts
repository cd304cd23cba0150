import type { Bus } from '@lutra/messaging';
import type { Clock, LogLine, SentLevel } from '@lutra/model';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { hideSecrets } from './hide-secrets.ts';
import type { InstanceIdentity } from './service-context.ts';

/** Lines that wait for the bus: while it is away, the newest. */
const WAITING_MAX = 200;
const POLL_MS = 250;
const RETRY_MS = 1_000;
const MESSAGE_CHARS_MAX = 500;
const FIELDS_CHARS_MAX = 4_096;
/** How a line begins: createLog writes the level first. */
const BEGINNINGS = new Map([
  ['{"level":"warn"', 'warn'],
  ['{"level":"error"', 'error'],
  ['{"level":"fatal"', 'error'],
] as const);
/** What every line has, or what has a place of its own. */
const OWN = new Set(['level', 'time', 'service', 'instance', 'msg', 'pipelineId', 'traceId', 'code']);

/**
 * Warnings and errors on their way from the log to the bus. Best effort: standard output is the log, and whoever writes a
 * line never waits for the bus; of lines that came faster than they left, the oldest are left out and counted.
 */
export class LogFeed {
  private readonly waiting: LogLine[] = [];
  private leftOut = 0;

  constructor(
    private readonly identity: InstanceIdentity,
    /** Texts that appear in no line. */
    private readonly secrets: readonly string[],
    private readonly output: DestinationStream = pino.destination({ dest: 1, sync: true }),
  ) {}

  /** Where a log writes to. */
  readonly destination: DestinationStream = {
    write: (line) => {
      this.output.write(line);
      this.take(line);
    },
  };

  /** Sends what comes until the signal aborts, then once more what waits. Never rejects. */
  async run(bus: Pick<Bus, 'publishLog'>, clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isSent = await this.send(bus);
      await clock.sleep(isSent ? POLL_MS : RETRY_MS, signal);
    }
    await this.send(bus);
  }

  /** False when the bus did not take a line; it is tried again. */
  private async send(bus: Pick<Bus, 'publishLog'>): Promise<boolean> {
    for (let line = this.waiting.shift(); line !== undefined; line = this.waiting.shift()) {
      const { leftOut } = this;
      this.leftOut = 0;
      try {
        await bus.publishLog(leftOut === 0 ? line : { ...line, fields: { ...line.fields, linesLeftOut: leftOut } });
      } catch {
        // Not logged: that would be the next line.
        this.leftOut += leftOut;
        if (this.waiting.length < WAITING_MAX) this.waiting.unshift(line);
        else this.leftOut += 1;
        return false;
      }
    }
    return true;
  }

  private take(text: string): void {
    for (const [beginning, level] of BEGINNINGS)
      if (text.startsWith(beginning)) {
        const line = this.lineOf(text, level);
        if (line === null) return;
        this.waiting.push(line);
        if (this.waiting.length <= WAITING_MAX) return;
        this.waiting.shift();
        this.leftOut += 1;
      }
  }

  private lineOf(text: string, level: SentLevel): LogLine | null {
    const { service, instance } = this.identity;
    const read = parsed(text);
    if (read === null) return null;
    const { time, msg, pipelineId, traceId, code, ...rest } = read;
    const fields = Object.fromEntries(Object.entries(rest).filter(([name]) => !OWN.has(name)));
    const hidden = hideSecrets(fields, this.secrets) as Record<string, unknown>;
    return {
      ...{ at: textOf(time) ?? new Date(0).toISOString(), service, instance, level },
      message: (hideSecrets(textOf(msg) ?? '', this.secrets) as string).slice(0, MESSAGE_CHARS_MAX),
      ...{ pipelineId: textOf(pipelineId), traceId: textOf(traceId), code: textOf(code) },
      fields: JSON.stringify(hidden).length <= FIELDS_CHARS_MAX ? hidden : { isTooLong: true },
    };
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
