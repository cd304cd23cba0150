import type { LoadedEvent, WarningEvent } from '@lutra/model';

/** A process that is in the target, with sensible defaults; `atMs` is when it was committed. */
export function loaded(change: Partial<LoadedEvent> & { readonly atMs: number }): LoadedEvent {
  const { atMs, ...rest } = change;
  return {
    v: 1,
    kind: 'loaded',
    at: new Date(atMs).toISOString(),
    who: 'load-1',
    pipelineId: 'P1',
    epoch: 1,
    process: 1,
    traceId: 'abc',
    end: { done: { kind: 'mariadbGtid', gtidList: '0-1-5' }, inside: null },
    revision: 1,
    transactionCount: 2,
    inserted: 5,
    updated: 3,
    deleted: 2,
    skipped: 0,
    conflicts: 0,
    tables: [['shop.orders', 5, 3, 2, 0]],
    sourceBytes: 1_000,
    firstCommitMs: atMs - 100,
    lastCommitMs: atMs - 50,
    stages: [
      { stage: 'select', instance: 'select-1', startMs: atMs - 90, endMs: atMs - 80, rowCount: 10, bytes: 1_000 },
      { stage: 'load', instance: 'load-1', startMs: atMs - 30, endMs: atMs, rowCount: 10, bytes: 900 },
    ],
    ...rest,
  };
}

export const warning = (pipelineId: string, atMs: number): WarningEvent => ({
  v: 1,
  kind: 'warning',
  at: new Date(atMs).toISOString(),
  who: 'select-1',
  pipelineId,
  epoch: 1,
  process: null,
  traceId: null,
  code: 'SOURCE_DDL_SKIPPED',
  message: 'passed over',
});
