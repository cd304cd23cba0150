import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2';
import type { ChaosDatabases, InvariantSampler } from '../chaos-types.ts';
import { WRITERS_PER_PIPELINE } from '../workload/chaos-workload.ts';
import { openDirect } from '../workload/direct-connection.ts';
import { MergedRules } from './merged-rules.ts';
import { readSnapshot } from './read-snapshot.ts';
import type { SchemaRules, Violation } from './schema-snapshot.ts';
import { TransactionalRules } from './transactional-rules.ts';

const SAMPLE_EVERY_MS = 300;
/** The whole log is counted this often only: that reads all of it. */
const COUNT_LOG_EVERY_MS = 15_000;
const RECONNECT_EVERY_MS = 200;
/** One broken rule breaks others in every sample that follows: the first ones say most. */
const SENTENCES_PER_RULE = 3;

interface WatchedSchema {
  readonly name: string;
  readonly schema: string;
  readonly rules: SchemaRules;
}

/**
 * Looks at the target a few times a second, each time in a consistent snapshot of each schema, and holds it against the rules
 * of the pipeline's mode. Lives through restarts of the target; a sample that could not be read whole does not count.
 */
export class TargetSampler implements InvariantSampler {
  private count = 0;
  private readonly sentences: string[] = [];
  private readonly timesBroken = new Map<string, number>();
  private readonly watched: readonly WatchedSchema[];
  private readonly startedMs = performance.now();
  private isStopped = false;
  private running: Promise<void> = Promise.resolve();
  private countedLogMs = 0;

  private constructor(
    private readonly databases: ChaosDatabases,
    private readonly everyMs: number,
  ) {
    this.watched = databases.pipelines.map(({ name, schema, applyMode }) => ({
      name,
      schema,
      rules: applyMode === 'transactional' ? new TransactionalRules() : new MergedRules(),
    }));
  }

  static start(databases: ChaosDatabases, everyMs = SAMPLE_EVERY_MS): TargetSampler {
    const sampler = new TargetSampler(databases, everyMs);
    sampler.running = sampler.run();
    sampler.running.catch(() => undefined);
    return sampler;
  }

  get samples(): number {
    return this.count;
  }

  get violations(): readonly string[] {
    const more = [...this.timesBroken].filter(([, times]) => times > SENTENCES_PER_RULE);
    return [...this.sentences, ...more.map(([rule, times]) => `${rule}: broken ${times} times in all`)];
  }

  /** Takes one more sample, so that the end is judged too. Throws what no restart of the target explains. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    let connection: Connection | null = null;
    for (let isLast = false; !isLast;) {
      isLast = this.isStopped;
      try {
        connection ??= await openDirect(this.databases.target);
        await this.sample(connection);
        if (!isLast) await sleep(this.everyMs);
      } catch (error) {
        connection?.destroy();
        connection = null;
        if (!isAway(error)) throw error;
        if (!isLast) await sleep(RECONNECT_EVERY_MS);
      }
    }
    connection?.destroy();
  }

  private async sample(connection: Connection): Promise<void> {
    const now = performance.now();
    const withLogCounts = now - this.countedLogMs > COUNT_LOG_EVERY_MS;
    if (withLogCounts) this.countedLogMs = now;
    for (const { name, schema, rules } of this.watched) {
      const { marks } = rules;
      const at = new Date().toISOString();
      const snapshot = await readSnapshot(connection, { schema, writers: WRITERS_PER_PIPELINE, marks, withLogCounts });
      this.count += 1;
      for (const violation of rules.check(snapshot)) this.remember(name, at, violation);
    }
  }

  private remember(pipeline: string, at: string, { rule, text }: Violation): void {
    const key = `${pipeline} ${rule}`;
    const times = (this.timesBroken.get(key) ?? 0) + 1;
    this.timesBroken.set(key, times);
    if (times > SENTENCES_PER_RULE) return;
    const seconds = ((performance.now() - this.startedMs) / 1_000).toFixed(1);
    this.sentences.push(`${pipeline}, sample ${this.count} at ${at} (second ${seconds}), ${rule}: ${text}`);
  }
}

/** The server is not there or is going; anything else is a fault of the sampler. */
function isAway(error: unknown): boolean {
  const { errno, code, message } = error as { errno?: number; code?: string; message?: string };
  // The driver says this of a connection that was lost while nothing was asked, and gives it no code.
  if (message?.includes('closed state') === true) return true;
  const isServerError = errno !== undefined && errno >= 1_000 && errno < 10_000;
  return isServerError ? GOING.includes(errno) : code !== undefined;
}

/** Too many connections, shutdown, killed, not found yet while it starts, connection killed, access before the grants are read. */
const GOING: readonly number[] = [1040, 1045, 1053, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927, 3169];
