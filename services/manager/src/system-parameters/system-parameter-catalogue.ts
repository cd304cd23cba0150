import type { PipelineParameters } from '@lutra/model';

/** What holds for the whole installation, and may be changed while it runs. */
export interface SystemParameterValues {
  /** What a new pipeline is made with where the request says nothing. */
  readonly pipelineDefaults: Partial<PipelineParameters>;
  readonly revisionsMax: number;
  readonly removalDays: number;
}

/** A number of the catalogue. */
export interface SystemNumber {
  readonly minimum: number;
  readonly maximum: number;
  readonly default: number;
  readonly unit: string;
  readonly meaning: string;
}

/** Every number: what the API checks, what its page says, and what holds where nothing was set. All count from the next use. */
export const SYSTEM_NUMBERS = {
  revisionsMax: {
    ...{ minimum: 10, maximum: 10_000, default: 1_000, unit: 'revisions' },
    meaning: 'Revisions that are kept of each pipeline, the newest; older ones go with its next change',
  },
  removalDays: {
    ...{ minimum: 1, maximum: 3_650, default: 30, unit: 'days' },
    meaning: 'How long a removal that is done is shown',
  },
} as const satisfies Record<string, SystemNumber>;

export type SystemNumberName = keyof typeof SYSTEM_NUMBERS;

export const DEFAULT_SYSTEM_PARAMETERS: SystemParameterValues = {
  pipelineDefaults: {},
  revisionsMax: SYSTEM_NUMBERS.revisionsMax.default,
  removalDays: SYSTEM_NUMBERS.removalDays.default,
};
