import { join } from 'node:path';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { must } from '@lutra/model';
import type { LoadedEvent } from '@lutra/model';
import { connectTo, LocalStack, lutraHome, startServerGroup, waitUntil } from '@lutra/testing';
import type { ServerGroup } from '@lutra/testing';
import { catchUpMs, gtidOf, pause } from './bench-site.ts';
import type { RunOptions } from './load-benches.ts';
import { measureOf } from './measure.ts';
import type { Measure } from './measure.ts';
import { describeCpu, readUse, usedBetween } from './resource-use.ts';
import type { ResourceUse } from './resource-use.ts';
import { workload, WRITERS } from './workloads.ts';
import type { Workload } from './workloads.ts';
import { createTables, writeWorkload } from './write-workload.ts';

const SCHEMA = 'scale';
const STAGES = ['extract', 'transform'] as const;
/** Of the rows of a load bench: a script takes ten times as long as all the rest. */
const SHARE = 0.3;
const ASKED_MICROSECONDS = 200;
const ASKED_RATIO = 1.6;
/** Calculates for some 400 µs. */
const SCRIPT = `function transform(row) {
  let sum = 0;
  for (let step = 0; step < 8000; step += 1) sum = (sum * 31 + step) % 1000003;
  row.customer_id = sum;
  return row;
}`;

/** One run with some number of instances of extract and transform. */
interface Run {
  readonly rowsPerSecond: number;
  /** CPU of all instances of transform, per row. */
  readonly microsecondsPerRow: number;
}

/**
 * What a second instance of extract and transform is worth where a mapping's script is what takes the time: a backlog is
 * caught up by one and by two of each, in turns. Rates are counted from the first row that extract takes to the last that load
 * has written, as the stages tell it themselves.
 */
export async function benchScale({ runs, scale, say }: RunOptions): Promise<Measure> {
  const site = await ScaleSite.open();
  try {
    const rates = new Map<number, number[]>([1, 2].map((count) => [count, []]));
    const costs: number[] = [];
    for (let run = 0; run < runs; run++)
      // Who goes first changes from run to run, so that a drift of the machine hits both.
      for (const count of run % 2 === 0 ? [1, 2] : [2, 1]) {
        const work = workload('load.tx10', scale * SHARE, `scale_${String(run)}_${String(count)}`);
        const { rowsPerSecond, microsecondsPerRow } = await site.run(work, count, say);
        rates.get(count)?.push(rowsPerSecond);
        costs.push(microsecondsPerRow);
      }
    const values = must(rates.get(1), 'one of each');
    const cost = Math.round(Math.min(...costs));
    return measureOf('scale', 'rows/s', {
      ours: must(rates.get(2), 'two of each'),
      peer: { name: 'one instance', values },
      note: `two of extract and transform, a script of ${String(cost)} µs (asked: ${String(ASKED_MICROSECONDS)}); asked ratio: ${String(ASKED_RATIO)}`,
    });
  } finally {
    await site.stop();
  }
}

class ScaleSite {
  private readonly events: LoadedEvent[] = [];
  private readonly end = new AbortController();

  private constructor(
    private readonly group: ServerGroup,
    private readonly stack: LocalStack,
    private readonly bus: Bus,
    private readonly pipelineId: string,
  ) {
    void this.follow();
  }

  static async open(): Promise<ScaleSite> {
    const folder = join(lutraHome(), 'bench-scale');
    const kind = 'mariadb' as const;
    const databases = { source: { kind }, target: { kind } };
    const group = await startServerGroup({ home: lutraHome(), folder, databases });
    try {
      return await ScaleSite.on(group, folder);
    } catch (error) {
      await group.stop();
      throw error;
    }
  }

