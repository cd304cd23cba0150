import { describe, expect, it } from '@jest/globals';
import { foldStatistics, NO_STATISTICS } from '@lutra/model';
import type { FailureReport, LoadedEvent, Permit, WindowEvent } from '@lutra/model';
import type { AlarmFacts, PipelineFacts } from '../../src/alarms/alarm-facts.ts';
import { ALARM_KIND_NAMES, ALARM_KINDS } from '../../src/alarms/alarm-kind.ts';
import type { AlarmKind } from '../../src/alarms/alarm-kind.ts';
import { evaluateRule } from '../../src/alarms/evaluate-rule.ts';
import type { WatchedRule } from '../../src/alarms/evaluate-rule.ts';
import { NO_VIEW } from '../../src/statistics/pipeline-watch.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00.000Z');
const iso = (agoMs: number): string => new Date(NOW_MS - agoMs).toISOString();

const FAILURE: FailureReport = {
  ...{ code: 'TARGET_UNREACHABLE', class: 'retryable', message: 'The target is away', workaround: 'Start it' },
  ...{ stage: 'load', instance: 'load-1', epoch: 3, process: 7, at: iso(1_000) },
};

const permit = (change: Partial<Permit> = {}): Permit => ({
  ...{ state: 'RUNNING', epoch: 3, draining: false, commandId: 'C', aboutEpoch: null, reason: 'go', failure: null },
  ...{ since: iso(900_000), by: 'admin', attempt: 0, nextAttemptAt: null },
  ...change,
});

const base = { v: 1, who: 'x', pipelineId: 'P', epoch: 3, process: null, traceId: null } as const;

const windowEvent = (change: Partial<WindowEvent> = {}): WindowEvent => ({
  ...{ ...base, at: iso(500), kind: 'window', state: 'streaming', cause: null, open: [], lagMs: 0 },
  ...{ eventsRead: 1, bytesRead: 1 },
  ...change,
});

const loaded = (agoMs: number, change: Partial<LoadedEvent> = {}): LoadedEvent => ({
  ...{ ...base, at: iso(agoMs), process: 1, kind: 'loaded', revision: 1, transactionCount: 1, inserted: 1, updated: 0 },
  end: { done: { kind: 'mysqlGtid', gtidSet: '' }, inside: null },
  ...{ deleted: 0, skipped: 0, conflicts: 0, sourceBytes: 1, stages: [] },
  ...{ firstCommitMs: NOW_MS - agoMs - 40, lastCommitMs: NOW_MS - agoMs - 40 },
  ...change,
});

function pipeline(change: {
  readonly permit?: Permit | null;
  readonly window?: WindowEvent | null;
  readonly loaded?: readonly LoadedEvent[];
  readonly facts?: Partial<PipelineFacts>;
}): PipelineFacts {
  const events = change.loaded ?? [];
  const view = {
    ...NO_VIEW,
    statistics: events.reduce((known, event) => foldStatistics(known, event), NO_STATISTICS),
    recent: [...events].reverse(),
    window: change.window ?? null,
  };
  return {
    ...{
      id: 'P',
      name: 'shop',
      channelId: 'C',
      view,
      permit: { value: change.permit === undefined ? permit() : change.permit },
    },
    ...{ cursorMovedMs: { value: null }, queuedSinceMs: { value: null }, openLetters: { value: 0 } },
    retention: { value: { percent: 0, message: 'fine' } },
    ...change.facts,
  };
}

const facts = (change: Partial<AlarmFacts> = {}): AlarmFacts => ({
  ...{
    nowMs: NOW_MS,
    isLogRead: true,
    pipelines: [],
    notices: { value: [] },
    lostInstances: { value: [] },
    storage: { value: [] },
  },
  ...change,
});

const rule = (kind: AlarmKind, change: Partial<WatchedRule> = {}): WatchedRule => ({
  ...{
    kind,
    threshold: ALARM_KINDS[kind].defaultThreshold,
    keyword: kind === 'errorKeyword' ? 'Dead' : null,
    scope: null,
  },
  ...change,
});

