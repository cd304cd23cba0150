import { assertNever } from '@lutra/model';
import type { Command, Permit, PermitState, Seats } from '@lutra/model';
import { backoffMs } from './backoff.ts';

/** What else a decision depends on; everything that varies comes in from outside, so that the same input gives the same word. */
export interface DecisionContext {
  readonly now: Date;
  /** Between -1 and 1: spreads the retries of many pipelines. */
  readonly jitter: number;
  /** The command was delivered before: it may have been done, or overtaken by a later one. */
  readonly isRedelivered: boolean;
  /** Set when the command has waited for the window to empty: the change may be made now. */
  readonly isDrained: boolean;
  /** The newest epoch that load has told of, where there is no permit: ZooKeeper lost its data. An epoch is never used twice. */
  readonly loadedEpoch?: number;
}

export type Outcome = 'applied' | 'void' | 'repeated';

/** What is left to do after the permit stands; every step may be repeated without harm. */
export type Step =
  | { readonly kind: 'purge'; readonly below: number }
  | { readonly kind: 'announce-permit' }
  | { readonly kind: 'announce-rollback' }
  | { readonly kind: 'warn' };

/**
 * `permit` null = the standing one stays. 'drain' = once the window of this epoch is empty, somebody decides again with
 * `isDrained`; 'done' = carry out the steps and tell the outcome.
 */
export type Decision =
  | { readonly next: 'drain'; readonly permit: Permit | null }
  | {
      readonly next: 'done';
      readonly permit: Permit | null;
      readonly steps: readonly Step[];
      readonly outcome: Outcome;
      readonly reason: string;
    };

/** More commands of operators than can be in hand for one pipeline at once; a person gives a few a minute. */
const ORDERS_KEPT = 16;

/**
 * The state machine of a pipeline: what a command makes of its permit. Epochs only grow; each change of epoch is one permit,
 * so that a compare-and-set of it is the whole change. Pure.
 */
export function decide(permit: Permit | null, command: Command, context: DecisionContext): Decision {
  if (command.kind === 'WARNING') return done(null, 'applied', 'Told', [{ kind: 'warn' }]);
  if (permit !== null && permit.commandId === command.id && !permit.draining)
    return done(null, 'repeated', 'The permit is already as this command wants it', tailOf(command));
  if (permit !== null && command.aboutEpoch !== null && command.aboutEpoch < permit.epoch)
    return voided('Its epoch has passed');
  return isOrder(command) ? decideOrder(permit, command, context) : decideAbout(permit, command, context);
}

/** START, STOP and PAUSE are an operator's; RESTART and ROLLBACK too, when they name no epoch. */
const isOrder = (command: Command): boolean =>
  command.aboutEpoch === null || command.kind === 'START' || command.kind === 'STOP' || command.kind === 'PAUSE';

type Writing = Pick<Permit, 'state' | 'epoch'> & Partial<Permit>;
const voided = (reason: string): Decision => done(null, 'void', reason, []);

/** An operator's word: about the pipeline, whatever its epoch is by now. */
function decideOrder(permit: Permit | null, command: Command, context: DecisionContext): Decision {
  const order = permit?.order;
  const isStanding = order?.commandId === command.id;
  if (!isStanding && permit?.orders?.includes(command.id) === true)
    return voided('A later command has taken its place');
  // It may have changed nothing when it was first delivered, and so be in no list.
  if (context.isRedelivered && order !== undefined && !isStanding && order.issuedAt > command.issuedAt)
    return voided('A later command has taken its place');
  switch (command.kind) {
    case 'START':
      if (isStanding) return done(null, 'repeated', 'It was done before', []);
      // One that lets its window empty for a RESTART goes on by itself.
      if (permit?.state === 'RUNNING' && !isHalting(permit))
        return done(null, 'repeated', 'The pipeline runs already', []);
      return move(permit, command, context, {
        state: 'RUNNING',
        epoch: nextEpoch(permit, undefined, context.loadedEpoch),
      });
    case 'RESTART':
      return decideOrderedRestart(permit, command, context, isStanding);
    case 'PAUSE':
    case 'STOP':
      return decideHalt(permit, command, context, isStanding);
    case 'ROLLBACK':
      if (isStanding) return done(null, 'repeated', 'It was done before', []);
      if (permit === null || permit.state === 'STOPPED') return voided('The pipeline does not run');
      if (isStopping(permit)) return voided('The pipeline is being stopped');
      return move(permit, command, context, { state: 'PAUSED', epoch: nextEpoch(permit) });
    case 'WARNING':
      throw new Error('decided before');
    default:
      return assertNever(command.kind);
  }
}

