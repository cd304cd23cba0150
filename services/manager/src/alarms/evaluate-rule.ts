import { assertNever, readStatistics } from '@lutra/model';
import type { Permit, StatisticState, WindowEvent } from '@lutra/model';
import { ALARM_KINDS } from './alarm-kind.ts';
import type { AlarmFacts, Asked, Notice, PipelineFacts } from './alarm-facts.ts';
import type { AlarmRuleEntity } from './alarm-rule.entity.ts';
import type { Sighting } from './step-alarm.ts';
import { withoutRepeats } from './without-repeats.ts';

export type WatchedRule = Pick<AlarmRuleEntity, 'kind' | 'threshold' | 'keyword' | 'scope'>;

/** What a rule sees of one subject. */
export interface Sight {
  readonly subjectId: string;
  readonly subject: string;
  readonly pipelineId: string | null;
  readonly sighting: Sighting;
  /** The epoch that a recovery may end; null when the pipeline is not meant to run: what a person has halted stays so. */
  readonly epoch: number | null;
}

export interface Evaluation {
  readonly sights: readonly Sight[];
  /** Why subjects that are not in `sights` may be there all the same; null = they are not. */
  readonly incomplete: string | null;
}

/** Select reports each second while it holds the mainstem. */
const WINDOW_AGE_MS_MAX = 10_000;
const MS_PER_SECOND = 1_000;
const RATE_SECONDS = 60;
const KEYWORD_MESSAGE_CHARS_MAX = 300;

/** What the rule sees of all its subjects. Pure; throws when the rule itself makes no sense. */
export function evaluateRule(rule: WatchedRule, facts: AlarmFacts): Evaluation {
  switch (rule.kind) {
    case 'instanceLost':
      return ofInstances(rule, facts);
    case 'disk':
      return ofStorage(rule, facts);
    default: {
      const watched = facts.pipelines.filter((pipeline) => isInScope(rule, pipeline));
      const sights = watched.map((pipeline): Sight => {
        const { id, name } = pipeline;
        const sighting = seePipeline(rule, pipeline, facts);
        return { subjectId: id, subject: `pipeline ${name}`, pipelineId: id, sighting, epoch: epochOf(pipeline) };
      });
      return { sights, incomplete: null };
    }
  }
}

const isInScope = ({ scope }: WatchedRule, { id, channelId }: PipelineFacts): boolean =>
  scope === null || scope.pipelineIds.includes(id) || scope.channelIds.includes(channelId);

function epochOf({ permit }: PipelineFacts): number | null {
  const standing = 'value' in permit ? permit.value : null;
  if (standing === null) return null;
  return standing.state === 'RUNNING' || (standing.state === 'PAUSED' && standing.failure !== null)
    ? standing.epoch
    : null;
}

function seePipeline(rule: WatchedRule, pipeline: PipelineFacts, facts: AlarmFacts): Sighting {
  const { nowMs, isLogRead } = facts;
  const ofView = (see: (running: Running) => Sighting): Sighting =>
    ofRunning(pipeline, (permit) => (isLogRead ? see({ pipeline, permit, nowMs }) : LOG_UNREAD));
  switch (rule.kind) {
    case 'delay':
      return ofView((running) => seeDelay(rule, running));
    case 'noProgress':
      return ofView((running) => seeNoProgress(rule, running));
    case 'processAge':
      return ofView((running) => seeProcessAge(rule, running));
    case 'positionNotMoving':
      return ofView((running) => seePosition(rule, running));
    case 'queueAge':
      return judge(rule, pipeline.queuedSinceMs, (sinceMs) => [
        sinceMs === null ? 0 : Math.max(0, nowMs - sinceMs),
        sinceMs === null ? 'Nothing waits in a queue' : `The oldest message waits since ${isoOf(sinceMs)}`,
      ]);
    case 'errorKeyword':
      return judge(rule, facts.notices, (notices) => seeKeyword(rule, pipeline, notices));
    case 'conflictRate': {
      if (!isLogRead) return LOG_UNREAD;
      const value = conflictsOfLastMinute(pipeline.view.statistics, nowMs);
      return judged(rule, value, `${String(value)} conflicts were settled in the last minute`);
    }
    case 'deadLetters':
      return judge(rule, pipeline.openLetters, (count) => [count, `${String(count)} dead letters wait for a decision`]);
    case 'binlogRetentionRisk':
      return judge(rule, pipeline.retention, ({ percent, message }) => [percent, message]);
    case 'instanceLost':
    case 'disk':
      throw new Error(`${rule.kind} is not about pipelines`);
    default:
      return assertNever(rule.kind);
  }
}

