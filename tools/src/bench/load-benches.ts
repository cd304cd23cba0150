import { connectTo, runSql } from '@lutra/testing';
import { BENCH_SCHEMA } from './bench-site.ts';
import type { BenchSite } from './bench-site.ts';
import { cpuByStage, describeCpu } from './cpu-by-stage.ts';
import { measureDelay } from './delay.ts';
import { measureOf } from './measure.ts';
import type { Measure } from './measure.ts';
import { workloads } from './workloads.ts';
import type { Workload } from './workloads.ts';

export interface RunOptions {
  readonly runs: number;
  readonly scale: number;
  readonly say: (text: string) => void;
}

const WRITERS = 8;
const DELAY_RUN = { perSecond: 1_000, seconds: 10 };

/** Catch-up speed of every workload: Lutra beside the database's own replication, in turns, hash-equal after each run. */
export async function benchLoad(site: BenchSite, options: RunOptions): Promise<Measure[]> {
  const names = workloads(options.scale, '0').map(({ bench }) => bench);
  const measures: Measure[] = [];
  for (const bench of names) {
    const ours: number[] = [];
    const peers = new Map<number, number[]>(site.replicas.map(({ threads }) => [threads, []]));
    for (let run = 0; run < options.runs; run++) {
      const workload = workloads(options.scale, `${bench.replace('load.', '')}_${String(run)}`).find(
        (candidate) => candidate.bench === bench,
      );
      if (workload === undefined) continue;
      const times = await catchUpOnce(site, workload, run);
      ours.push(workload.rowCount / (times.lutraMs / 1000));
      for (const [threads, ms] of times.replicaMs) peers.get(threads)?.push(workload.rowCount / (ms / 1000));
      options.say(
        `${bench} run ${String(run + 1)}: Lutra ${String(Math.round(ours.at(-1) ?? 0))} rows/s, replica ${[...peers].map(([threads, values]) => `${String(Math.round(values.at(-1) ?? 0))} (${String(threads)} threads)`).join(', ')}; CPU in µs per row: ${times.cpu}`,
      );
    }
    const best = [...peers]
      .map(([threads, values]) => ({ threads, values, middle: measureOf(bench, 'rows/s', { ours: values }).median }))
      .sort((left, right) => right.middle - left.middle)[0];
    measures.push(
      measureOf(bench, 'rows/s', {
        ours,
        ...(best === undefined
          ? {}
          : {
              peer: { name: 'replica', values: best.values },
              note: `replica with ${String(best.threads)} apply threads`,
            }),
      }),
    );
  }
  return measures;
}

async function catchUpOnce(
  site: BenchSite,
  workload: Workload,
  run: number,
): Promise<{ lutraMs: number; cpu: string; replicaMs: ReadonlyMap<number, number> }> {
  await runSql(site.source, [`USE ${BENCH_SCHEMA}`, ...workload.tables]);
  await runSql(site.target, [`USE ${BENCH_SCHEMA}`, ...workload.tables]);
  const connections = await Promise.all(Array.from({ length: WRITERS }, () => connectTo(site.source, BENCH_SCHEMA)));
  try {
    if (connections[0] !== undefined) await workload.prepare?.(connections[0]);
    await followersReach(site, await site.sourceGtid());
    await workload.write(connections);
  } finally {
    for (const connection of connections) connection.destroy();
  }
  const gtid = await site.sourceGtid();
  const replicaMs = new Map<number, number>();
  const turns: (() => Promise<void>)[] = site.replicas.map(({ threads }) => async () => {
    replicaMs.set(threads, await site.replicaCatchUp(threads, gtid));
  });
  let lutraMs = Number.NaN;
  let cpu = '';
  turns.push(async () => {
    const before = cpuByStage(site.stack);
    lutraMs = await site.lutraCatchUp(gtid);
    cpu = describeCpu(before, cpuByStage(site.stack), workload.rowCount);
    await site.pausePipeline();
  });
  // Who goes first changes from run to run, so that a drift of the machine hits everyone.
  for (let turn = 0; turn < turns.length; turn++) await turns[(turn + run) % turns.length]?.();
  await site.assertEqual(workload.names);
  return { lutraMs, cpu, replicaMs };
}

/** Everybody stands at the same place and nobody works. */
async function followersReach(site: BenchSite, gtid: string): Promise<void> {
  await site.lutraCatchUp(gtid);
  await site.pausePipeline();
  for (const { threads } of site.replicas) await site.replicaCatchUp(threads, gtid);
}

/** Delay at 1 000 transactions a second, from the answer to COMMIT at the source until the row shows at the follower. */
export async function benchDelay(site: BenchSite, options: RunOptions): Promise<Measure[]> {
  const ours = { p50: [] as number[], p99: [] as number[] };
  const peer = { p50: [] as number[], p99: [] as number[] };
  const table = [
    'CREATE TABLE IF NOT EXISTS pulse (id INT NOT NULL PRIMARY KEY, at DATETIME(6) NOT NULL) ENGINE=InnoDB',
  ];
  await runSql(site.source, [`USE ${BENCH_SCHEMA}`, ...table]);
  await runSql(site.target, [`USE ${BENCH_SCHEMA}`, ...table]);
  await followersReach(site, await site.sourceGtid());
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => connectTo(site.source, BENCH_SCHEMA)));
  const target = await connectTo(site.target);
  const replica = await site.replicaConnection(1);
  try {
    for (let run = 0; run < options.runs; run++) {
      const firstId = run * 1_000_000;
      await site.lutraCatchUp(await site.sourceGtid());
      const lutra = await measureDelay(writers, target, { ...DELAY_RUN, schema: BENCH_SCHEMA, firstId });
      await site.pausePipeline();
      await site.replicaCatchUp(1, await site.sourceGtid());
      await replica.query('START SLAVE');
      const own = await measureDelay(writers, replica, {
        ...DELAY_RUN,
        schema: BENCH_SCHEMA,
        firstId: firstId + 500_000,
      });
      await replica.query('STOP SLAVE');
      for (const [figures, of] of [
        [ours, lutra],
        [peer, own],
      ] as const) {
        figures.p50.push(of.p50);
        figures.p99.push(of.p99);
      }
      options.say(
        `e2e.delay run ${String(run + 1)}: Lutra p50 ${lutra.p50.toFixed(1)} ms, p99 ${lutra.p99.toFixed(1)} ms; replica p50 ${own.p50.toFixed(1)} ms, p99 ${own.p99.toFixed(1)} ms; ${String(lutra.transactionsPerSecond)} transactions/s`,
      );
    }
    await followersReach(site, await site.sourceGtid());
    await site.assertEqual(['pulse']);
  } finally {
    for (const connection of [...writers, target, replica]) connection.destroy();
  }
  const note = `${String(DELAY_RUN.perSecond)} transactions/s`;
  return (['p50', 'p99'] as const).map((figure) =>
    measureOf('e2e.delay', 'ms', {
      ours: ours[figure],
      peer: { name: 'replica', values: peer[figure] },
      note: `${figure} at ${note}`,
    }),
  );
}