describe('before the event log was read', () => {
  it.each<[AlarmKind, string, string, PipelineFacts]>([
    ['delay', 'is not known', 'unknown', pipeline({ window: windowEvent() })],
    ['noProgress', 'is not known', 'unknown', pipeline({})],
    ['processAge', 'is not known', 'unknown', pipeline({ window: windowEvent() })],
    ['positionNotMoving', 'is not known', 'unknown', pipeline({ facts: { cursorMovedMs: { value: 1 } } })],
    ['conflictRate', 'is not known', 'unknown', pipeline({})],
    ['noProgress', 'of a pipeline that is not meant to run is well', 'ok', pipeline({ permit: null })],
    ['deadLetters', 'is known: the target was asked', 'ok', pipeline({})],
    ['queueAge', 'is known: the bus was asked', 'ok', pipeline({})],
  ])('%s %s', (kind, _what, expected, subject) => {
    const { sights } = evaluateRule(rule(kind), facts({ isLogRead: false, pipelines: [subject] }));
    expect(sights.map(({ sighting }) => sighting.state)).toEqual([expected]);
  });
});

describe('a rule about pipelines', () => {
  it.each<[AlarmKind, string, PipelineFacts, string]>([
    [
      'delay',
      'of the last minute',
      pipeline({ loaded: [loaded(5_000, { firstCommitMs: NOW_MS - 100_000 })] }),
      'breached',
    ],
    ['delay', 'that select still has to read', pipeline({ window: windowEvent({ lagMs: 61_000 }) }), 'breached'],
    [
      'delay',
      'of what select holds while load stands',
      pipeline({ window: windowEvent({ open: [{ process: 2, ageMs: 90_000, bytes: 1 }] }), loaded: [loaded(400_000)] }),
      'breached',
    ],
    [
      'delay',
      'of what load has written and not committed',
      pipeline({ window: windowEvent({ staged: { processes: 3, ageMs: 90_000 } }), loaded: [loaded(400_000)] }),
      'breached',
    ],
    ['delay', 'that is small', pipeline({ window: windowEvent(), loaded: [loaded(5_000)] }), 'ok'],
    [
      'delay',
      'of a pipeline that is silent',
      pipeline({ window: windowEvent({ at: iso(11_000), lagMs: 9 }) }),
      'unknown',
    ],
    [
      'delay',
      'of a pipeline that stands with a failure',
      pipeline({ permit: permit({ state: 'PAUSED', failure: FAILURE }) }),
      'unknown',
    ],
    [
      'noProgress',
      'of one that is idle since yesterday',
      pipeline({ window: windowEvent({ state: 'idle' }), loaded: [loaded(86_400_000)] }),
      'ok',
    ],
    [
      'noProgress',
      'of one that gets its first change since yesterday',
      pipeline({ window: windowEvent({ lagMs: 900 }), loaded: [loaded(86_400_000)] }),
      'ok',
    ],
    [
      'noProgress',
      'of one that reads an old backlog',
      pipeline({ window: windowEvent({ lagMs: 86_400_000, state: 'catchingUp' }), loaded: [loaded(1_000)] }),
      'ok',
    ],
    [
      'noProgress',
      'of one that loads nothing while much waits',
      pipeline({ window: windowEvent({ lagMs: 400_000 }), loaded: [loaded(400_000)] }),
      'breached',
    ],
    [
      'noProgress',
      'of one whose open process is old',
      pipeline({
        window: windowEvent({ open: [{ process: 2, ageMs: 400_000, bytes: 1 }] }),
        loaded: [loaded(500_000)],
      }),
      'breached',
    ],
    [
      'noProgress',
      'of one that writes a large transaction',
      pipeline({
        window: windowEvent({ lagMs: 400_000, staged: { processes: 3, ageMs: 400_000 } }),
        loaded: [loaded(400_000)],
      }),
      'ok',
    ],
    ['noProgress', 'of one whose select is silent', pipeline({ loaded: [loaded(400_000)] }), 'breached'],
    [
      'noProgress',
      'of one that fails again and again',
      pipeline({
        permit: permit({
          since: iso(1_000),
          attempt: 9,
          order: { commandId: 'C', kind: 'START', issuedAt: iso(900_000) },
        }),
        window: windowEvent({ state: 'connecting' }),
        loaded: [loaded(400_000)],
      }),
      'breached',
    ],
    [
      'noProgress',
      'of one that stands with a failure',
      pipeline({ permit: permit({ state: 'PAUSED', failure: FAILURE }), loaded: [loaded(400_000)] }),
      'breached',
    ],
    [
      'noProgress',
      'of one that was just started',
      pipeline({ permit: permit({ since: iso(1_000) }), window: null }),
      'ok',
    ],
    [
      'noProgress',
      'of one that a person has paused',
      pipeline({ permit: permit({ state: 'PAUSED' }), loaded: [loaded(400_000)] }),
      'ok',
    ],
    ['noProgress', 'of one that was never started', pipeline({ permit: null }), 'ok'],
    ['noProgress', 'while ZooKeeper is away', pipeline({ facts: { permit: { failure: 'away' } } }), 'unknown'],
    [
      'processAge',
      'of an old process',
      pipeline({ window: windowEvent({ open: [{ process: 2, ageMs: 120_000, bytes: 1 }] }) }),
      'breached',
    ],
    [
      'processAge',
      'of an old transaction that is staged',
      pipeline({ window: windowEvent({ staged: { processes: 1, ageMs: 120_000 } }) }),
      'breached',
    ],
    [
      'processAge',
      'of a young one',
      pipeline({ window: windowEvent({ open: [{ process: 2, ageMs: 119_999, bytes: 1 }] }) }),
      'ok',
    ],
    ['processAge', 'without a word from select', pipeline({}), 'unknown'],
    [
      'positionNotMoving',
      'while the source is ahead',
      pipeline({ window: windowEvent({ lagMs: 5 }), facts: { cursorMovedMs: { value: NOW_MS - 300_000 } } }),
      'breached',
    ],
    [
      'positionNotMoving',
      'while nothing waits',
      pipeline({ window: windowEvent({ state: 'idle' }), facts: { cursorMovedMs: { value: NOW_MS - 300_000 } } }),
      'ok',
    ],
    [
      'positionNotMoving',
      'that moved lately',
      pipeline({ window: windowEvent({ lagMs: 5 }), facts: { cursorMovedMs: { value: NOW_MS - 299_000 } } }),
      'ok',
    ],
    [
      'positionNotMoving',
      'that cannot be read',
      pipeline({ facts: { cursorMovedMs: { failure: 'NATS is away' } } }),
      'unknown',
    ],
    ['queueAge', 'of an old message', pipeline({ facts: { queuedSinceMs: { value: NOW_MS - 60_000 } } }), 'breached'],
    ['queueAge', 'of an empty queue', pipeline({}), 'ok'],
    ['queueAge', 'that cannot be read', pipeline({ facts: { queuedSinceMs: { failure: 'NATS is away' } } }), 'unknown'],
    [
      'conflictRate',
      'of a bad minute',
      pipeline({ loaded: [loaded(30_000, { conflicts: 60 }), loaded(5_000, { process: 2, conflicts: 40 })] }),
      'breached',
    ],
    ['conflictRate', 'of a minute that is over', pipeline({ loaded: [loaded(61_000, { conflicts: 100 })] }), 'ok'],
    ['deadLetters', 'that wait', pipeline({ facts: { openLetters: { value: 1 } } }), 'breached'],
    ['deadLetters', 'of which there are none', pipeline({}), 'ok'],
    ['deadLetters', 'at a target that is away', pipeline({ facts: { openLetters: { failure: 'away' } } }), 'unknown'],
    [
      'binlogRetentionRisk',
      'at half of the time',
      pipeline({ facts: { retention: { value: { percent: 50, message: 'old' } } } }),
      'breached',
    ],
    [
      'binlogRetentionRisk',
      'at less',
      pipeline({ facts: { retention: { value: { percent: 49, message: 'old' } } } }),
      'ok',
    ],
    [
      'binlogRetentionRisk',
      'at a source that is away',
      pipeline({ facts: { retention: { failure: 'away' } } }),
      'unknown',
    ],
  ])('%s %s', (kind, _what, given, expected) => {
    const { sights, incomplete } = evaluateRule(rule(kind), facts({ pipelines: [given] }));
    expect(sights.map(({ sighting }) => sighting.state)).toEqual([expected]);
    expect([sights[0]?.subject, sights[0]?.pipelineId, incomplete]).toEqual(['pipeline shop', 'P', null]);
  });

  it('counts failures and warnings of the pipeline that have its keyword, in any case of letters', () => {
    const failed = { at: iso(1_000), who: 'load-1', pipelineId: 'P', code: 'X', message: 'A deadlock', isLine: false };
    const warning = { ...failed, at: iso(500), code: 'WARNING', message: 'it is DEAD', isLine: true };
    const notices = { value: [failed, warning, { ...warning, pipelineId: 'other' }, { ...warning, message: 'alive' }] };
    const seen = (threshold: number): unknown =>
      evaluateRule(rule('errorKeyword', { threshold }), facts({ pipelines: [pipeline({})], notices })).sights[0]
        ?.sighting;
    expect(seen(2)).toMatchObject({ state: 'breached', value: 2 });
    // A line about what the event tells counts once; one that alone has the word counts.
    const told = { ...failed, at: iso(900), isLine: true };
    const onlyInLine = [
      { ...failed, message: 'it stopped' },
      { ...told, message: 'it stopped: the lock is dead' },
    ];
    const lines = (given: readonly (typeof failed)[]): unknown =>
      evaluateRule(
        rule('errorKeyword', { threshold: 1 }),
        facts({ pipelines: [pipeline({})], notices: { value: given } }),
      ).sights[0]?.sighting;
    expect(lines([failed, told])).toMatchObject({ state: 'breached', value: 1 });
    expect(lines(onlyInLine)).toMatchObject({ state: 'breached', value: 1 });
    expect(seen(3)).toMatchObject({ state: 'ok', value: 2 });
    const silent = facts({ pipelines: [pipeline({})], notices: { failure: 'NATS is away' } });
    expect(evaluateRule(rule('errorKeyword'), silent).sights[0]?.sighting).toMatchObject({ state: 'unknown' });
  });

  it.each<[string, WatchedRule['scope'], readonly string[]]>([
    ['everything', null, ['P', 'Q', 'R']],
    ['a pipeline', { pipelineIds: ['Q'], channelIds: [] }, ['Q']],
    ['a channel and a pipeline', { pipelineIds: ['R'], channelIds: ['C'] }, ['P', 'Q', 'R']],
  ])('sees the pipelines of its scope: %s', (_what, scope, expected) => {
    const pipelines = ['P', 'Q', 'R'].map((id) => ({ ...pipeline({}), id, channelId: id === 'R' ? 'D' : 'C' }));
    const { sights } = evaluateRule(rule('deadLetters', { scope }), facts({ pipelines }));
    expect(sights.map(({ subjectId }) => subjectId)).toEqual(expected);
  });

  it.each<[string, Permit | null, number | null]>([
    ['runs', permit(), 3],
    ['stands with a failure', permit({ state: 'PAUSED', failure: FAILURE }), 3],
    ['was paused by a person', permit({ state: 'PAUSED' }), null],
    ['was stopped', permit({ state: 'STOPPED' }), null],
    ['never ran', null, null],
  ])('names the epoch that a recovery may end of a pipeline that %s', (_what, standing, expected) => {
    const { sights } = evaluateRule(rule('deadLetters'), facts({ pipelines: [pipeline({ permit: standing })] }));
    expect(sights[0]?.epoch).toBe(expected);
  });
});