const isoOf = (ms: number): string => new Date(ms).toISOString();
const unknown = (message: string): Sighting => ({ state: 'unknown', message });
const LOG_UNREAD = unknown('The manager is still reading the event log');
const ok = (message: string, value: number | null = null): Sighting => ({ state: 'ok', value, message });

function judged({ kind, threshold }: WatchedRule, value: number, message: string): Sighting {
  const { unit } = ALARM_KINDS[kind];
  if (value >= threshold)
    return { state: 'breached', value, message: `${message} (threshold ${String(threshold)} ${unit})` };
  return ok(message, value);
}

function judge<T>(
  rule: WatchedRule,
  asked: Asked<T>,
  see: (value: T) => readonly [value: number, message: string],
): Sighting {
  if ('failure' in asked) return unknown(asked.failure);
  const [value, message] = see(asked.value);
  return judged(rule, value, message);
}

interface Running {
  readonly pipeline: PipelineFacts;
  readonly permit: Permit;
  readonly nowMs: number;
}

/** What concerns only pipelines that are meant to run: one that a person halted or never started is well. */
function ofRunning({ permit }: PipelineFacts, see: (permit: Permit) => Sighting): Sighting {
  if ('failure' in permit) return unknown(permit.failure);
  const standing = permit.value;
  if (standing === null || standing.state === 'STOPPED' || (standing.state === 'PAUSED' && standing.failure === null))
    return ok('The pipeline is not meant to run');
  return see(standing);
}

const freshWindow = ({ view }: PipelineFacts, nowMs: number): WindowEvent | null =>
  view.window !== null && nowMs - Date.parse(view.window.at) <= WINDOW_AGE_MS_MAX ? view.window : null;

function seeDelay(rule: WatchedRule, { pipeline, permit, nowMs }: Running): Sighting {
  if (permit.state === 'PAUSED') return unknown('The pipeline stands with a failure: its delay is not measured');
  const delayMs = readStatistics(pipeline.view.statistics, nowMs).delayMsP99;
  const window = freshWindow(pipeline, nowMs);
  if (delayMs === null && window === null)
    return unknown('Nothing was loaded in the last minute, and select is silent');
  // Select reads on while load stands, until the window is full: what it holds is behind, too.
  const heldMs = window === null ? 0 : Math.max(window.lagMs, heldAgeMs(window));
  const value = Math.max(delayMs ?? 0, heldMs);
  return judged(rule, value, `The target is ${durationOf(value)} behind the source`);
}

/**
 * How long nothing was loaded although something waits: never longer than what waits has waited, so that the first change
 * after a quiet night is no alarm. A pipeline that fails again and again, and one whose select is silent, count from the last
 * load or from the order to run: each attempt would otherwise begin anew.
 */
function seeNoProgress(rule: WatchedRule, { pipeline, permit, nowMs }: Running): Sighting {
  const quietMs = Math.max(0, nowMs - Math.max(lastLoadedMs(pipeline), orderedMs(permit)));
  if (permit.state === 'PAUSED')
    return judged(rule, quietMs, `Nothing was loaded for ${durationOf(quietMs)}: the pipeline stands with a failure`);
  const window = freshWindow(pipeline, nowMs);
  if (window === null) return judged(rule, quietMs, `Nothing was loaded for ${durationOf(quietMs)}: select is silent`);
  const isReading = window.state === 'streaming' || window.state === 'idle' || window.state === 'catchingUp';
  if (!isReading && window.state !== 'drained')
    return judged(rule, quietMs, `Nothing was loaded for ${durationOf(quietMs)}: select is ${window.state}`);
  // While a large transaction is written, select's lag says nothing: what is staged is progress.
  const waitedMs = Math.max(window.staged === undefined ? window.lagMs : 0, ...window.open.map(({ ageMs }) => ageMs));
  const value = Math.min(quietMs, waitedMs);
  return judged(rule, value, `Nothing was loaded for ${durationOf(value)} although something waits`);
}

/** Also by the figures that were saved: a manager that has just started has heard few events. */
function lastLoadedMs({ view }: PipelineFacts): number {
  const told = view.recent.map(({ at }) => Date.parse(at));
  return Math.max(view.statistics.lastLoadedMs ?? 0, ...told);
}

const orderedMs = ({ order, since }: Permit): number => Date.parse(order?.issuedAt ?? since);

