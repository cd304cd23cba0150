/** What a rule may watch. `minThreshold`…`maxThreshold` in `unit`; the condition holds from the threshold on. */
export const ALARM_KINDS = {
  delay: {
    ...{ unit: 'ms', defaultThreshold: 60_000, minThreshold: 1, maxThreshold: 604_800_000, isOfPipelines: true },
    meaning: 'The target is so far behind the source (p99 of the last minute, or what select still has to read)',
  },
  noProgress: {
    ...{ unit: 'ms', defaultThreshold: 300_000, minThreshold: 1_000, maxThreshold: 604_800_000, isOfPipelines: true },
    meaning: 'Nothing was loaded for so long although something waits, or the pipeline stands with a failure',
  },
  processAge: {
    ...{ unit: 'ms', defaultThreshold: 120_000, minThreshold: 1_000, maxThreshold: 604_800_000, isOfPipelines: true },
    meaning: 'The oldest process that is under way is so old',
  },
  positionNotMoving: {
    ...{ unit: 'ms', defaultThreshold: 300_000, minThreshold: 1_000, maxThreshold: 604_800_000, isOfPipelines: true },
    meaning: 'The cursor has not moved for so long although the source is ahead',
  },
  queueAge: {
    ...{ unit: 'ms', defaultThreshold: 60_000, minThreshold: 1_000, maxThreshold: 604_800_000, isOfPipelines: true },
    meaning: "The oldest message of the pipeline in JetStream's queues is so old",
  },
  errorKeyword: {
    ...{ unit: 'events', defaultThreshold: 1, minThreshold: 1, maxThreshold: 500, isOfPipelines: true },
    meaning:
      'So many failures and warnings of the last five minutes, events and lines of the logs, have the keyword in code or message',
  },
  conflictRate: {
    ...{ unit: 'rows/min', defaultThreshold: 100, minThreshold: 1, maxThreshold: 1e9, isOfPipelines: true },
    meaning: 'So many rows of the last minute were settled by a conflict policy',
  },
  deadLetters: {
    ...{ unit: 'rows', defaultThreshold: 1, minThreshold: 1, maxThreshold: 1e9, isOfPipelines: true },
    meaning: 'So many dead letters wait for a decision',
  },
  instanceLost: {
    ...{ unit: 'ms', defaultThreshold: 30_000, minThreshold: 0, maxThreshold: 86_400_000, isOfPipelines: false },
    meaning: 'An instance has been gone for so long, and no other one of its service came since',
  },
  binlogRetentionRisk: {
    ...{ unit: '%', defaultThreshold: 50, minThreshold: 1, maxThreshold: 100, isOfPipelines: true },
    meaning:
      'So much of the time that the source keeps its log has passed for what the pipeline still needs (100 = purged)',
  },
  disk: {
    ...{ unit: '%', defaultThreshold: 80, minThreshold: 1, maxThreshold: 100, isOfPipelines: false },
    meaning: "JetStream's storage, or a stream that refuses when it is full, is full to so much",
  },
} as const satisfies Record<string, AlarmKindSpec>;

export type AlarmKind = keyof typeof ALARM_KINDS;

export const ALARM_KIND_NAMES = Object.keys(ALARM_KINDS) as readonly AlarmKind[];

interface AlarmKindSpec {
  readonly unit: string;
  readonly defaultThreshold: number;
  readonly minThreshold: number;
  readonly maxThreshold: number;
  /** Its subjects are pipelines: the rule may be limited to some, and may act on them. */
  readonly isOfPipelines: boolean;
  readonly meaning: string;
}
