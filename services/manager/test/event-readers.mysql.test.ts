import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { NoticeWatch } from '../src/alarms/notice-watch.ts';
import { PipelineWatch } from '../src/statistics/pipeline-watch.ts';
import { RollupStore } from '../src/statistics/rollup-store.ts';
import { StatisticsWorker } from '../src/statistics/statistics.worker.ts';
import { Store } from '../src/store/store.ts';
import { loaded, warning } from './rollup-events.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: what a manager keeps of the event log is bounded, and gone with its pipeline.
// Method: readers of the log beside a manager in this process, on its store and its bus.

const installation = new Installation();
/** Waits that last a minute are over at once. */
const hasty: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 50), signal),
};
let manager: RunningManager;
let store: Store;
let pipelineId: string;

beforeAll(async () => {
  manager = await installation.start();
  store = new Store({ ...installation.store, database: installation.database }, systemClock);
  await store.open(() => Promise.resolve());
  const source = { kind: 'mariadb', host: 'db.example.com', port: 3301, user: 'lutra', password: 'secret' };
  pipelineId = await manager.create('pipelines', {
    name: 'first',
    channelId: await manager.create('channels', { name: 'shop' }),
    sourceId: await manager.create('data-sources', { ...source, name: 'source' }),
    targetId: await manager.create('data-sources', { ...source, name: 'target', port: 3302 }),
  });
});

afterAll(async () => {
  await store.close('the test ends');
  await installation.close();
});

it('views of removed pipelines are forgotten, and no others', async () => {
  const nowMs = Date.now();
  const ids = [pipelineId, 'P-REMOVED'];
  for (let process = 1; process <= 20; process++)
    for (const id of ids) await manager.bus.publishEvent(loaded({ pipelineId: id, process, atMs: nowMs }));
  const stop = new AbortController();
  const known = new Set<string>();
  class WatchedWatch extends PipelineWatch {
    override fold(...given: Parameters<PipelineWatch['fold']>): void {
      super.fold(...given);
      for (const id of this.ids()) known.add(id);
    }
  }
  const watch = new WatchedWatch();
  const log = pino({ level: 'silent' });
  const rollups = new RollupStore(store);
  const worker = new StatisticsWorker({ watch, store, rollups, bus: manager.bus, clock: hasty, log });
  const running = worker.run(stop.signal);
  try {
    const isRead = (): boolean => watch.view(pipelineId).recent[0]?.process === 20 && known.has('P-REMOVED');
    await waitUntil(isRead, { what: 'the log to be read', timeoutMs: 60_000 });
    await waitUntil(() => !watch.ids().includes('P-REMOVED'), { what: 'it to be forgotten', timeoutMs: 60_000 });
    expect(watch.ids()).toEqual([pipelineId]);
  } finally {
    stop.abort();
    await running;
  }
});

it('a pipeline that floods the log with warnings hides no warning of another, and costs a bounded memory', async () => {
  const nowMs = Date.now();
  const flood = (count: number, first: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        manager.bus.publishEvent(warning('P-FLOOD', nowMs - 1_000 + first + index)),
      ),
    );
  await flood(300, 0);
  await manager.bus.publishEvent(warning('P-QUIET', nowMs - 1_000));
  await flood(300, 300);
  const notices = new NoticeWatch({ bus: manager.bus, clock: systemClock });
  const newest = new Date(nowMs - 401).toISOString();
  const read = async (): Promise<unknown> => {
    const found = await notices.read();
    const [quiet, flooding] = ['P-QUIET', 'P-FLOOD'].map((id) => found.filter(({ pipelineId: of }) => of === id));
    return [quiet?.length, flooding?.length, flooding?.at(-1)?.at];
  };
  expect(await read()).toEqual([1, 500, newest]);
  // What comes later is seen too, and nothing is counted twice.
  await manager.bus.publishEvent(warning('P-QUIET', nowMs));
  expect(await read()).toEqual([2, 500, newest]);
});