function seeProcessAge(rule: WatchedRule, { pipeline, nowMs, permit }: Running): Sighting {
  if (permit.state === 'PAUSED') return ok('No process is under way', 0);
  const window = freshWindow(pipeline, nowMs);
  if (window === null) return unknown('Select has not reported for ten seconds');
  const ageMs = heldAgeMs(window);
  return judged(rule, ageMs, `The oldest process is ${durationOf(ageMs)} old`);
}

/** Age of the oldest process that is selected and not loaded. */
const heldAgeMs = ({ staged, open }: WindowEvent): number =>
  Math.max(0, staged?.ageMs ?? 0, ...open.map(({ ageMs }) => ageMs));

function seePosition(rule: WatchedRule, { pipeline, permit, nowMs }: Running): Sighting {
  const { cursorMovedMs } = pipeline;
  if ('failure' in cursorMovedMs) return unknown(cursorMovedMs.failure);
  const stillMs = Math.max(0, nowMs - Math.max(cursorMovedMs.value ?? 0, orderedMs(permit)));
  const window = freshWindow(pipeline, nowMs);
  const isIdle = window !== null && window.lagMs === 0 && window.open.length === 0 && window.staged === undefined;
  if (isIdle && permit.state === 'RUNNING' && window.state !== 'connecting' && window.state !== 'failed')
    return ok('The source is not ahead', 0);
  return judged(rule, stillMs, `The cursor has not moved for ${durationOf(stillMs)}`);
}

function seeKeyword(
  { keyword }: WatchedRule,
  { id }: PipelineFacts,
  notices: readonly Notice[],
): readonly [number, string] {
  if (keyword === null || keyword === '') throw new Error('the rule has no keyword');
  const wanted = keyword.toLowerCase();
  const said = notices
    .filter(({ pipelineId }) => pipelineId === id)
    .filter(({ code, message }) => `${code} ${message}`.toLowerCase().includes(wanted));
  // Only now: the line may have the word that its event has not.
  const found = withoutRepeats(said);
  const newest = found.at(-1);
  const last = newest === undefined ? '' : `: ${newest.code} ${newest.message}`.slice(0, KEYWORD_MESSAGE_CHARS_MAX);
  return [
    found.length,
    `${String(found.length)} failures and warnings of the last five minutes have '${keyword}'${last}`,
  ];
}

function conflictsOfLastMinute({ seconds }: StatisticState, nowMs: number): number {
  const second = Math.floor(nowMs / MS_PER_SECOND);
  return seconds
    .filter(({ slot }) => slot > second - RATE_SECONDS)
    .reduce((sum, { counts }) => sum + counts.conflicts, 0);
}

function ofInstances(rule: WatchedRule, { lostInstances, nowMs }: AlarmFacts): Evaluation {
  if ('failure' in lostInstances) {
    const sighting = unknown(lostInstances.failure);
    return {
      sights: [{ ...NO_PIPELINE, subjectId: 'instances', subject: 'instances', sighting }],
      incomplete: lostInstances.failure,
    };
  }
  const sights = lostInstances.value.map(({ instance, service, lostMs }): Sight => {
    const goneMs = Math.max(0, nowMs - lostMs);
    const message = `Instance ${instance} of ${service} has been gone for ${durationOf(goneMs)}`;
    return {
      ...NO_PIPELINE,
      subjectId: instance,
      subject: `instance ${instance}`,
      sighting: judged(rule, goneMs, message),
    };
  });
  return { sights, incomplete: null };
}

const NO_PIPELINE = { pipelineId: null, epoch: null } as const;

function ofStorage(rule: WatchedRule, { storage }: AlarmFacts): Evaluation {
  if ('failure' in storage) {
    const sighting = unknown(storage.failure);
    return {
      sights: [{ ...NO_PIPELINE, subjectId: 'JetStream', subject: 'JetStream', sighting }],
      incomplete: storage.failure,
    };
  }
  const sights = storage.value.map(({ name, bytes, bytesMax }): Sight => {
    const percent = Math.round((bytes / bytesMax) * 1000) / 10;
    const message = `${name} holds ${String(bytes)} of ${String(bytesMax)} bytes, ${String(percent)} %`;
    return { ...NO_PIPELINE, subjectId: name, subject: `storage ${name}`, sighting: judged(rule, percent, message) };
  });
  return { sights, incomplete: null };
}

function durationOf(ms: number): string {
  const seconds = Math.round(ms / MS_PER_SECOND);
  if (seconds < 120) return `${String(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 180 ? `${String(minutes)} min` : `${String(Math.round(minutes / 60))} h`;
}