describe('a rule about the installation', () => {
  it('sees instances that are gone for long enough', () => {
    const lost = (instance: string, goneMs: number) =>
      ({ instance, service: 'load', lostMs: NOW_MS - goneMs }) as const;
    const given = facts({ lostInstances: { value: [lost('load-1', 30_000), lost('load-2', 29_999)] } });
    const { sights } = evaluateRule(rule('instanceLost'), given);
    expect(sights.map(({ subjectId, sighting }) => [subjectId, sighting.state])).toEqual([
      ['load-1', 'breached'],
      ['load-2', 'ok'],
    ]);
  });

  it('sees storage that is nearly full', () => {
    const storage = {
      value: [
        { name: 'A', bytes: 80, bytesMax: 100 },
        { name: 'B', bytes: 79, bytesMax: 100 },
      ],
    };
    const { sights } = evaluateRule(rule('disk'), facts({ storage }));
    expect(sights.map(({ sighting }) => sighting.state)).toEqual(['breached', 'ok']);
  });

  it.each<AlarmKind>(['instanceLost', 'disk'])('%s says that it knows nothing, and ends nothing by that', (kind) => {
    const failure = 'NATS does not answer';
    const { sights, incomplete } = evaluateRule(
      rule(kind),
      facts({ lostInstances: { failure }, storage: { failure } }),
    );
    expect([sights.map(({ sighting }) => sighting.state), incomplete]).toEqual([['unknown'], failure]);
  });
});

it('defaults are in range', () => {
  for (const kind of ALARM_KIND_NAMES) {
    const { defaultThreshold, minThreshold, maxThreshold } = ALARM_KINDS[kind];
    expect(defaultThreshold).toBeGreaterThanOrEqual(minThreshold);
    expect(defaultThreshold).toBeLessThanOrEqual(maxThreshold);
  }
});
