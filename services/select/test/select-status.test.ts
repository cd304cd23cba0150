import { describe, expect, it } from '@jest/globals';
import { SelectStatus } from '../src/select-status.ts';

const HOUR_MS = 3_600_000;
/** The source's clock is an hour ahead of nothing in particular: only its own clock counts. */
const at = (ms: number) => ({ sourceNowMs: HOUR_MS + ms, monotonicMs: ms });

/** Reads transactions, each with its commit time (same scale as `at`) and the moment when it was read. */
function reading(...transactions: readonly (readonly [commitMs: number, readMs: number])[]): SelectStatus {
  const status = new SelectStatus();
  status.phase = 'seeking';
  transactions.forEach(([commitMs, readMs], index) => {
    status.looked(false, readMs);
    status.sawTransaction({ seq: index + 1, commitMs: HOUR_MS + commitMs }, readMs);
  });
  return status;
}
const shown = (status: SelectStatus, ms: number): [string, number] => [status.state(at(ms)), status.lagMs(at(ms))];

describe('SelectStatus', () => {
  it('says what it waits for before a transaction has come', () => {
    const status = new SelectStatus();
    expect(shown(status, 0)).toEqual(['connecting', 0]);
    status.phase = 'seeking';
    status.looked(true, 0);
    expect(shown(status, 5_000)).toEqual(['seeking', 0]);
  });

  it('is idle, not seeking, when the server only repeats where it stands', () => {
    const status = new SelectStatus();
    status.phase = 'seeking';
    status.looked(true, 0);
    status.sawHeartbeats(1);
    expect(status.state(at(3_000))).toBe('seeking');
    status.sawHeartbeats(2);
    expect(shown(status, 3_000)).toEqual(['idle', 0]);
  });

  it('has no lag when everything is read, however old it is', () => {
    const status = reading([-50_000, 0]);
    expect(shown(status, 0)).toEqual(['catchingUp', 50_000]);
    status.looked(true, 100);
    expect(shown(status, 400)).toEqual(['streaming', 0]);
    expect(shown(status, 9_000)).toEqual(['idle', 0]);
  });

  it('is not caught up in the moments when the socket is empty in a backlog', () => {
    const status = reading([-50_000, 0]);
    status.looked(true, 0);
    expect(shown(status, 150)).toEqual(['catchingUp', 50_150]);
    status.looked(false, 160);
    status.looked(true, 170);
    expect(shown(status, 250)).toEqual(['catchingUp', 50_250]);
  });

  it('streams while transactions come as fast as they are committed, mapped or not', () => {
    const status = reading([0, 3], [10, 13], [20, 25]);
    expect(shown(status, 30)).toEqual(['streaming', 10]);
  });

  it('names the target when the window is full, be the dump open or closed', () => {
    const status = reading([0, 0]);
    status.isWindowFull = true;
    status.looked(true, 10);
    expect(shown(status, 4_000)).toEqual(['streaming', 4_000]);
    expect(shown(status, 8_000)).toEqual(['catchingUp', 8_000]);
    expect(status.cause).toContain('target');
    status.phase = 'connecting';
    expect(status.state(at(8_000))).toBe('catchingUp');
    status.cause = 'NATS is away';
    expect(status.cause).toBe('NATS is away');
    status.cause = null;
    status.isWindowFull = false;
    expect([status.state(at(8_000)), status.cause]).toEqual(['connecting', null]);
  });

  it('is right again after the source set its clock back', () => {
    const status = reading([HOUR_MS, 0], [0, 10]);
    expect(shown(status, 20_000)).toEqual(['catchingUp', 20_000]);
  });

  it('never shows a lag below zero: a commit may be newer than the clock that was measured', () => {
    expect(shown(reading([5_000, 0]), 0)).toEqual(['streaming', 0]);
  });

  it('tells why another server than the first is read, and what ended it', () => {
    const status = reading([0, 0]);
    status.addressReason = 'db1 does not answer';
    expect(status.cause).toBe('db1 does not answer');
    status.phase = 'failed';
    status.cause = 'no grants';
    expect([status.state(at(0)), status.cause]).toEqual(['failed', 'no grants']);
  });
});
