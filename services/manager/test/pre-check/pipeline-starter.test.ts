import { expect, it } from '@jest/globals';
import type { Clock } from '@lutra/model';
import type { CommandService } from '../../src/commands/command.service.ts';
import { PipelineStarter } from '../../src/pre-check/pipeline-starter.ts';
import type { PreCheckService } from '../../src/pre-check/pre-check.service.ts';
import type { Store } from '../../src/store/store.ts';

const ORDER = { kind: 'START', reason: 'test' } as const;
const BY = {
  caller: { id: 'k', name: 'k', role: 'operator', channelIds: null, sessionId: null },
  key: undefined,
} as const;

/** A channel whose checks take so long each; the clock goes on as far as somebody sleeps. */
function channelOf(size: number, checkMs: number) {
  let nowMs = 0;
  const checked: string[] = [];
  const sleeping: { readonly untilMs: number; readonly wake: () => void }[] = [];
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      sleeping.push({ untilMs: nowMs + ms, wake: resolve });
      signal?.addEventListener('abort', () => {
        resolve();
      });
    });
  const clock: Clock = {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    sleep,
    callAfter: () => () => undefined,
  };
  const rows = Array.from({ length: size }, (_, index) => ({ id: `p${String(index)}` }));
  const issued: string[] = [];
  const starter = new PipelineStarter({
    clock,
    coordinator: { permit: () => Promise.resolve(null) },
    store: { read: () => Promise.resolve(rows) } as unknown as Store,
    commands: {
      repeatOf: () => Promise.resolve(null),
      issueForChannel: (channelId: string) => Promise.resolve(void issued.push(channelId)),
    } as unknown as CommandService,
    preChecks: {
      check: async (pipelineId: string) => {
        await sleep(checkMs);
        checked.push(pipelineId);
        return { pipelineId, findings: [] };
      },
    } as unknown as PreCheckService,
  });
  const pass = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    const [next] = sleeping.sort((one, other) => one.untilMs - other.untilMs);
    if (next === undefined) return;
    sleeping.shift();
    nowMs = Math.max(nowMs, next.untilMs);
    next.wake();
  };
  return { starter, checked, issued, pass };
}

async function startChannel(size: number, checkMs: number) {
  const { starter, checked, issued, pass } = channelOf(size, checkMs);
  const ended = { outcome: '' };
  const asking = starter.issueForChannel('C', ORDER, BY).then(
    () => (ended.outcome = 'started'),
    (error: unknown) => (ended.outcome = (error as { code: string }).code),
  );
  while (ended.outcome === '') await pass();
  await asking;
  return { outcome: ended.outcome, checked: checked.length, issued };
}

it('a channel of a hundred pipelines is checked whole before it starts', async () => {
  expect(await startChannel(100, 1_000)).toEqual({ outcome: 'started', checked: 100, issued: ['C'] });
});

it('one that nobody had the time to look at is not started as if it were fit', async () => {
  const { outcome, issued } = await startChannel(100, 5_000);
  expect([outcome, issued]).toEqual(['PIPELINE_PRECHECK_FAILED', []]);
});

it('checks that have begun and hang are no reason against a START', async () => {
  const { outcome, issued } = await startChannel(6, 3_600_000);
  expect([outcome, issued]).toEqual(['started', ['C']]);
});
