import { randomUUID } from 'node:crypto';
import type { Command, CommandKind, FailureReport, Permit } from '@lutra/model';

export const permit = (change: Partial<Permit> = {}): Permit => ({
  state: 'RUNNING',
  epoch: 1,
  draining: false,
  commandId: 'earlier',
  aboutEpoch: null,
  reason: 'test',
  failure: null,
  since: '2026-01-01T00:00:00.000Z',
  by: 'operator',
  attempt: 0,
  nextAttemptAt: null,
  ...change,
});

export const command = (kind: CommandKind, change: Partial<Command> = {}): Command => ({
  id: randomUUID(),
  kind,
  pipelineId: 'p',
  aboutEpoch: null,
  reason: 'test',
  author: 'operator',
  issuedAt: '2026-01-01T00:00:00.000Z',
  ...change,
});

export const failure = (change: Partial<FailureReport> = {}): FailureReport => ({
  code: 'TARGET_UNREACHABLE',
  class: 'retryable',
  message: 'The target is gone',
  workaround: 'Wait',
  stage: 'load',
  instance: 'load-1',
  epoch: 5,
  process: null,
  at: '2026-01-01T00:00:00.000Z',
  ...change,
});