  private static async on(group: ServerGroup, folder: string): Promise<ScaleSite> {
    const [source, target] = [must(group.databases['source'], 'source'), must(group.databases['target'], 'target')];
    const { nats, zookeeper } = group;
    const stack = await LocalStack.start({
      ...{ folder: join(folder, 'stack'), home: lutraHome(), schemas: [SCHEMA], namespace: 'bench_scale' },
      servers: { source, target, manager: target, nats, zookeeper },
      services: { extract: 2, transform: 2 },
    });
    const pipelineId = await stack.createPipeline({
      mappings: [
        {
          ...{ source: { schema: SCHEMA, table: { regex: '.*' } }, target: { schema: SCHEMA } },
          rules: { script: { source: SCRIPT, columns: [] } },
        },
      ],
      parameters: { ddl: 'fail' },
    });
    const bus = await openBus({ ...nats, name: 'bench', namespace: stack.namespace });
    return new ScaleSite(group, stack, bus, pipelineId);
  }

  /** Writes a backlog while nobody reads it and catches up with `count` instances of each stage. */
  async run(work: Workload, count: number, say: RunOptions['say']): Promise<Run> {
    const { stack, pipelineId } = this;
    await pause(stack, pipelineId);
    await this.keepRunning(count);
    const { source, target } = stack.options.servers;
    for (const server of [source, target]) {
      const connection = await connectTo(server, SCHEMA);
      await createTables(connection, work);
      connection.destroy();
    }
    const writers = await Promise.all(Array.from({ length: WRITERS }, () => connectTo(source, SCHEMA)));
    await writeWorkload(writers, work);
    const gtid = await gtidOf(must(writers[0], 'a writer'));
    for (const writer of writers) writer.destroy();
    const before = await this.readUse();
    this.events.length = 0;
    const connection = await connectTo(target);
    await catchUpMs({ stack, pipelineId, target: connection, gtid });
    connection.destroy();
    const events = await waitUntil(() => this.eventsOf(work.rowCount), { what: 'the events', timeoutMs: 30_000 });
    const { cpuSeconds } = usedBetween(before, await this.readUse());
    const transformSeconds = cpuSeconds.get('transform') ?? 0;
    const rowsPerSecond = (work.rowCount / spanMs(events)) * 1_000;
    say(`scale with ${String(count)}: ${rowsPerSecond.toFixed(0)} rows/s, processes by instance ${shares(events)}`);
    say(`  CPU (per row): ${describeCpu(cpuSeconds, work.rowCount)}`);
    return { rowsPerSecond, microsecondsPerRow: (transformSeconds / work.rowCount) * 1e6 };
  }

  async stop(): Promise<void> {
    this.end.abort();
    await this.bus.close();
    await this.stack.stop();
    await this.group.stop();
  }

  private async keepRunning(count: number): Promise<void> {
    for (const stage of STAGES) {
      const running = (): number => this.stack.pids(stage).length;
      while (running() < count) await this.stack.restart(stage);
      if (running() > count) {
        const instance = await this.stack.kill(stage, 'SIGTERM', running() - 1);
        await instance.exit;
      }
    }
  }

  private readUse(): Promise<ResourceUse> {
    const pids = Object.entries(this.group.processes).map(([name, { pid }]) => [name, pid] as const);
    return readUse(this.stack, Object.fromEntries(pids));
  }

  /** All that tell of the rows of a run; undefined until they are there. */
  private eventsOf(rowCount: number): readonly LoadedEvent[] | undefined {
    const written = this.events.reduce((sum, { inserted, updated }) => sum + inserted + updated, 0);
    return written >= rowCount ? [...this.events] : undefined;
  }

  private async follow(): Promise<void> {
    const { pipelineId } = this;
    for await (const event of this.bus.followEvents({ pipelineId, kinds: ['loaded'] }, this.end.signal))
      if (event.kind === 'loaded') this.events.push(event);
  }
}

function spanMs(events: readonly LoadedEvent[]): number {
  const times = events.flatMap(({ stages }) => stages.filter(({ stage }) => stage !== 'select'));
  return Math.max(...times.map(({ endMs }) => endMs)) - Math.min(...times.map(({ startMs }) => startMs));
}

/** 'transform-1-1 6, transform-2-3 6' */
function shares(events: readonly LoadedEvent[]): string {
  const counts = new Map<string, number>();
  for (const { stages } of events)
    for (const { stage, instance } of stages)
      if (stage === 'transform') counts.set(instance, (counts.get(instance) ?? 0) + 1);
  return [...counts].map(([instance, count]) => `${instance} ${String(count)}`).join(', ');
}
