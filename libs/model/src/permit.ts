import type { FailureReport } from './failure.ts';

export type PermitState = 'RUNNING' | 'PAUSED' | 'STOPPED';

/** The arbiter's word that a pipeline may run. Changes only by compare-and-set on the ZooKeeper version. */
export interface Permit {
  readonly state: PermitState;
  readonly epoch: number;
  /** PAUSE or STOP is on its way (same epoch, still RUNNING): select reads no more and lets the window empty (30 s at most). */
  readonly draining: boolean;
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
  /** Instances that are to hold the leases from this epoch on: any other holder gives its lease back without working. */
  readonly seats?: Seats;
}

/** Which instance is to hold which lease; a lease that is not named goes to whoever wins it. */
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
  /** RESTART only: who is to hold the leases afterwards. */
  readonly seats?: Seats;
}
