import { connectTo, runSql } from '@lutra/testing';
import { BENCH_SCHEMA } from './bench-site.ts';
import type { BenchSite } from './bench-site.ts';
import { measureDelay } from './delay.ts';
import type { DelayFigures } from './delay.ts';
import { followersReach } from './load-benches.ts';
import type { RunOptions } from './load-benches.ts';
import { measureOf } from './measure.ts';
import type { Measure } from './measure.ts';
import { describeCpu, readUse, usedBetween } from './resource-use.ts';

const WRITERS = 8;
const DELAY_RUN = { perSecond: 1_000, seconds: 10 };

/** Delay at 1 000 transactions a second, from the answer to COMMIT at the source until the row shows at the follower. */
export async function benchDelay(site: BenchSite, options: RunOptions): Promise<Measure[]> {
  const table = [
    'CREATE TABLE IF NOT EXISTS pulse (id INT NOT NULL PRIMARY KEY, at DATETIME(6) NOT NULL) ENGINE=InnoDB',
  ];
  await runSql(site.source, [`USE ${BENCH_SCHEMA}`, ...table]);
  await runSql(site.target, [`USE ${BENCH_SCHEMA}`, ...table]);
  await followersReach(site, await site.sourceGtid());
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => connectTo(site.source, BENCH_SCHEMA)));
  const target = await connectTo(site.target);
  const replica = await site.replicaConnection(1);
  const ours: DelayFigures[] = [];
  const peers: DelayFigures[] = [];
  try {
    for (let run = 0; run < options.runs; run++) {
      const firstId = run * 1_000_000;
      await site.lutraCatchUp(await site.sourceGtid());
      const before = await readUse(site.stack, site.serverPids);
      const lutra = await measureDelay(writers, target, { ...DELAY_RUN, schema: BENCH_SCHEMA, firstId });
      const { cpuSeconds } = usedBetween(before, await readUse(site.stack, site.serverPids));
      await site.pausePipeline();
      await site.replicaCatchUp(1, await site.sourceGtid());
      await replica.query('START SLAVE');
      const own = await measureDelay(writers, replica, {
        ...DELAY_RUN,
        schema: BENCH_SCHEMA,
        firstId: firstId + 500_000,
      });
      await replica.query('STOP SLAVE');
      ours.push(lutra);
      peers.push(own);
      options.say(
        `e2e.delay run ${String(run + 1)}: Lutra ${describe(lutra)}; replica ${describe(own)}; ${String(lutra.transactionsPerSecond)} transactions/s`,
      );
      options.say(`  CPU (per row): ${describeCpu(cpuSeconds, DELAY_RUN.perSecond * DELAY_RUN.seconds)}`);
    }
    await followersReach(site, await site.sourceGtid());
    await site.assertEqual(['pulse']);
  } finally {
    for (const connection of [...writers, target, replica]) connection.destroy();
  }
  const note = `${String(DELAY_RUN.perSecond)} transactions/s`;
  return (['p50', 'p99'] as const).map((figure) =>
    measureOf('e2e.delay', 'ms', {
      ours: ours.map((figures) => figures[figure]),
      peer: { name: 'replica', values: peers.map((figures) => figures[figure]) },
      note: `${figure} at ${note}`,
    }),
  );
}

const describe = ({ p50, p99 }: DelayFigures): string => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
