import type { ProcessHeader } from '@lutra/model';

/** Header of a process as select writes it. */
export const processHeader = (change: Partial<ProcessHeader> & { readonly process: number }): ProcessHeader => ({
  pipelineId: 'P1',
  epoch: 2,
  revision: 1,
  end: { done: { kind: 'mariadbGtid', gtidList: '0-1-7' }, inside: null },
  serverUuid: 'server-1',
  transactionCount: 1,
  rowCount: 1,
  sourceBytes: 10,
  firstCommitMs: 1,
  lastCommitMs: 2,
  stages: [{ stage: 'select', instance: 'select-1', startMs: 1, endMs: 2, rowCount: 1, bytes: 10 }],
  ...change,
});