function decideOrderedRestart(
  permit: Permit | null,
  command: Command,
  context: DecisionContext,
  isStanding: boolean,
): Decision {
  const isDraining = permit !== null && isPending(permit, command);
  if (isStanding && !isDraining) return done(null, 'repeated', 'It was done before', []);
  // It waited for its window, and meanwhile somebody said otherwise.
  if (context.isDrained && !isDraining) return voided('A later command has taken its place');
  if (permit?.state === 'RUNNING' && command.isGraceful === true && !context.isDrained)
    return drain(permit, command, context);
  return move(permit, command, context, { state: 'RUNNING', epoch: nextEpoch(permit, undefined, context.loadedEpoch) });
}

/** PAUSE and STOP let the window empty first: same epoch, `draining`, and only then the epoch moves. */
function decideHalt(permit: Permit | null, command: Command, context: DecisionContext, isStanding: boolean): Decision {
  const goal: PermitState = command.kind === 'PAUSE' ? 'PAUSED' : 'STOPPED';
  if (permit === null) return voided('The pipeline never ran');
  if (permit.state === goal && permit.nextAttemptAt === null)
    return done(null, context.isDrained ? 'applied' : 'repeated', `The pipeline is ${goal} already`, []);
  if (permit.state === 'STOPPED' || (isStopping(permit) && goal === 'PAUSED'))
    return voided('A stopped pipeline cannot be paused');
  // It waited for its window, and meanwhile somebody said otherwise.
  if (context.isDrained && !isStanding) return voided('A later command has taken its place');
  if (permit.state === 'PAUSED' || (isStanding && context.isDrained))
    return move(permit, command, context, { state: goal, epoch: nextEpoch(permit), failure: permit.failure });
  return drain(permit, command, context);
}

/**
 * The permit stays as it is, epoch and all, and names what is carried out when the window is empty. Seats that another
 * draining RESTART has asked for stay asked for.
 */
function drain(permit: Permit, command: Command, context: DecisionContext): Decision {
  if (isPending(permit, command)) return { next: 'drain', permit: null };
  const seats = { ...permit.pending?.seats, ...command.seats };
  const pending = Object.keys(seats).length === 0 ? command : { ...command, seats };
  return { next: 'drain', permit: { ...write(permit, command, context, { ...permit, draining: true }), pending } };
}

const isPending = (permit: Permit, command: Command): boolean => permit.draining && permit.commandId === command.id;

const isStopping = (permit: Permit): boolean => permit.draining && (permit.pending ?? permit.order)?.kind === 'STOP';

/** On its way to PAUSED or STOPPED, not just emptying its window for a RESTART. */
const isHalting = (permit: Permit): boolean => permit.draining && permit.pending?.kind !== 'RESTART';

/** The word of a stage or of the arbiter: about one epoch, void when that has passed. */
function decideAbout(permit: Permit | null, command: Command, context: DecisionContext): Decision {
  if (permit === null) return voided('The pipeline was never started');
  const { pending } = permit;
  // The permit may be behind the epoch that runs (ZooKeeper's data was lost).
  const runningEpoch = Math.max(permit.epoch, pending?.aboutEpoch ?? 0);
  if (permit.draining && pending?.kind === 'RESTART' && (command.aboutEpoch ?? 0) <= runningEpoch)
    return decideWhileRestarting(permit, pending, command, context);
  if (command.kind === 'RESTART') return decideRestart(permit, command, context);
  if (permit.state !== 'RUNNING') return voided('The pipeline does not run');
  return move(permit, command, context, { epoch: nextEpoch(permit, command), ...pauseAfter(permit, command, context) });
}

/**
 * A restart waits for the window. Who reports a failure of the epoch, or has won a lease, says that there is nothing left to
 * wait for: the restart is made at once.
 */
function decideWhileRestarting(permit: Permit, pending: Command, command: Command, context: DecisionContext): Decision {
  const isMine = pending.id === command.id;
  if (isMine && !context.isDrained) return drain(permit, command, context);
  // Whoever still wants other seats after the restart that is on its way asks about the next epoch.
  if (!isMine && command.isGraceful === true) return voided('Another restart is on its way');
  const { attempt } = isOrder(pending) ? { attempt: 0 } : permit;
  return move(permit, pending, context, { state: 'RUNNING', epoch: nextEpoch(permit, command), attempt });
}

