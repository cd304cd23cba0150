import type { WindowEvent } from './events.ts';
import type { Permit } from './permit.ts';

/** What a person on call may meet, told in three short paragraphs. */
export interface RunbookSection {
  readonly title: string;
  readonly meaning: string;
  /** The one command: 'GET path', 'POST path {body}' below /api/v1 (see `docs/runbook.md`), or text for a shell or a database. */
  readonly command: string;
  readonly next: string;
}

const LOOK = 'GET pipelines/{id}';
const START = 'POST pipelines/{id}/commands {"kind":"START","reason":"go on"}';
const RESTART = 'POST pipelines/{id}/commands {"kind":"RESTART","reason":"try again"}';
const PROCESSES = 'GET pipelines/{id}/processes';
const INSTANCES = 'GET instances';

/**
 * Every condition that a pipeline can be found in. The key is the section's anchor in the runbook and stable for ever: it
 * is the title as Markdown makes an anchor of it.
 */
export const PIPELINE_CONDITIONS = {
  running: {
    title: 'RUNNING',
    meaning: 'All is well. `delayMsP99` says how far the target is behind, `rowsPerSecond` how much it takes.',
    command: LOOK,
    next: 'Nothing to do. Worry when `select.lagMs` grows for minutes: the target does not keep up.',
  },
  'running-draining': {
    title: 'RUNNING, draining',
    meaning:
      'A PAUSE, a STOP or a move is on its way (`drainingFor`). Select reads nothing new. What is open is loaded, for at most 30 s.',
    command: LOOK,
    next: 'Within 35 s the pipeline is PAUSED or STOPPED, or RUNNING in the next epoch. Worry when it takes a minute: then no arbiter runs (`GET instances`).',
  },
  'running-without-mainstem': {
    title: 'RUNNING without mainstem',
    meaning:
      'The pipeline may run, and no select instance holds it. Nothing is read from the source. Nothing is lost while the source keeps its binary log.',
    command: INSTANCES,
    next: 'Look for `"service":"select"`. None: start one. All draining or in maintenance: send one of them `resume`. The pipeline is taken within seconds, in a new epoch.',
  },
  'running-without-loader': {
    title: 'RUNNING without loader',
    meaning: 'The pipeline may run, and no load instance holds it. Nothing is written to the target. Nothing is lost.',
    command: INSTANCES,
    next: 'Look for `"service":"load"`. None: start one. All draining or in maintenance: send one of them `resume`. The pipeline is taken within seconds, in a new epoch.',
  },
  'running-and-blocked': {
    title: 'RUNNING and blocked',
    meaning:
      'A stage waits for something outside Lutra. `blockers` says which stage, for what, and since when. A lock at the target names its connection.',
    command: 'KILL {connectionId}; -- at the server that the blocker names, when nobody needs that connection',
    next: 'The stage goes on by itself as soon as the way is free, and the blocker disappears. No RESTART is needed.',
  },
  'running-but-the-source-connects': {
    title: 'RUNNING but the source connects',
    meaning:
      'Select opens its connection to the source. `select.cause` says why it has none, `select.source` names the server.',
    command: LOOK,
    next: 'It tries again for ever. Worry after a minute: check the server, the network and the account. `data-sources/{id}/check` tries it from the manager.',
  },
  'running-but-the-source-seeks': {
    title: 'RUNNING but the source seeks',
    meaning: 'Select looks for the place in the binary log where it goes on. With a large log this takes minutes.',
    command: LOOK,
    next: 'It becomes streaming. Worry when it seeks for longer than the server needs to read its newest log files.',
  },
  'running-but-the-source-failed': {
    title: 'RUNNING but the source failed',
    meaning: 'Select could not go on. `select.cause` says why. The arbiter is about to pause the pipeline.',
    command: LOOK,
    next: 'Within seconds the state is PAUSED with the failure, and the section of its code says what to do.',
  },
  'running-but-select-is-silent': {
    title: 'RUNNING but select is silent',
    meaning:
      'Select holds the pipeline and has not reported for ten seconds. It has just started, it hangs, or NATS is away.',
    command: INSTANCES,
    next: 'An instance that hangs loses its session in ZooKeeper and another takes over, in a new epoch. Worry after a minute: restart the process that `mainstem` names.',
  },
  'running-and-catching-up': {
    title: 'RUNNING and catching up',
    meaning:
      'The source is ahead. `select.lagMs` says by how much. When `select.cause` names the window, the target is the slow part.',
    command: PROCESSES,
    next: '`stages` shows which stage takes the time. Extract or transform: start another instance. Load: look for slow statements and missing indexes at the target.',
  },
  'paused-waits-for-a-retry': {
    title: 'PAUSED, waits for a retry',
    meaning:
      'Something failed that may pass. `failure` says what. The arbiter tries again at `nextAttemptAt`, for ever, with pauses that grow from 1 s to 60 s.',
    command: LOOK,
    next: 'Nothing to do while `attempt` is small. Worry above 10 attempts, which is about five minutes: the section of `failure.code` says where to look. RESTART tries at once.',
  },
  'paused-waits-for-a-person': {
    title: 'PAUSED, waits for a person',
    meaning:
      'Something failed that would fail again. `failure.workaround` says what to mend, often as an exact statement. Nothing is lost while it stands.',
    command: RESTART,
    next: 'Mend first, then RESTART. It goes on at its checkpoint in a new epoch, and nothing is applied twice. PAUSED again within a minute: read `failure` anew.',
  },
  'paused-by-an-order': {
    title: 'PAUSED by an order',
    meaning: 'Somebody has paused it: `by` and `reason` say who and why. There is no failure.',
    command: START,
    next: 'It goes on at its checkpoint in a new epoch. Mind how long the source keeps its binary log: a pause that is longer needs a new copy.',
  },
  stopped: {
    title: 'STOPPED',
    meaning: 'Somebody has stopped it: `by` and `reason` say who and why. No instance holds it.',
    command: START,
    next: 'It goes on at its checkpoint in a new epoch. Mind how long the source keeps its binary log: a stop that is longer needs a new copy.',
  },
  'never-started': {
    title: 'Never started',
    meaning: 'The pipeline is configured and has never run. `start` says where in the source it will begin.',
    command: START,
    next: 'Select and load take it within seconds. Without a mapping the command is refused with RESOURCE_CONFLICT.',
  },
  'permit-lost': {
    title: 'Permit lost',
    meaning:
      "ZooKeeper's data is gone, and with it the word that this pipeline may run. `lastOrder` says what was ordered last. The place that was reached is safe in the target.",
    command: START,
    next: 'The manager gives START again by itself within ten seconds (`lastCommand` shows it). After a minute without it: START. The first claim lifts the epoch above the one at the target, and nothing is applied twice.',
  },
  unknown: {
    title: 'UNKNOWN',
    meaning:
      'ZooKeeper does not answer the manager. `unavailable` says why. The pipelines themselves may well go on: their state is only not seen.',
    command: 'echo ruok | nc {zookeeper host} 2181 # a healthy server answers imok',
    next: 'Bring a majority of the ensemble back. Everything resumes by itself, with new epochs where sessions were lost.',
  },
} as const satisfies Record<string, RunbookSection>;

