import { setTimeout as sleep } from 'node:timers/promises';
import { runSql } from '@lutra/testing';
import { Random } from '../../demo/random.ts';
import type { ChaosDatabases, Workload, WorkloadCounts } from '../chaos-types.ts';
import { createTables, OPENING_WRITER, openingTransaction } from './chaos-tables.ts';
import { bulkTransaction, pickKind, transactionSql } from './chaos-transactions.ts';
import type { BulkStep } from './chaos-transactions.ts';
import { ChaosWriter } from './chaos-writer.ts';
import type { WriterCounts } from './chaos-writer.ts';
import { Pace } from './pace.ts';

export interface WorkloadOptions {
  readonly seed: number;
  /** Over all pipelines together. */
  readonly ratePerSecond?: number;
  readonly writersPerPipeline?: number;
  /** How often a transaction of some thousand rows is written to each schema. */
  readonly bulkEveryMs?: number;
}

const RATE_PER_SECOND = 300;
export const WRITERS_PER_PIPELINE = 4;
const BULK_EVERY_MS = 8_000;
/** Step of a batch's life by the number of the bulk transaction: two batches are alive at a time. */
const BULK_LAG = 2;

/**
 * Transactions whose history can be checked (`chaos-tables.ts`), written to one schema for each pipeline by several connections
 * at once. The seed decides what each connection writes; how they interleave is the machine's affair.
 */
export class ChaosWorkload implements Workload {
  private readonly totals: WriterCounts = {
    transactions: 0,
    rows: 0,
    unknownCommits: 0,
    repeats: 0,
    byKind: new Map<string, number>(),
  };
  private readonly writers: ChaosWriter[] = [];
  private running: Promise<unknown> = Promise.resolve();
  private isStopped = false;
  private startedMs: number | null = null;
  private endedMs: number | null = null;

  constructor(
    private readonly databases: ChaosDatabases,
    private readonly options: WorkloadOptions,
  ) {}

  /** Creates the tables at both sides, empty; the first rows are written by `start`. */
  async prepare(): Promise<void> {
    const { source, target, pipelines } = this.databases;
    for (const { schema } of pipelines)
      for (const server of [target, source]) await runSql(server, createTables(schema));
  }

  start(): void {
    this.startedMs = performance.now();
    const work = this.databases.pipelines.map((pipeline, index) => this.writeSchema(pipeline.schema, index));
    this.running = Promise.all(work);
    // A failure is thrown by stop(); until then it must not end the process.
    this.running.catch(() => undefined);
  }

  /** Throws when a transaction was refused for good: a fault of the workload itself. */
  async stop(): Promise<void> {
    this.isStopped = true;
    try {
      await this.running;
    } finally {
      this.endedMs = performance.now();
      for (const writer of this.writers) writer.close();
    }
  }

  get txPerSecond(): number {
    const { seconds, transactions } = this.counts;
    return seconds === 0 ? 0 : transactions / seconds;
  }

  get counts(): WorkloadCounts {
    const { byKind, ...totals } = this.totals;
    const endMs = this.endedMs ?? performance.now();
    return {
      ...totals,
      seconds: this.startedMs === null ? 0 : (endMs - this.startedMs) / 1_000,
      transactionsByKind: Object.fromEntries(byKind),
    };
  }

  private async writeSchema(schema: string, index: number): Promise<void> {
    const { seed, ratePerSecond = RATE_PER_SECOND, writersPerPipeline = WRITERS_PER_PIPELINE } = this.options;
    const opener = this.newWriter(schema, OPENING_WRITER, new Random(seed));
    await opener.commit(() => ({ kind: 'opening', sql: openingTransaction() }));
    opener.close();
    const pace = new Pace(ratePerSecond / this.databases.pipelines.length, performance.now());
    const writers = Array.from({ length: writersPerPipeline }, (_unused, number) =>
      this.newWriter(schema, number, new Random(seed + 7_919 * (100 * index + number + 1))),
    );
    await Promise.all(writers.map((writer, number) => this.write(writer, { pace, hasBulk: number === 0 })));
  }

  private newWriter(schema: string, writer: number, random: Random): ChaosWriter {
    const made = new ChaosWriter({ source: this.databases.source, schema, writer }, random, this.totals);
    this.writers.push(made);
    return made;
  }

  private async write(
    writer: ChaosWriter,
    { pace, hasBulk }: { readonly pace: Pace; readonly hasBulk: boolean },
  ): Promise<void> {
    const { random } = writer;
    const bulkEveryMs = this.options.bulkEveryMs ?? BULK_EVERY_MS;
    let bulkStep = 0;
    let nextBulkMs = performance.now() + bulkEveryMs / 2;
    try {
      while (!this.isStopped) {
        await sleep(pace.take(performance.now()));
        if (hasBulk && performance.now() >= nextBulkMs) {
          const step = bulkLife(bulkStep, random);
          await writer.commit((tag) => ({ kind: 'bulk', sql: bulkTransaction(tag, step) }));
          bulkStep += 1;
          nextBulkMs = performance.now() + bulkEveryMs;
        } else {
          await writer.commit((tag) => {
            const kind = pickKind(random);
            return { kind, sql: transactionSql(kind, tag, random) };
          });
        }
      }
    } catch (error) {
      this.isStopped = true;
      throw error;
    }
  }
}

/** insert 1, insert 2, update 1, delete 1, insert 3, update 2, delete 2, insert 4, … */
export function bulkLife(step: number, random: Random): BulkStep {
  if (step < BULK_LAG) return { batch: step + 1, step: 'insert', random };
  const round = Math.floor((step - BULK_LAG) / 3);
  const phase = (step - BULK_LAG) % 3;
  if (phase === 0) return { batch: round + 1, step: 'update', random };
  if (phase === 1) return { batch: round + 1, step: 'delete', random };
  return { batch: round + BULK_LAG + 1, step: 'insert', random };
}
