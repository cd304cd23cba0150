import { connectTo } from '@lutra/testing';
import { BENCH_SCHEMA } from './bench-site.ts';
import type { BenchSite } from './bench-site.ts';
import { measureOf, medianOf } from './measure.ts';
import type { Measure } from './measure.ts';
import { rawCeiling, RAW_SCHEMA } from './raw-ceiling.ts';
import { describeBytes, describeCpu, describePeaks, readUse, usedBetween } from './resource-use.ts';
import type { ResourceUse } from './resource-use.ts';
import { workload, WRITERS } from './workloads.ts';
import type { LoadBench, Workload } from './workloads.ts';
import { createTables, prepareRows, writeWorkload } from './write-workload.ts';

export interface RunOptions {
  readonly runs: number;
  readonly scale: number;
  readonly say: (text: string) => void;
}

/** Rows per second of each competitor in one run, and what Lutra used for them. */
interface Run {
  readonly lutra: number;
  /** By apply threads. */
  readonly replicas: ReadonlyMap<number, number>;
  readonly raw: number;
  readonly use: ResourceUse;
  /** CPU seconds of the server that each of the others wrote to. */
  readonly peerCpu: ReadonlyMap<string, number>;
}

/** The server's default, and so the peer of the ratio. */
const PEER_THREADS = 1;
const PEER_THREADS_BESIDE = 4;

/**
 * Catch-up speed of one workload: Lutra, the database's own replication with 1 and with 4 apply threads, and raw upserts by
 * a script, in turns on the same servers; equal after each run.
 */
export async function benchLoad(site: BenchSite, bench: LoadBench, options: RunOptions): Promise<Measure> {
  const runs: Run[] = [];
  for (let number = 0; number < options.runs; number++) {
    const work = workload(bench, options.scale, `${bench.replace('load.', '')}_${String(number)}`);
    const run = await runOnce(site, work, number);
    runs.push(run);
    tell(options.say, { site, work, run, number });
  }
  const replica = (threads: number): number[] => runs.map(({ replicas }) => replicas.get(threads) ?? Number.NaN);
  const beside = [
    `replica with ${String(PEER_THREADS_BESIDE)} threads ${thousands(medianOf(replica(PEER_THREADS_BESIDE)))}`,
    `raw ${thousands(medianOf(runs.map(({ raw }) => raw)))}`,
  ];
  return measureOf(bench, 'rows/s', {
    ours: runs.map(({ lutra }) => lutra),
    peer: { name: 'replica', values: replica(PEER_THREADS) },
    note: beside.join(', '),
  });
}

async function runOnce(site: BenchSite, work: Workload, number: number): Promise<Run> {
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => connectTo(site.source, BENCH_SCHEMA)));
  const [first] = writers;
  try {
    if (first === undefined) throw new Error('There is no writer');
    await createTables(first, work);
    await site.createAtTarget(work);
    await prepareRows(first, work);
    await followersReach(site, await site.sourceGtid());
    await writeWorkload(writers, work);
  } finally {
    for (const writer of writers) writer.destroy();
  }
  return compete(site, work, number);
}

/** Everyone applies the backlog, one after the other. */
async function compete(site: BenchSite, work: Workload, number: number): Promise<Run> {
  const gtid = await site.sourceGtid();
  const rate = (ms: number): number => work.rowCount / (ms / 1000);
  const replicas = new Map<number, number>();
  const peerCpu = new Map<string, number>();
  let lutra = Number.NaN;
  let raw = Number.NaN;
  let use: ResourceUse | null = null;
  const read = (): Promise<ResourceUse> => readUse(site.stack, site.serverPids);
  const turns: (() => Promise<void>)[] = site.replicas.map(({ threads }) => async () => {
    const before = await read();
    replicas.set(threads, rate(await site.replicaCatchUp(threads, gtid)));
    const name = `replica${String(threads)}`;
    peerCpu.set(name, usedBetween(before, await read()).cpuSeconds.get(name) ?? 0);
  });
  turns.push(async () => {
    const before = await read();
    lutra = rate(await site.lutraCatchUp(gtid));
    use = usedBetween(before, await read());
    await site.pausePipeline();
  });
  turns.push(async () => {
    const before = await read();
    raw = rate(await rawCeiling(site.target, work));
    peerCpu.set('raw', usedBetween(before, await read()).cpuSeconds.get('target') ?? 0);
  });
  // Who goes first changes from run to run, so that a drift of the machine hits everyone.
  for (let turn = 0; turn < turns.length; turn++) await turns[(turn + number) % turns.length]?.();
  await site.assertEqual(work.tables, RAW_SCHEMA);
  await site.dropTables(work.tables, RAW_SCHEMA);
  if (use === null) throw new Error('Lutra had no turn');
  return { lutra, replicas, raw, use, peerCpu };
}

/** Everybody stands at the same place and nobody works. */
export async function followersReach(site: BenchSite, gtid: string): Promise<void> {
  await site.lutraCatchUp(gtid);
  await site.pausePipeline();
  for (const { threads } of site.replicas) await site.replicaCatchUp(threads, gtid);
}

function tell(
  say: RunOptions['say'],
  { site, work, run, number }: { site: BenchSite; work: Workload; run: Run; number: number },
): void {
  const { bench, rowCount } = work;
  const replicas = [...run.replicas].map(([threads, rows]) => `${thousands(rows)} with ${String(threads)}`);
  say(
    `${bench} run ${String(number + 1)}: Lutra ${thousands(run.lutra)} rows/s, replica ${replicas.join(', ')} threads, raw ${thousands(run.raw)}`,
  );
  say(`  CPU (per row): ${describeCpu(run.use.cpuSeconds, rowCount)}`);
  say(`  CPU of the others' servers: ${describeCpu(run.peerCpu, rowCount)}`);
  say(`  bytes per row: ${describeBytes(run.use.bodyBytes, rowCount)}; highest RSS, MiB: ${describePeaks(site.stack)}`);
}

const thousands = (value: number): string => Math.round(value).toLocaleString('en');