export type PipelineCondition = keyof typeof PIPELINE_CONDITIONS;

export interface ConditionFacts {
  /** Null = there is none, 'unknown' = ZooKeeper cannot be asked. */
  readonly permit: Permit | null | 'unknown';
  /** An operator's last word was that it shall run. */
  readonly isOrderedToRun: boolean;
  /** Null = cannot be asked. */
  readonly hasMainstem: boolean | null;
  readonly hasLoader: boolean | null;
  readonly isBlocked: boolean;
  /** Null = select was silent. */
  readonly selectState: WindowEvent['state'] | null;
}

/** The section that helps first. Pure. */
export function conditionOf(facts: ConditionFacts): PipelineCondition {
  const { permit } = facts;
  if (permit === 'unknown') return 'unknown';
  if (permit === null) return facts.isOrderedToRun ? 'permit-lost' : 'never-started';
  if (permit.state === 'STOPPED') return 'stopped';
  if (permit.state === 'RUNNING') return runningCondition(permit, facts);
  if (permit.nextAttemptAt !== null) return 'paused-waits-for-a-retry';
  return permit.failure === null ? 'paused-by-an-order' : 'paused-waits-for-a-person';
}

function runningCondition(permit: Permit, facts: ConditionFacts): PipelineCondition {
  if (permit.draining) return 'running-draining';
  if (facts.hasMainstem === false) return 'running-without-mainstem';
  if (facts.hasLoader === false) return 'running-without-loader';
  if (facts.isBlocked) return 'running-and-blocked';
  switch (facts.selectState) {
    case null:
      return 'running-but-select-is-silent';
    case 'connecting':
      return 'running-but-the-source-connects';
    case 'seeking':
      return 'running-but-the-source-seeks';
    case 'failed':
      return 'running-but-the-source-failed';
    case 'catchingUp':
      return 'running-and-catching-up';
    default:
      return 'running';
  }
}
