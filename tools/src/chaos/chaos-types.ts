import type { ApiClient } from '@lutra/api-client';
import type { ApplyMode } from '@lutra/model';
import type { DatabaseServer, LocalStack } from '@lutra/testing';

/** One of the two pipelines of the run; each has a schema of its own, at both sides under the same name. */
export interface ChaosPipeline {
  readonly id: string;
  /** Its name in the report: that of its mode. */
  readonly name: ApplyMode;
  readonly applyMode: ApplyMode;
  readonly schema: string;
}

/** What workload, samplers and comparison need of the site: they go to both databases directly. */
export interface ChaosDatabases {
  readonly source: DatabaseServer;
  readonly target: DatabaseServer;
  readonly pipelines: readonly Omit<ChaosPipeline, 'id'>[];
}

/** What the run stands on; workload, samplers and comparison use the direct logins, which no fault proxy stands before. */
export interface ChaosSite {
  /** Administrators' logins; the servers may be away for a while, their addresses stay. */
  readonly source: DatabaseServer;
  readonly target: DatabaseServer;
  readonly pipelines: readonly ChaosPipeline[];
  readonly stack: LocalStack;
  /** The manager that answers now; with two of them it is asked through either. */
  readonly api: ApiClient;
  /** Folder of logs and of the report. */
  readonly folder: string;
  /** Ends everything; data go, logs stay. */
  stop(): Promise<void>;
}

/** Every kind has to take effect at least once in a run; what it is done to changes from one time to the next. */
export const FAULT_KINDS = [
  'kill',
  'kill-both',
  'freeze-short',
  'freeze-long',
  'restart',
  'cut',
  'refuse',
  'half-open',
  'latency',
  'bandwidth',
  'reset-after-bytes',
  'nats-restart',
  'zookeeper-restart',
  'source-restart',
  'target-restart',
  'messages-deleted',
  'streams-deleted',
  'nats-wiped',
  'zookeeper-wiped',
  'target-sessions-killed',
  'operator-command',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** That a fault took effect, and how that was seen: '3 connections cut', 'process 4711 gone'. */
export interface FaultEffect {
  readonly tookEffect: boolean;
  readonly seen: string;
}

/** One fault on one target, chosen by the seed. */
export interface Fault {
  readonly kind: FaultKind;
  /** 'load-1', 'select → source'. */
  readonly target: string;
  /**
   * From when recovery counts: `start` where the rest of the system shall carry on without what is broken, `end` where
   * nothing can go on before it is back (the only source, NATS).
   */
  readonly recoversFrom: 'start' | 'end';
  /**
   * Does it, verifies it, and undoes it: afterwards the system is whole again, if not yet recovered. Calls `recoveryBegins`
   * once, at the moment from which recovery counts: when it is broken, or when it is whole again.
   */
  run(recoveryBegins: () => void): Promise<FaultEffect>;
}

/** Times are milliseconds of `performance.now()`. */
export interface FaultRecord extends FaultEffect {
  readonly kind: FaultKind;
  readonly target: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly recoversFrom: 'start' | 'end';
  /** Another fault was at work before this one was recovered from: its time says nothing of the one alone. */
  readonly overlapped: boolean;
  /** Milliseconds by pipeline name; null = not within the limit. */
  readonly recoveryMs: Readonly<Record<string, number | null>>;
}

/** Writes at the source until told to stop; lives through its restarts. */
export interface Workload {
  /** Tables at both sides (before the pipelines start), the first rows at the source (after). */
  prepare(): Promise<void>;
  start(): void;
  /** Resolves when every writer has ended its last transaction. */
  stop(): Promise<void>;
  /** Committed transactions per second since `start` (until `stop`, after it), over all pipelines. */
  readonly txPerSecond: number;
  readonly counts: WorkloadCounts;
}

export interface WorkloadCounts {
  readonly seconds: number;
  /** Acknowledged, or found after an unknown COMMIT. Heartbeats do not count. */
  readonly transactions: number;
  readonly rows: number;
  readonly transactionsByKind: Readonly<Record<string, number>>;
  /** COMMITs whose answer was lost, resolved by reading the transaction's row. */
  readonly unknownCommits: number;
  /** Transactions that were rolled back and tried again: deadlocks, a server that was going away. */
  readonly repeats: number;
}

/** Knows when what was committed at the source after a moment has arrived at the target, for each pipeline. */
export interface RecoveryWatch {
  /**
   * Resolves with the milliseconds from `since` (`performance.now()`) until a change committed after it was seen at the
   * target, by pipeline name; null where `limitMs` passed first.
   */
  waitRecovered(since: number, limitMs: number): Promise<Readonly<Record<string, number | null>>>;
  stop(): Promise<void>;
}

/** Looks at the target all the time for what no reader may ever see there. */
export interface InvariantSampler {
  readonly samples: number;
  /** Sentences, empty when nothing was broken. */
  readonly violations: readonly string[];
  stop(): Promise<void>;
}

/** Ordered content of one table at both sides. */
export interface TableVerdict {
  /** 'schema.table' */
  readonly table: string;
  readonly isEqual: boolean;
  readonly sourceRows: number;
  readonly targetRows: number;
  /** SHA-256 over all rows in key order. */
  readonly sourceHash: string;
  readonly targetHash: string;
  /** The first places where the sides part: keys only, no values. */
  readonly differences: readonly string[];
}

/** What the comparison at the end has found. */
export interface SitesVerdict {
  readonly tables: readonly TableVerdict[];
  /** Transactions of the source's log that the target lacks. */
  readonly lost: number;
  /** Transactions, ledger or history rows that the target has more often than the source. */
  readonly doubled: number;
  /** Rules broken by the target's final rows; sentences. */
  readonly violations: readonly string[];
}

export interface ChaosOutcome {
  readonly seed: number;
  readonly minutes: number;
  /** Kinds that had to be used; all unless some were chosen. */
  readonly kinds?: readonly FaultKind[];
  readonly faults: readonly FaultRecord[];
  readonly workload: WorkloadCounts;
  readonly sampler: Pick<InvariantSampler, 'samples' | 'violations'>;
  readonly comparison: SitesVerdict;
  /** What the run itself found wrong besides (a pipeline that did not come back); `judgeRun` adds the rest. */
  readonly problems: readonly string[];
}
