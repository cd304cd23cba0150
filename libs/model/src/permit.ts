import type { FailureReport } from './failure.ts';

export type PermitState = 'RUNNING' | 'PAUSED' | 'STOPPED';

/** The arbiter's word that a pipeline may run. Changes only by compare-and-set on the ZooKeeper version. */
export interface Permit {
  readonly state: PermitState;
  readonly epoch: number;
  /**
   * PAUSE, STOP or a graceful RESTART is on its way (same epoch, still RUNNING): select reads no more and lets the window
   * empty (30 s at most).
   */
  readonly draining: boolean;
  /** While it drains: the command that is carried out when the window is empty, by whichever arbiter leads then. */
  readonly pending?: Command;
  /** Command that wrote this permit, and the epoch it was about: a redelivered command with this id only finishes its tail. */
  readonly commandId: string;
  readonly aboutEpoch: number | null;
  readonly reason: string;
  /** The failure that led here, when one did: shown to people until the next permit. */
  readonly failure: FailureReport | null;
  /** ISO time of the change. */
  readonly since: string;
  readonly by: string;
  /** How many restarts in a row the arbiter made for a retryable failure, and when it tries next (ISO), null = it does not. */
  readonly attempt: number;
  readonly nextAttemptAt: string | null;
  /**
   * The operator's command that this permit still obeys; stages' and the arbiter's own commands keep it. Tells a
   * redelivered command of an operator that it was done, or that a later one has taken its place.
   */
  readonly order?: { readonly commandId: string; readonly kind: CommandKind; readonly issuedAt: string };
  /**
   * Ids of the newest commands that wrote the permit, oldest first: operators' and graceful ones, which may come again or
   * be done without having been told. None of them is carried out twice.
   */
  readonly orders?: readonly string[];
  /**
   * Instances that are to hold the leases from this epoch on: any other holder gives its lease back without working. A
   * seat stays over all commands until one names it anew: who sits where is a person's or the arbiter's choice, and
   * neither a failure nor a pause takes it back.
   */
  readonly seats?: Seats;
}

/**
 * Which instance is to hold which lease; a lease that is not named goes to whoever wins it. In a command, a seat that is
 * left out stays as it is, and '' makes it free again.
 */
export interface Seats {
  readonly mainstem?: string;
  readonly loader?: string;
}

export const COMMAND_KINDS = ['START', 'STOP', 'PAUSE', 'ROLLBACK', 'RESTART', 'WARNING'] as const;
export type CommandKind = (typeof COMMAND_KINDS)[number];

export interface Command {
  /** ULID or UUID; repeats of one command carry the same id. */
  readonly id: string;
  readonly kind: CommandKind;
  readonly pipelineId: string;
  /** Commands of stages and of the arbiter name the epoch they are about and are void when it has passed; operators' have null. */
  readonly aboutEpoch: number | null;
  readonly reason: string;
  readonly author: string;
  readonly issuedAt: string;
  /** Present when a failure is the reason. */
  readonly failure?: FailureReport;
  /**
   * RESTART only: the window is emptied first (at most 30 s), so that the next epoch repeats nothing. How leases move to
   * other instances without a rollback.
   */
  readonly isGraceful?: boolean;
  /** START only: without the manager's pre-check. Nobody reads it but people, in the audit. */
  readonly isForced?: boolean;
  /** RESTART only: who is to hold the leases afterwards. If something else ends the epoch first, its next one has them. */
  readonly seats?: Seats;
}
