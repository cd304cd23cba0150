import { describe, expect, it } from '@jest/globals';
import { NeededFiles } from '../src/needed-log.ts';
import { purgeWarnings, WarningGate } from '../src/warn-of-purge.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_000 * HOUR_MS;
const FILES = [3, 4, 5, 6].map((number) => ({ name: `bin.00000${String(number)}`, bytes: 100_000_000 }));
const DAY_RETENTION = { expireMs: 24 * HOUR_MS, totalBytesMax: null, files: FILES };
const needs = (file: number, hoursBehind: number | null) => ({
  file: `bin.00000${String(file)}`,
  doneUntilMs: hoursBehind === null ? null : NOW_MS - hoursBehind * HOUR_MS,
});

describe('purgeWarnings', () => {
  it.each([
    ['is quiet about the file that is written', needs(6, 100), DAY_RETENTION, []],
    ['is quiet below half of the time', needs(5, 11), DAY_RETENTION, []],
    ['warns from half of the time on', needs(5, 12), DAY_RETENTION, ['time']],
    ['warns when the time is over and the file is still there', needs(4, 30), DAY_RETENTION, ['time']],
    ['warns of the oldest file', needs(3, 1), DAY_RETENTION, ['oldestFile']],
    [
      'warns of the oldest file without any retention',
      needs(3, null),
      { ...DAY_RETENTION, expireMs: null },
      ['oldestFile'],
    ],
    [
      'knows that nothing was ever purged',
      needs(1, 1),
      { ...DAY_RETENTION, files: [{ name: 'bin.000001', bytes: 1 }, ...FILES] },
      [],
    ],
    ['says when it is too late', needs(2, 1), DAY_RETENTION, ['gone']],
    ['warns by size', needs(4, 1), { expireMs: null, totalBytesMax: 375_000_000, files: FILES }, ['size']],
    ['is quiet below the size', needs(4, 1), { expireMs: null, totalBytesMax: 376_000_000, files: FILES }, []],
    [
      'warns by time and by size',
      needs(4, 20),
      { expireMs: 24 * HOUR_MS, totalBytesMax: 300_000_000, files: FILES },
      ['time', 'size'],
    ],
    ['is quiet when the server has no log', needs(4, 20), { ...DAY_RETENTION, files: [] }, []],
  ])('%s', (_, needed, retention, expected) => {
    const warnings = purgeWarnings(needed, retention, { kind: 'mysql', nowMs: NOW_MS });
    expect(warnings.map(({ condition }) => condition)).toEqual(expected);
  });

  it('says how long is left, which setting, and what prolongs it', () => {
    const [warning] = purgeWarnings(needs(5, 18), DAY_RETENTION, { kind: 'mysql', nowMs: NOW_MS });
    expect(warning?.message).toBe(
      'The source may purge bin.000005, which the pipeline still needs, in 6 h: the target is 18 h behind, and binlog_expire_logs_seconds keeps 24 h. Files are kept longer after SET GLOBAL binlog_expire_logs_seconds = 172800',
    );
  });
});

it('a condition is told once an hour, and at once when it came back', () => {
  const gate = new WarningGate();
  const time = { condition: 'time' as const, message: '' };
  const size = { condition: 'size' as const, message: '' };
  const said = [
    gate.take([time], 0),
    gate.take([time, size], 1),
    gate.take([time, size], HOUR_MS - 1),
    gate.take([time, size], HOUR_MS),
    gate.take([size], HOUR_MS + 1),
    gate.take([time, size], HOUR_MS + 2),
  ];
  expect(said.map((warnings) => warnings.map(({ condition }) => condition))).toEqual([
    ['time'],
    ['size'],
    [],
    ['time'],
    ['size'],
    ['time'],
  ]);
});

describe('NeededFiles', () => {
  const place = (file: number, offset = 4) => ({ file: `bin.00000${String(file)}`, offset });

  it('follows what is loaded, not what is read', () => {
    const files = new NeededFiles();
    const now = { caughtUpAt: null, prepared: [], nowMs: 9 };
    expect(files.needed(now)).toBeNull();
    files.begins(place(1));
    files.begins(place(2));
    expect(files.needed(now)).toEqual({ file: 'bin.000001', doneUntilMs: null });
    files.published(1, place(2), 5);
    files.published(2, place(3), 6);
    files.published(3, place(4), 7);
    files.loaded(2);
    expect(files.needed(now)).toEqual({ file: 'bin.000003', doneUntilMs: 6 });
    expect(files.needed({ ...now, caughtUpAt: place(5) })).toEqual({ file: 'bin.000005', doneUntilMs: 9 });
  });

  it('needs the file of the oldest XA transaction that is not decided', () => {
    const files = new NeededFiles();
    const now = { caughtUpAt: place(5), prepared: [place(4), place(2, 9), place(3)], nowMs: 9 };
    expect(files.needed(now)).toEqual({ file: 'bin.000002', doneUntilMs: null });
  });
});
