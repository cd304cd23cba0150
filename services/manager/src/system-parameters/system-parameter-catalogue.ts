import type { LogLevel, PipelineParameters } from '@lutra/model';

/** What holds for the whole installation, and may be changed while it runs. */
export interface SystemParameterValues extends Readonly<Record<SystemNumberName, number>> {
  /** What a new pipeline is made with where the request says nothing. */
  readonly pipelineDefaults: Partial<PipelineParameters>;
  /** From which level on all instances write to their logs, later ones too, where no order for one instance says otherwise; null = as each was started. */
  readonly logLevel: LogLevel | null;
}

/** A number of the catalogue. */
export interface SystemNumber {
  readonly minimum: number;
  readonly maximum: number;
  readonly default: number;
  readonly unit: string;
  readonly meaning: string;
}

/**
 * Every number: what the API checks, what its page says, and what holds where nothing was set. All count from the next use. There
 * is none for the audit log: an entry that goes breaks the chain that proves the others, so all are kept.
 */
export const SYSTEM_NUMBERS = {
  revisionsMax: {
    ...{ minimum: 10, maximum: 10_000, default: 1_000, unit: 'revisions' },
    meaning: 'Revisions that are kept of each pipeline, the newest; older ones go with its next change',
  },
  removalDays: {
    ...{ minimum: 1, maximum: 3_650, default: 30, unit: 'days' },
    meaning: 'How long a removal that is done is shown',
  },
  statistics1sMinutes: {
    ...{ minimum: 5, maximum: 60, default: 60, unit: 'minutes' },
    meaning: 'How long statistics by the second are kept; older ones go within a minute',
  },
  statistics1mDays: {
    ...{ minimum: 1, maximum: 7, default: 7, unit: 'days' },
    meaning: 'How long statistics by the minute are kept; older ones go within a minute',
  },
  statistics1hDays: {
    ...{ minimum: 1, maximum: 90, default: 90, unit: 'days' },
    meaning: 'How long statistics by the hour are kept; older ones go within a minute',
  },
  statistics1dDays: {
    ...{ minimum: 1, maximum: 1_830, default: 1_830, unit: 'days' },
    meaning: 'How long statistics by the day are kept; older ones go within a minute',
  },
  processHours: {
    ...{ minimum: 1, maximum: 720, default: 24, unit: 'hours' },
    meaning:
      'How long loaded processes are kept, and at most the newest 10 000 of each pipeline; older ones go within a minute',
  },
  alarmDays: {
    ...{ minimum: 1, maximum: 3_650, default: 90, unit: 'days' },
    meaning: 'How long alarms that are over are kept, and at most the newest 100 000; older ones go within ten minutes',
  },
  sessionIdleMinutes: {
    ...{ minimum: 5, maximum: 1_440, default: 30, unit: 'minutes' },
    meaning: 'After so long without a request a session has ended; counts for the next request of each',
  },
  sessionHours: {
    ...{ minimum: 1, maximum: 720, default: 12, unit: 'hours' },
    meaning: 'So long after its login a session ends; counts from the next login on',
  },
} as const satisfies Record<string, SystemNumber>;

export type SystemNumberName = keyof typeof SYSTEM_NUMBERS;

export const DEFAULT_SYSTEM_PARAMETERS: SystemParameterValues = {
  pipelineDefaults: {},
  logLevel: null,
  ...(Object.fromEntries(Object.entries(SYSTEM_NUMBERS).map(([name, { default: value }]) => [name, value])) as Record<
    SystemNumberName,
    number
  >),
};
