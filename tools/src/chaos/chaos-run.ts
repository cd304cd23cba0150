import { join } from 'node:path';
import { describePipeline, lutraHome, waitUntil } from '@lutra/testing';
import type { Screen } from '../screen.ts';
import type { ChaosOptions } from './chaos-options.ts';
import { openChaosSite, SESSION_TIMEOUT_MS } from './chaos-site.ts';
import type { ChaosGround } from './chaos-site.ts';
import type { ChaosOutcome, FaultRecord, SitesVerdict } from './chaos-types.ts';
import { FaultDeck } from './fault-deck.ts';
import { FAULT_FAMILIES } from './faults/fault-families.ts';
import { compareSites } from './judge/compare-sites.ts';
import { HeartbeatWatch } from './judge/heartbeat-watch.ts';
import { TargetSampler } from './judge/target-sampler.ts';
import { describeFault, writeReport } from './report/write-report.ts';
import { RECOVERY_LIMIT_MS, runFaults } from './run-faults.ts';
import { ChaosWorkload } from './workload/chaos-workload.ts';

const CATCH_UP_LIMIT_MS = 180_000;
const RUNNING_LIMIT_MS = 30_000;
const NO_COMPARISON: SitesVerdict = { tables: [], lost: 0, doubled: 0, violations: [] };

/** Builds the site, breaks it while the workload writes, compares, and judges. True when the run has passed. */
export async function runChaos(options: ChaosOptions, screen: Screen, signal: AbortSignal): Promise<boolean> {
  const site = await openChaosSite({ folder: options.folder });
  try {
    const outcome = await breakAndJudge(site, { ...options, screen, signal });
    const { text, problems } = writeReport(outcome, {
      folder: join(lutraHome(), 'chaos'),
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });
    screen.line(text);
    if (options.keep && !signal.aborted) {
      screen.line(`Left running: ${site.stack.api.address}, token in ${site.stack.tokenFile}; Ctrl-C ends it.`);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    }
    return problems.length === 0;
  } finally {
    await site.stop();
  }
}

interface ChaosRun extends ChaosOptions {
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

async function breakAndJudge(site: ChaosGround, run: ChaosRun): Promise<ChaosOutcome> {
  const { minutes, seed, rate, kinds, screen, signal } = run;
  const problems: string[] = [];
  /** What fails here fails the run, but the report shall still say all that is known. */
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const workload = new ChaosWorkload(site, { seed, ratePerSecond: rate });
  await workload.prepare();
  for (const { id } of site.pipelines) {
    await site.api.command(id, 'START', 'the chaos run begins');
    await site.stack.waitReading(id);
  }
  screen.line(`Both pipelines run; ${rate} tx/s for ${minutes} minutes, seed ${seed}`);
  workload.start();
  const watch = HeartbeatWatch.start(site);
  const sampler = TargetSampler.start(site);
  let faults: FaultRecord[] = [];
  let comparison = NO_COMPARISON;
  const startMs = performance.now();
  await attempt('the pipelines never began', async () => {
    const { transactional, merged } = await watch.waitRecovered(startMs, RECOVERY_LIMIT_MS);
    if (typeof transactional !== 'number' || typeof merged !== 'number') throw new Error('no heartbeat arrived');
  });
  if (problems.length === 0)
    await attempt('the faults', async () => {
      const deck = new FaultDeck(
        FAULT_FAMILIES.filter(({ kind }) => kinds.includes(kind)),
        seed,
      );
      const onRecord = (record: FaultRecord): void => {
        screen.line(describeFault(record, startMs, SESSION_TIMEOUT_MS));
        screen.line(
          `    ${workload.txPerSecond.toFixed(0)} tx/s, ${sampler.samples} samples, ${sampler.violations.length} violations`,
        );
      };
      faults = await runFaults({ ground: site, deck, watch, seed, ms: minutes * 60_000, signal, onRecord });
    });
  await attempt('the workload', () => workload.stop());
  await watch.stop();
  await attempt('the comparison', async () => {
    comparison = await compareSites(site, CATCH_UP_LIMIT_MS);
  });
  await attempt('the sampler', () => sampler.stop());
  for (const { id, name } of site.pipelines) await attempt(`pipeline ${name} at the end`, () => untilRunning(site, id));
  const { samples, violations } = sampler;
  return {
    seed,
    minutes,
    kinds,
    faults,
    workload: workload.counts,
    sampler: { samples, violations },
    comparison,
    problems,
  };
}

/** Nobody has halted it, so it has to run, without a failure. */
function untilRunning(site: ChaosGround, pipelineId: string): Promise<unknown> {
  return waitUntil(
    async () => {
      const view = await site.api.pipeline(pipelineId);
      if (view.state === 'RUNNING' && view.failure === null) return true;
      throw new Error(describePipeline(view));
    },
    { what: 'it to run', timeoutMs: RUNNING_LIMIT_MS },
  );
}