function decideRestart(permit: Permit, command: Command, context: DecisionContext): Decision {
  const epoch = nextEpoch(permit, command);
  // Whoever takes a lease over restarts a running pipeline; one that an operator lets run empty or halted stays so.
  if (permit.state === 'RUNNING' && isHalting(permit)) return voided('The pipeline is being halted');
  const isGraceful = command.isGraceful === true;
  if (permit.state === 'RUNNING' && isGraceful)
    return context.isDrained ? voided('Another restart has taken its place') : drain(permit, command, context);
  if (permit.state === 'RUNNING')
    return move(permit, command, context, { state: 'RUNNING', epoch, attempt: permit.attempt });
  if (permit.state === 'PAUSED' && permit.nextAttemptAt !== null && command.author === RETRY_AUTHOR && !isGraceful)
    return move(permit, command, context, { state: 'RUNNING', epoch, attempt: permit.attempt + 1 });
  return voided('The pipeline does not run');
}

/** Author of the commands that the arbiter gives itself. */
export const RETRY_AUTHOR = 'arbiter';

/** A failure that may pass is tried again by itself, unless an operator is just halting the pipeline. */
function pauseAfter(permit: Permit, command: Command, context: DecisionContext): Omit<Writing, 'epoch'> {
  const failure = command.failure ?? null;
  const isRetried = failure?.class === 'retryable' && !isHalting(permit);
  const delayMs = backoffMs(permit.attempt, context.jitter);
  return {
    state: 'PAUSED',
    failure,
    attempt: permit.attempt,
    nextAttemptAt: isRetried ? new Date(context.now.getTime() + delayMs).toISOString() : null,
  };
}

/** Above everything that is known: the permit's epoch, the one that the command saw, and the one found at the target. */
function nextEpoch(permit: Permit | null, command?: Command, loadedEpoch = 0): number {
  const failed = Math.max(permit?.failure?.aboveEpoch ?? 0, command?.failure?.aboveEpoch ?? 0);
  return Math.max(permit?.epoch ?? 0, command?.aboutEpoch ?? 0, failed, loadedEpoch) + 1;
}

function move(permit: Permit | null, command: Command, context: DecisionContext, writing: Writing): Decision {
  const written = write(permit, command, context, writing);
  return done(written, 'applied', `${written.state} in epoch ${String(written.epoch)}`, tailOf(command, written.epoch));
}

function write(permit: Permit | null, command: Command, context: DecisionContext, writing: Writing): Permit {
  const order = isOrder(command)
    ? { commandId: command.id, kind: command.kind, issuedAt: command.issuedAt }
    : permit?.order;
  const known = permit?.orders ?? [];
  const isKept = isOrder(command) || command.isGraceful === true;
  const orders = isKept && !known.includes(command.id) ? [...known, command.id].slice(-ORDERS_KEPT) : permit?.orders;
  const seats = writing.epoch === permit?.epoch ? permit.seats : seatsAfter(permit, command);
  return {
    draining: false,
    failure: null,
    attempt: 0,
    nextAttemptAt: null,
    ...writing,
    commandId: command.id,
    aboutEpoch: command.aboutEpoch,
    reason: command.reason,
    since: context.now.toISOString(),
    by: command.author,
    ...(order === undefined ? {} : { order }),
    ...(orders === undefined ? {} : { orders }),
    ...(seats === undefined ? {} : { seats }),
  };
}

/** Who sits where from the next epoch on, whichever command writes it: also what a draining RESTART has asked for. */
function seatsAfter(permit: Permit | null, command: Command): Seats | undefined {
  const named = Object.entries({ ...permit?.seats, ...permit?.pending?.seats, ...command.seats });
  const taken = named.filter(([, instance]) => instance !== '');
  return taken.length === 0 ? undefined : Object.fromEntries(taken);
}

/** Purging is housekeeping; a repeated command purges below the epoch that stands (the caller fills it in). */
function tailOf(command: Command, below?: number): readonly Step[] {
  return [
    ...(below === undefined ? [] : [{ kind: 'purge', below } as const]),
    { kind: 'announce-permit' },
    ...(command.kind === 'ROLLBACK' ? [{ kind: 'announce-rollback' } as const] : []),
  ];
}

function done(permit: Permit | null, outcome: Outcome, reason: string, steps: readonly Step[]): Decision {
  return { next: 'done', permit, steps, outcome, reason };
}
